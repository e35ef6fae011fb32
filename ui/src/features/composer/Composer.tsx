/** The field to write and edit messages. Grows with the text, shows the bytes left, completes mentions. */
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Message, User } from "../../core/contract";
import { byteLength, MAX_MESSAGE_BYTES } from "../../core/text/bytes";
import { Avatar } from "../../kit/Avatar";
import { Icon } from "../../kit/Icon";
import "./Composer.css";

const SHOW_BYTES_LEFT_FROM = MAX_MESSAGE_BYTES * 0.85;
const MAX_SUGGESTIONS = 6;

interface ComposerProps {
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly placeholder: string;
  readonly editing: Message | null;
  readonly people: readonly User[];
  readonly onSend: (text: string) => void;
  readonly onSave: (message: Message, text: string) => boolean;
  readonly onCancelEdit: () => void;
  readonly onEditLast: () => void;
  readonly onTyping: () => void;
  readonly onPickEmoji: (anchor: HTMLElement, insert: (emoji: string) => void) => void;
}

export function Composer(props: ComposerProps) {
  const { draft, onDraft, placeholder, editing, people, onSend, onSave, onCancelEdit, onEditLast, onTyping } =
    props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [edited, setEdited] = useState("");
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const listId = useId();
  const hintId = useId();

  const text = editing ? edited : draft;
  const setText = editing ? setEdited : onDraft;

  useEffect(() => {
    if (!editing) return;
    setEdited(editing.text);
    const area = field.current;
    area?.focus();
    requestAnimationFrame(() => area?.setSelectionRange(area.value.length, area.value.length));
  }, [editing]);

  // Focus on open, but not on touch screens, where the keyboard would cover the messages.
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches && !document.querySelector("dialog[open]"))
      field.current?.focus();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text.
  useLayoutEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  // --- mentions

  const suggestionsAt = (text: string, caret: number): Suggestions => {
    const query = mentionBefore(text, caret);
    const found = query === null || query.word === dismissed ? [] : suggest(people, query.word);
    return { query, suggestions: found };
  };
  const { query, suggestions } = suggestionsAt(text, caret);
  const open = suggestions.length > 0;
  const active = Math.min(chosen, suggestions.length - 1);

  const complete = (person: User, { word, start }: MentionQuery) => {
    const before = `${text.slice(0, start)}@${person.username} `;
    // Synchronously: the next key press must find the new text and caret.
    flushSync(() => {
      setText(before + text.slice(start + 1 + word.length));
      setChosen(0);
      setCaret(before.length);
    });
    placeCaret(before.length);
  };

  const placeCaret = (active: number) => {
    field.current?.focus();
    field.current?.setSelectionRange(active, active);
  };

  const insert = (piece: string) => {
    const area = field.current;
    const start = area?.selectionStart ?? text.length;
    const end = area?.selectionEnd ?? text.length;
    flushSync(() => setText(text.slice(0, start) + piece + text.slice(end)));
    placeCaret(start + piece.length);
  };

  // --- sending

  const bytes = byteLength(text);
  const tooLong = bytes > MAX_MESSAGE_BYTES;
  const ready = text.trim() !== "" && !tooLong;

  const submit = () => {
    if (!ready) return;
    if (editing) {
      if (text === editing.text || onSave(editing, text)) onCancelEdit();
    } else {
      onSend(text);
      onDraft("");
    }
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // During composition, Enter belongs to the input method.
    if (event.nativeEvent.isComposing) return;
    // `select` events arrive after the caret has moved: use the current caret.
    const here = event.currentTarget.selectionStart;
    const now = here === caret ? { query, suggestions } : suggestionsAt(text, here);
    if (now.query && now.suggestions.length > 0) {
      const same = now.query.start === query?.start && now.query.word === query.word;
      const from = same ? active : 0;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const count = now.suggestions.length;
        setChosen((from + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
        return;
      }
      const person = now.suggestions[from];
      if ((event.key === "Enter" || event.key === "Tab") && person) {
        event.preventDefault();
        complete(person, now.query);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        setDismissed(now.query.word);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && editing) {
      event.preventDefault();
      event.stopPropagation();
      onCancelEdit();
    } else if (event.key === "ArrowUp" && !event.altKey && text === "" && !editing) {
      event.preventDefault();
      onEditLast();
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {open && (
        <div id={listId} className="suggestions" role="listbox" aria-label="People to mention">
          {suggestions.map((person, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the text field has the focus and handles keys.
            <div
              key={person.userId}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === active}
              className="suggestion"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => query && complete(person, query)}
            >
              <Avatar userId={person.userId} name={person.displayName} size={24} />
              <bdi className="suggestion-name">{person.displayName}</bdi>
              <span className="suggestion-username">@{person.username}</span>
            </div>
          ))}
        </div>
      )}
      {editing && (
        <div className="composer-editing">
          <span>Editing your message</span>
          <button type="button" className="button-link" onClick={onCancelEdit}>
            Cancel
          </button>
        </div>
      )}
      <div className={`composer-box${tooLong ? " composer-too-long" : ""}`}>
        <textarea
          ref={field}
          className="composer-field"
          aria-label="Message"
          placeholder={placeholder}
          rows={1}
          dir="auto"
          value={text}
          aria-invalid={tooLong}
          aria-describedby={bytes > SHOW_BYTES_LEFT_FROM ? hintId : undefined}
          aria-autocomplete="list"
          aria-controls={open ? listId : undefined}
          aria-activedescendant={open ? `${listId}-${active}` : undefined}
          autoComplete="off"
          enterKeyHint="send"
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart);
            setDismissed(null);
            setChosen(0);
            if (!editing && event.target.value.trim() !== "") onTyping();
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-tools">
          {bytes > SHOW_BYTES_LEFT_FROM && (
            <span
              id={hintId}
              className={`composer-count${tooLong ? " composer-count-over" : ""}`}
              role="status"
            >
              {tooLong
                ? `${(bytes - MAX_MESSAGE_BYTES).toLocaleString()} bytes over the limit`
                : `${(MAX_MESSAGE_BYTES - bytes).toLocaleString()} bytes left`}
            </span>
          )}
          <button
            type="button"
            className="icon-button"
            aria-label="Emoji"
            title="Emoji"
            onClick={(event) => props.onPickEmoji(event.currentTarget, insert)}
          >
            <Icon name="smile" />
          </button>
          <button
            type="submit"
            className="icon-button composer-send"
            aria-label={editing ? "Save changes" : "Send message"}
            title={editing ? "Save changes" : "Send message"}
            disabled={!ready}
          >
            <Icon name={editing ? "check" : "send"} />
          </button>
        </div>
      </div>
    </form>
  );
}

interface MentionQuery {
  readonly word: string;
  readonly start: number;
}

interface Suggestions {
  readonly query: MentionQuery | null;
  readonly suggestions: readonly User[];
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
  const wanted = word.toLowerCase();
  return (
    person.username.toLowerCase().startsWith(wanted) ||
    person.displayName
      .toLowerCase()
      .split(/\s+/)
      .some((part) => part.startsWith(wanted))
  );
}
