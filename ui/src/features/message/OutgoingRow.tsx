/** An own message that is not delivered yet. */
import { memo } from "react";
import type { Outgoing } from "../../core/socket/outbox";
import { Avatar } from "../../kit/Avatar";
import { Boundary } from "../../kit/Boundary";
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import { Markdown, type ResolveMention } from "../shared/Markdown";
import { Collapsible } from "./Collapsible";
import styles from "./MessageRow.module.css";

interface OutgoingRowProps {
  readonly item: Outgoing;
  readonly me: string;
  readonly name: string;
  readonly startsGroup: boolean;
  readonly resolveMention: ResolveMention;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

const states = {
  queued: { icon: "clock", label: "Sending" },
  sending: { icon: "clock", label: "Sending" },
  sent: { icon: "check", label: "Sent" },
  failed: { icon: "alert", label: "Not sent" },
} as const;

export const OutgoingRow = memo(function OutgoingRow(props: OutgoingRowProps) {
  const { item, me, name, startsGroup, resolveMention, onRetry, onDiscard } = props;
  const { icon, label } = states[item.state];
  return (
    <article
      className={classNames(styles.message, styles.outgoing, startsGroup && styles.groupStart)}
      aria-label={`${name}, ${label}`}
    >
      <div className={styles.side}>{startsGroup && <Avatar userId={me} name={name} />}</div>
      <div className={styles.main}>
        {startsGroup && (
          <header className={styles.head}>
            <bdi className={styles.name}>{name}</bdi>
          </header>
        )}
        <div data-copied className={styles.text}>
          <Collapsible text={item.text}>
            <Boundary what="This message" fallback={item.text}>
              <Markdown text={item.text} resolveMention={resolveMention} />
            </Boundary>
          </Collapsible>
        </div>
        {item.state === "failed" && (
          <p className={styles.failure} role="alert" ref={keepFocus}>
            <Icon name="alert" size={16} />
            <span>Not sent. {item.failure}</span>
            <button type="button" className="button-link" onClick={() => onRetry(item.clientMessageId)}>
              Send again
            </button>
            <button type="button" className="button-link" onClick={() => onDiscard(item.clientMessageId)}>
              Discard
            </button>
          </p>
        )}
      </div>
      {item.state !== "failed" && (
        <span className={styles.tick} role="img" aria-label={label} title={label}>
          <Icon name={icon} size={16} />
        </span>
      )}
    </article>
  );
});
