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

interface ClosedEmojiName extends Query {
  readonly symbol: string;
}

/** The `:name:` that ends at the caret, if an emoji has exactly this name, and not in code. */
export function closedEmojiName(
  text: string,
  caret: number,
  emojisNamed: SuggestionSources["emojisNamed"],
): ClosedEmojiName | null {
  const query = emojiNameBefore(text, caret);
  if (!query?.word.endsWith(":") || isInCode(text.slice(0, query.start))) return null;
  const word = query.word.slice(0, -1);
  const emoji = emojisNamed(word).find(({ name }) => name === word.toLowerCase());
  return emoji ? { word, start: query.start, symbol: emoji.symbol } : null;
}

/** Whether what follows this text is in a code block, or in a code span that may still be closed. */
function isInCode(before: string): boolean {
  const betweenFences = before.split(/^[ >]*`{3,}[^`\n]*$/m);
  if (betweenFences.length % 2 === 0) return true;
  const paragraph =
    betweenFences
      .at(-1)
      ?.split(/\n\s*\n/)
      .at(-1) ?? "";
  return paragraph.replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/gs, "").includes("`");
}

/** A name may follow a space, an opening bracket or quotation mark, or an emoji. */
const EMOJI_NAME =
  /(?:^|[\s([{"'\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}]|\ufe0f|\u20e3)(:[\p{L}\p{N}_+-]{2,40}:?)$/u;

/** The `:name` that ends at the caret, with or without the second colon. Two letters at least: `:D` is none. */
export function emojiNameBefore(text: string, caret: number): Query | null {
  const match = EMOJI_NAME.exec(text.slice(0, caret));
  const name = match?.[1];
  // The last letters of an emoticon, as `:-P`, are no name.
  return name && /[\p{L}\p{N}]{2}|[+-]1/u.test(name)
    ? { word: name.slice(1), start: caret - name.length }
    : null;
}
