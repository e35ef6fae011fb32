/** One message with its actions. */
import { memo, useState } from "react";
import type { Message } from "../../core/contract";
import { fullTime, timeOfDay } from "../../core/text/time";
import { Avatar } from "../../kit/Avatar";
import { Boundary } from "../../kit/Boundary";
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";
import { Markdown } from "../shared/Markdown";
import { Collapsible } from "./Collapsible";
import styles from "./MessageRow.module.css";
import { MessageToolbar } from "./MessageToolbar";
import type { MessageActions } from "./messageActions";
import { Reactions } from "./Reactions";

interface MessageRowProps {
  readonly message: Message;
  readonly name: string;
  /** Shows avatar and name. */
  readonly startsGroup: boolean;
  /** A change by the user is not carried out yet. */
  readonly saving: boolean;
  readonly highlighted: boolean;
  readonly editing: boolean;
  readonly mentionsMe: boolean;
  readonly actions: MessageActions;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, name, startsGroup, saving, highlighted, editing, mentionsMe, actions } = props;
  // Tab stops only in the message that has the focus: among messages one moves with the arrow keys.
  const [focused, setFocused] = useState(false);
  const mine = message.sender.userId === actions.me;
  const deleted = message.deletedAt !== null;
  const className = classNames(
    styles.message,
    startsGroup && styles.groupStart,
    highlighted && styles.highlighted,
    editing && styles.editing,
    mentionsMe && styles.mentionsMe,
  );
  return (
    <article
      className={className}
      tabIndex={-1}
      onFocus={() => setFocused(true)}
      onBlur={(event) => setFocused(event.currentTarget.contains(event.relatedTarget))}
      data-seq={message.seq}
      aria-label={`${name}, ${timeOfDay(message.sentAt)}`}
    >
      <div className={styles.side}>
        {startsGroup ? (
          <Avatar userId={message.sender.userId} name={name} />
        ) : (
          <time
            className={`${styles.time} ${styles.sideTime}`}
            dateTime={message.sentAt}
            title={fullTime(message.sentAt)}
          >
            {timeOfDay(message.sentAt)}
          </time>
        )}
      </div>
      <div className={styles.main}>
        {startsGroup && (
          <header className={styles.head}>
            <bdi className={styles.name}>{name}</bdi>
            <time className={styles.time} dateTime={message.sentAt} title={fullTime(message.sentAt)}>
              {timeOfDay(message.sentAt)}
            </time>
          </header>
        )}
        <div data-copied className={styles.text}>
          {deleted ? (
            <p className={styles.deleted}>{absence(message)}</p>
          ) : (
            <Collapsible text={message.text}>
              <Boundary what="This message" key={message.text} fallback={message.text}>
                <Markdown text={message.text} resolveMention={actions.resolveMention} />
              </Boundary>
            </Collapsible>
          )}
        </div>
        {message.editedAt !== null && !deleted && (
          <span className={styles.edited} title={fullTime(message.editedAt)}>
            edited
          </span>
        )}
        {message.reactions.length > 0 && (
          <Reactions message={message} tabIndex={focused ? 0 : -1} actions={actions} />
        )}
      </div>
      {saving && (
        <span className={styles.tick} role="img" aria-label="Saving" title="Saving">
          <Icon name="clock" size={16} />
        </span>
      )}
      {!saving && mine && !deleted && (
        <span className={styles.tick} role="img" aria-label="Delivered" title="Delivered">
          <Icon name="checks" size={16} />
        </span>
      )}
      {!deleted && (
        <MessageToolbar message={message} mine={mine} tabIndex={focused ? 0 : -1} actions={actions} />
      )}
    </article>
  );
});

/** Why a message has no text. */
function absence({ unreadable, deletedBy, sender }: Message): string {
  if (unreadable) return "This message cannot be shown: what is stored of it is damaged.";
  return deletedBy === sender.userId ? "This message was deleted." : "This message was removed.";
}
