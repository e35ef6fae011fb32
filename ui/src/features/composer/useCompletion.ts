/**
 * Completion in a text field: the suggestions at the caret, the selected one, and the keys that act on them. The colon
 * that ends the name of an emoji replaces it by the emoji.
 */
import { type KeyboardEvent, useState } from "react";
import { closedEmojiName, type Suggestion, type SuggestionSources, suggestionsAt } from "./suggestions";

interface CompletionOptions extends SuggestionSources {
  readonly text: string;
  readonly replace: (start: number, end: number, by: string) => void;
}

export function useCompletion({ text, replace, ...sources }: CompletionOptions) {
  const [caret, setCaret] = useState(0);
  const [selected, setSelected] = useState(0);
  /** The word for which Escape has closed the suggestions. */
  const [dismissed, setDismissed] = useState<string | null>(null);

  const at = (position: number) => {
    const { query, found } = suggestionsAt(text, position, sources);
    return { query, found: query?.word === dismissed ? [] : found };
  };
  const { query, found } = at(caret);
  const active = Math.min(selected, found.length - 1);

  const insert = ({ inserted }: Suggestion, { word, start }: { word: string; start: number }) =>
    replace(start, start + 1 + word.length, `${inserted} `);

  /** Returns whether the key was handled. */
  const handleKey = (event: KeyboardEvent<HTMLTextAreaElement>): boolean => {
    // `select` events arrive after the caret has moved: use the current caret.
    const position = event.currentTarget.selectionStart;
    const now = position === caret ? { query, found } : at(position);
    if (!now.query || now.found.length === 0) return false;
    const sameQuery = now.query.start === query?.start && now.query.word === query.word;
    const current = sameQuery ? active : 0;
    const suggestion = now.found[current];
    const count = now.found.length;
    if (event.key === "ArrowDown") setSelected((current + 1) % count);
    else if (event.key === "ArrowUp") setSelected((current + count - 1) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && suggestion) insert(suggestion, now.query);
    else if (event.key === "Escape") {
      event.stopPropagation();
      setDismissed(now.query.word);
    } else return false;
    event.preventDefault();
    return true;
  };

  return {
    found,
    active,
    handleKey,
    onCaret: setCaret,
    onPick: (suggestion: Suggestion) => query && insert(suggestion, query),
    onTextChange: (changed: string, position: number, { inputType, data }: InputEvent) => {
      setCaret(position);
      setSelected(0);
      // What was undone is kept as it was typed.
      const undone = inputType === "historyUndo" && suggestionsAt(changed, position, sources).query;
      setDismissed(undone ? undone.word : null);
      // Typed, not pasted.
      if (inputType !== "insertText" || data !== ":") return;
      const closed = closedEmojiName(changed, position, sources.emojisNamed);
      if (!closed || closed.word === dismissed) return;
      // After this event: browsers insert no text during an `input` event.
      queueMicrotask(() => replace(closed.start, position, closed.symbol));
    },
  };
}
