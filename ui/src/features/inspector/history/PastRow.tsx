/** A message as it was at one point of the history. */
import { Avatar } from "../../../kit/Avatar";
import { classNames } from "../../../kit/classNames";
import { Markdown } from "../../shared/Markdown";
import { preciseTime } from "../format";
import styles from "./HistoryView.module.css";
import type { PastMessage } from "./projection";

/** Mentions are shown as text, because the archive has no usernames. */
const NO_MENTIONS = () => undefined;

interface PastRowProps {
  readonly message: PastMessage;
  readonly changed: boolean;
  readonly nameOf: (userId: string | null) => string;
}

export function PastRow({ message, changed, nameOf }: PastRowProps) {
  const { sender } = message;
  return (
    <article className={classNames(styles.past, changed && styles.changed)} data-message={message.messageId}>
      <Avatar userId={sender.userId} name={sender.displayName} size={32} />
      <div className={styles.pastMain}>
        <header className={styles.pastHead}>
          <bdi className={styles.pastName}>{sender.displayName}</bdi>
          <time dateTime={message.sentAt}>{preciseTime(message.sentAt)}</time>
          {message.editedAt && !message.deletedAt && (
            <span className={styles.pastEdited}>edited {preciseTime(message.editedAt)}</span>
          )}
        </header>
        {message.deletedAt ? (
          <p className={styles.pastDeleted}>
            {message.deletedBy === sender.userId
              ? "This message was deleted."
              : `${nameOf(message.deletedBy)} removed this message.`}
          </p>
        ) : (
          <Markdown text={message.text} resolveMention={NO_MENTIONS} />
        )}
        {message.reactions.length > 0 && (
          <ul className={styles.pastReactions} aria-label="Reactions">
            {message.reactions.map(({ emoji, userIds }) => (
              <li
                key={emoji}
                className={styles.pastReaction}
                title={userIds.map((userId) => nameOf(userId)).join(", ")}
              >
                {emoji} <span>{userIds.length}</span>
                <span className="visually-hidden">
                  {" "}
                  by {userIds.map((userId) => nameOf(userId)).join(", ")}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </article>
  );
}
