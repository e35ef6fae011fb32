/** Finds the mention at the caret and the users that match it. Pure. */
import type { User } from "../../core/contract";
import { fold } from "../../core/text/fold";

const MAX_SUGGESTIONS = 6;

export interface MentionQuery {
  readonly word: string;
  readonly start: number;
}

/** The `@word` that ends at the caret. */
export function mentionBefore(text: string, caret: number): MentionQuery | null {
  const match = /(?:^|[\s([{"'])@([\p{L}\p{N}_.+-]{0,40})$/u.exec(text.slice(0, caret));
  return match ? { word: match[1] ?? "", start: caret - (match[1] ?? "").length - 1 } : null;
}

/** The matching users; none if the word is the complete username of the only match, so that Enter sends. */
export function suggest(people: readonly User[], word: string): User[] {
  const found = people.filter((person) => matches(person, word)).slice(0, MAX_SUGGESTIONS);
  const [only] = found;
  return found.length === 1 && only?.username.toLowerCase() === word.toLowerCase() ? [] : found;
}

function matches(person: User, word: string): boolean {
  const wanted = fold(word);
  return (
    fold(person.username).startsWith(wanted) ||
    fold(person.displayName)
      .split(/\s+/)
      .some((part) => part.startsWith(wanted))
  );
}
