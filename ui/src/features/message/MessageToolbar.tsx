/** The buttons of a message. */
import { type ComponentProps, useRef } from "react";
import type { Message } from "../../core/contract";
import { IconButton } from "../../kit/IconButton";
import { keepFocus } from "../../kit/keepFocus";
import styles from "./MessageRow.module.css";
import type { MessageActions } from "./messageActions";
import { useToolbarKeys } from "./useToolbarKeys";

type ToolbarButton = Pick<ComponentProps<typeof IconButton>, "icon" | "label" | "onClick">;

const quickLabel = (emoji: string) => `React with ${emoji}`;

interface MessageToolbarProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly tabIndex: number;
  readonly actions: MessageActions;
}

export function MessageToolbar({ message, mine, tabIndex, actions }: MessageToolbarProps) {
  const { canDeleteAny, onPickEmoji, onQuote, onCopyLink, onInspect, onEdit, onDelete } = actions;
  const buttons: ToolbarButton[] = [
    { icon: "smile", label: "Add reaction", onClick: (event) => onPickEmoji(message, event.currentTarget) },
    { icon: "quote", label: "Quote", onClick: () => onQuote(message) },
    { icon: "link", label: "Copy link", onClick: () => onCopyLink(message) },
  ];
  if (onInspect)
    buttons.push({ icon: "route", label: "Inspect delivery", onClick: () => onInspect(message) });
  if (mine) buttons.push({ icon: "edit", label: "Edit", onClick: () => onEdit(message) });
  if (mine || canDeleteAny)
    buttons.push({ icon: "trash", label: "Delete", onClick: () => onDelete(message) });
  const { tabStop, onFocus, onKeyDown } = useToolbarKeys([
    ...actions.quickReactions.map(quickLabel),
    ...buttons.map(({ label }) => label),
  ]);
  const tabIndexOf = (label: string) => (label === tabStop ? tabIndex : -1);
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
      <div
        className={styles.tools}
        role="toolbar"
        aria-label="Message actions"
        ref={keepFocus}
        onFocus={onFocus}
        onKeyDown={onKeyDown}
      >
        {actions.quickReactions.map((emoji) => {
          const mine = message.reactions.some(
            (each) => each.emoji === emoji && each.userIds.includes(actions.me),
          );
          return (
            <button
              key={emoji}
              type="button"
              className={`icon-button ${styles.quickReaction}`}
              tabIndex={tabIndexOf(quickLabel(emoji))}
              aria-label={quickLabel(emoji)}
              aria-pressed={mine}
              title={mine ? `Remove ${emoji}` : quickLabel(emoji)}
              data-emoji={emoji}
              onClick={() => actions.onReact(message, emoji, !mine)}
            />
          );
        })}
        {buttons.map((button) => (
          <IconButton key={button.label} {...button} tabIndex={tabIndexOf(button.label)} />
        ))}
      </div>
    </div>
  );
}
