/** The field to write and edit messages. Grows with the text, shows the bytes left, completes mentions and emoji. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import type { User } from "../../core/contract";
import type { EditDraft } from "../../core/state/drafts";
import { byteLength, MAX_MESSAGE_BYTES, withoutControlCharacters } from "../../core/text/bytes";
import { formatNumber } from "../../core/text/language";
import { hasVisible } from "../../core/text/visible";
import { classNames } from "../../kit/classNames";
import { IconButton } from "../../kit/IconButton";
import { insertText } from "../../kit/insertText";
import { isTouch } from "../../kit/touch";
import { CompletionList } from "./CompletionList";
import styles from "./Composer.module.css";
import { focusComposerOnRemoval } from "./focusComposer";
import { type EmojiSuggestion, emojiNameBefore } from "./suggestions";
import { useCompletion } from "./useCompletion";

const SHOW_BYTES_LEFT_FROM = MAX_MESSAGE_BYTES * 0.85;

interface ComposerProps {
  /** The draft, or the text of the edit. */
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly placeholder: string;
  readonly editing: EditDraft | null;
  /** Shown above the field. */
  readonly notice: ReactNode;
  readonly people: readonly User[];
  readonly emojisNamed: (name: string) => readonly EmojiSuggestion[];
  /** The name of an emoji is typed. */
  readonly onEmojiName: () => void;
  readonly onSend: (text: string) => void;
  readonly onSave: (edit: EditDraft, text: string) => void;
  /** The text of an edited message was removed. */
  readonly onEmptied: (edit: EditDraft) => void;
  readonly onCancelEdit: () => void;
  readonly onEditLast: () => void;
  readonly onTyping: () => void;
  readonly onPickEmoji: (anchor: HTMLElement, insert: (emoji: string) => void) => void;
}

export function Composer(props: ComposerProps) {
  const { onText: setText, placeholder, editing, notice, people } = props;
  const { onSend, onSave, onEmptied, onCancelEdit, onEditLast, onTyping } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const hintId = useId();

  // Pasted output of programs holds control characters, which cannot be seen and are not accepted.
  const text = withoutControlCharacters(props.text);

  useEffect(() => {
    if (!editing) return;
    const area = field.current;
    area?.focus();
    requestAnimationFrame(() => area?.setSelectionRange(area.value.length, area.value.length));
  }, [editing]);

  // Focus on open, but not on touch screens, where the keyboard would cover the messages.
  useEffect(() => {
    if (!isTouch() && !document.querySelector("dialog[open]")) field.current?.focus();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text.
  useLayoutEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  const replace = (start: number, end: number, by: string) => {
    if (field.current) insertText(field.current, by, start, end);
  };
  const completion = useCompletion({ text, people, emojisNamed: props.emojisNamed, replace });
  const open = completion.found.length > 0;

  const insert = (piece: string) => {
    if (field.current) replace(field.current.selectionStart, field.current.selectionEnd, piece);
  };

  const bytes = byteLength(text);
  const tooLong = bytes > MAX_MESSAGE_BYTES;
  const ready = hasVisible(text) && !tooLong;

  const submit = () => {
    if (editing && text.trim() === "") {
      onEmptied(editing);
      return;
    }
    if (!ready) return;
    if (editing) {
      if (text === editing.original) onCancelEdit();
      else onSave(editing, text);
    } else {
      onSend(text);
      setText("");
    }
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (completion.handleKey(event)) return;
    // A keyboard on screen has no Shift+Enter for a new line, and a button sends.
    const sends = event.ctrlKey || event.metaKey || !isTouch();
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && sends) {
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
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {open && <CompletionList id={listId} {...completion} />}
      {notice}
      <div className={classNames(editing && styles.editing)}>
        <span role="status">{editing && "Editing your message"}</span>
        {editing && (
          <button type="button" ref={focusComposerOnRemoval} className="button-link" onClick={onCancelEdit}>
            Cancel
          </button>
        )}
      </div>
      <div className={classNames(styles.box, tooLong && styles.tooLong)}>
        <textarea
          ref={field}
          className={styles.field}
          data-region="composer"
          aria-label="Message"
          placeholder={placeholder}
          rows={1}
          dir="auto"
          value={text}
          aria-invalid={tooLong}
          aria-describedby={bytes > SHOW_BYTES_LEFT_FROM ? hintId : undefined}
          aria-autocomplete="list"
          aria-controls={open ? listId : undefined}
          aria-activedescendant={open ? `${listId}-${completion.active}` : undefined}
          autoComplete="off"
          enterKeyHint={isTouch() ? "enter" : "send"}
          onChange={(event) => {
            const { value, selectionStart } = event.target;
            setText(value);
            completion.onTextChange(value, selectionStart, event.nativeEvent as InputEvent);
            if (emojiNameBefore(value, selectionStart)) props.onEmojiName();
            if (!editing && value.trim() !== "") onTyping();
          }}
          onSelect={(event) => completion.onCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        <div className={styles.tools}>
          {bytes > SHOW_BYTES_LEFT_FROM && (
            <span id={hintId} className={classNames(styles.count, tooLong && styles.countOver)}>
              {tooLong
                ? `${formatNumber(bytes - MAX_MESSAGE_BYTES)} bytes over the limit`
                : `${formatNumber(MAX_MESSAGE_BYTES - bytes)} bytes left`}
            </span>
          )}
          {/* Not the number, which changes with each key. */}
          <span className="visually-hidden" role="status">
            {tooLong && "The message is too long to send."}
          </span>
          <IconButton
            icon="smile"
            label="Emoji"
            size={20}
            onClick={(event) => props.onPickEmoji(event.currentTarget, insert)}
          />
          <IconButton
            icon={editing ? "check" : "send"}
            label={editing ? "Save changes" : "Send message"}
            size={20}
            className={styles.send}
            type="submit"
            disabled={editing ? tooLong : !ready}
          />
        </div>
      </div>
    </form>
  );
}
