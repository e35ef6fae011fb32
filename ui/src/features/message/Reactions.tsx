/** The reactions of a message. A click adds or removes the user's own. */
import type { Message } from "../../core/contract";
import { isolated } from "../../core/text/names";
import { Icon } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import styles from "./MessageRow.module.css";
import type { MessageActions } from "./messageActions";

interface ReactionsProps {
  readonly message: Message;
  readonly tabIndex: number;
  readonly actions: MessageActions;
}

export function Reactions({ message, tabIndex, actions }: ReactionsProps) {
  return (
    <ul className={styles.reactions} aria-label="Reactions">
      {message.reactions.map(({ emoji, userIds }) => {
        const mine = userIds.includes(actions.me);
        const names = userIds
          .slice(0, 12)
          .map((id) => (id === actions.me ? "you" : isolated(actions.nameOf(id))));
        if (userIds.length > 12) names.push(`${userIds.length - 12} more`);
        return (
          <li key={emoji} ref={keepFocus}>
            <button
              type="button"
              tabIndex={tabIndex}
              className={styles.reaction}
              aria-pressed={mine}
              aria-label={`${emoji}, ${userIds.length}: ${names.join(", ")}`}
              title={names.join(", ")}
              onClick={() => actions.onReact(message, emoji, !mine)}
            >
              <span aria-hidden="true">{emoji}</span>
              <span className={styles.reactionCount}>{userIds.length}</span>
            </button>
          </li>
        );
      })}
      <li>
        <button
          type="button"
          tabIndex={tabIndex}
          className={`${styles.reaction} ${styles.reactionAdd}`}
          aria-label="Add another reaction"
          title="Add another reaction"
          onClick={(event) => actions.onPickEmoji(message, event.currentTarget)}
        >
          <Icon name="smile" size={16} />
        </button>
      </li>
    </ul>
  );
}
