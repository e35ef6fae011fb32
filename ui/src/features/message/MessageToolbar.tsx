/** The buttons of a message. */
import { useRef } from "react";
import type { Message } from "../../core/contract";
import { IconButton } from "../../kit/IconButton";
import { keepFocus } from "../../kit/keepFocus";
import styles from "./MessageRow.module.css";
import type { MessageActions } from "./messageActions";

interface MessageToolbarProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly tabIndex: number;
  readonly actions: MessageActions;
}

export function MessageToolbar({ message, mine, tabIndex, actions }: MessageToolbarProps) {
  const { canDeleteAny, onPickEmoji, onQuote, onCopyLink, onInspect, onEdit, onDelete } = actions;
  // A tap on a message shows the toolbar, which may be where the finger is: then the click of this tap is not for a button.
  const pressed = useRef(false);
  return (
    <div
      className={styles.toolsArea}
      onPointerDownCapture={() => {
        pressed.current = true;
      }}
      onPointerCancelCapture={() => {
        pressed.current = false;
      }}
      onClickCapture={(event) => {
        const byPointer = event.detail > 0;
        if (byPointer && !pressed.current) event.stopPropagation();
        pressed.current = false;
      }}
    >
      <div className={styles.tools} role="toolbar" aria-label="Message actions" ref={keepFocus}>
        {actions.quickReactions.map((emoji) => {
          const mine = message.reactions.some(
            (each) => each.emoji === emoji && each.userIds.includes(actions.me),
          );
          return (
            <button
              key={emoji}
              type="button"
              className={`icon-button ${styles.quickReaction}`}
              tabIndex={tabIndex}
              aria-label={`React with ${emoji}`}
              aria-pressed={mine}
              title={mine ? `Remove ${emoji}` : `React with ${emoji}`}
              data-emoji={emoji}
              onClick={() => actions.onReact(message, emoji, !mine)}
            />
          );
        })}
        <IconButton
          tabIndex={tabIndex}
          icon="smile"
          label="Add reaction"
          onClick={(event) => onPickEmoji(message, event.currentTarget)}
        />
        <IconButton tabIndex={tabIndex} icon="quote" label="Quote" onClick={() => onQuote(message)} />
        <IconButton tabIndex={tabIndex} icon="link" label="Copy link" onClick={() => onCopyLink(message)} />
        {onInspect && (
          <IconButton
            tabIndex={tabIndex}
            icon="route"
            label="Inspect delivery"
            onClick={() => onInspect(message)}
          />
        )}
        {mine && <IconButton tabIndex={tabIndex} icon="edit" label="Edit" onClick={() => onEdit(message)} />}
        {(mine || canDeleteAny) && (
          <IconButton tabIndex={tabIndex} icon="trash" label="Delete" onClick={() => onDelete(message)} />
        )}
      </div>
    </div>
  );
}
