/** Completion of mentions in a text field: the matching users, the selected one, and the keys that act on them. */
import { type KeyboardEvent, useState } from "react";
import type { User } from "../../core/contract";
import { type MentionQuery, mentionBefore, type Suggestions, suggest } from "./mentions";

interface MentionsOptions {
  readonly text: string;
  readonly people: readonly User[];
  readonly replace: (start: number, end: number, by: string) => void;
}

export function useMentions({ text, people, replace }: MentionsOptions) {
  const [caret, setCaret] = useState(0);
  const [selected, setSelected] = useState(0);
  /** The word for which Escape has closed the suggestions. */
  const [dismissed, setDismissed] = useState<string | null>(null);

  const suggestionsAt = (position: number): Suggestions => {
    const query = mentionBefore(text, position);
    const users = query === null || query.word === dismissed ? [] : suggest(people, query.word);
    return { query, users };
  };
  const { query, users } = suggestionsAt(caret);
  const active = Math.min(selected, users.length - 1);

  const insert = (person: User, { word, start }: MentionQuery) =>
    replace(start, start + 1 + word.length, `@${person.username} `);

  /** Returns whether the key was handled. */
  const handleKey = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    // `select` events arrive after the caret has moved: use the current caret.
    const position = event.currentTarget.selectionStart;
    const now = position === caret ? { query, users } : suggestionsAt(position);
    if (!now.query || now.users.length === 0) return false;
    const sameQuery = now.query.start === query?.start && now.query.word === query.word;
    const current = sameQuery ? active : 0;
    const person = now.users[current];
    const count = now.users.length;
    if (event.key === "ArrowDown") setSelected((current + 1) % count);
    else if (event.key === "ArrowUp") setSelected((current + count - 1) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && person) insert(person, now.query);
    else if (event.key === "Escape") {
      event.stopPropagation();
      setDismissed(now.query.word);
    } else return false;
    event.preventDefault();
    return true;
  };

  return {
    users,
    active,
    handleKey,
    onCaret: setCaret,
    onPick: (person: User) => query && insert(person, query),
    onTextChange: (position: number) => {
      setCaret(position);
      setDismissed(null);
      setSelected(0);
    },
  };
}
