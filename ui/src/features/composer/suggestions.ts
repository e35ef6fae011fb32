/** Finds the mention or the emoji name at the caret, and what completes it. Pure. */
import type { User } from "../../core/contract";
import { mentionBefore, suggest } from "./mentions";

export interface EmojiSuggestion {
  readonly symbol: string;
  readonly name: string;
}

export type Suggestion = {
  /** The text that replaces the word and the character before it. */
  readonly inserted: string;
} & ({ readonly person: User } | { readonly emoji: EmojiSuggestion });

export interface SuggestionSources {
  readonly people: readonly User[];
  readonly emojisNamed: (name: string) => readonly EmojiSuggestion[];
}

/** The word at the caret; `start` is the place of the character before it, `@` or `:`. */
interface Query {
  readonly word: string;
  readonly start: number;
}

interface Suggestions {
  readonly query: Query | null;
  readonly found: readonly Suggestion[];
}

export function suggestionsAt(
  text: string,
  caret: number,
  { people, emojisNamed }: SuggestionSources,
): Suggestions {
  const mention = mentionBefore(text, caret);
  if (mention)
    return {
      query: mention,
      found: suggest(people, mention.word).map((person) => ({ person, inserted: `@${person.username}` })),
    };
  const query = emojiNameBefore(text, caret);
  if (!query) return { query: null, found: [] };
  return {
    query,
    found: emojisNamed(query.word).map((emoji) => ({ emoji, inserted: emoji.symbol })),
  };
}

/** The `:name` that ends at the caret, with or without the second colon. Two letters at least: `:D` is none. */
export function emojiNameBefore(text: string, caret: number): Query | null {
  const match = /(?:^|[\s([{"'])(:[\p{L}\p{N}_+-]{2,40}:?)$/u.exec(text.slice(0, caret));
  const name = match?.[1];
  // The last letters of an emoticon, as `:-P`, are no name.
  return name && /[\p{L}\p{N}]{2}|[+-]1/u.test(name)
    ? { word: name.slice(1), start: caret - name.length }
    : null;
}
