/** One message with its actions. */
import { memo, useState } from "react";
import type { Message } from "../../core/contract";
import type { Outgoing } from "../../core/socket/outbox";
import { fullTime, timeOfDay } from "../../core/text/time";
import { Avatar } from "../../kit/Avatar";
import { Icon } from "../../kit/Icon";
import { Markdown, type ResolveMention } from "../shared/Markdown";
import "./MessageRow.css";

export interface MessageActions {
  readonly me: string;
  readonly canDeleteAny: boolean;
  readonly nameOf: (userId: string) => string;
  readonly resolveMention: ResolveMention;
  readonly onEdit: (message: Message) => void;
  readonly onDelete: (message: Message) => void;
  readonly onReact: (message: Message, emoji: string, added: boolean) => void;
  readonly onPickEmoji: (message: Message, anchor: HTMLElement) => void;
  readonly onQuote: (message: Message) => void;
  readonly onCopyLink: (message: Message) => void;
  /** Null if the stage has no inspector. */
  readonly onInspect: ((message: Message) => void) | null;
}

interface MessageRowProps {
  readonly message: Message;
  readonly name: string;
  /** Shows avatar and name. */
  readonly startsGroup: boolean;
  readonly delivered: boolean;
  readonly highlighted: boolean;
  readonly editing: boolean;
  readonly mentionsMe: boolean;
  readonly actions: MessageActions;
}

export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, name, startsGroup, delivered, highlighted, editing, mentionsMe, actions } = props;
  const mine = message.sender.userId === actions.me;
  const deleted = message.deletedAt !== null;
  const classes = [
    "message",
    startsGroup && "message-group-start",
    highlighted && "message-highlighted",
    editing && "message-editing",
    mentionsMe && "message-mentions-me",
  ];
  return (
    <article
      className={classes.filter(Boolean).join(" ")}
      tabIndex={-1}
      data-seq={message.seq}
      aria-label={`${name}, ${timeOfDay(message.sentAt)}`}
    >
      <div className="message-side">
        {startsGroup ? (
          <Avatar userId={message.sender.userId} name={name} />
        ) : (
          <time
            className="message-time message-time-side"
            dateTime={message.sentAt}
            title={fullTime(message.sentAt)}
          >
            {timeOfDay(message.sentAt)}
          </time>
        )}
      </div>
      <div className="message-main">
        {startsGroup && (
          <header className="message-head">
            <bdi className="message-name">{name}</bdi>
            <time className="message-time" dateTime={message.sentAt} title={fullTime(message.sentAt)}>
              {timeOfDay(message.sentAt)}
            </time>
          </header>
        )}
        {deleted ? (
          <p className="message-deleted">
            {message.deletedBy === message.sender.userId
              ? "This message was deleted."
              : "This message was removed."}
          </p>
        ) : (
          <Collapsible long={message.text.length > 1_600 || lines(message.text) > 24}>
            <Markdown text={message.text} resolveMention={actions.resolveMention} />
          </Collapsible>
        )}
        {message.editedAt !== null && !deleted && (
          <span className="message-edited" title={fullTime(message.editedAt)}>
            edited
          </span>
        )}
        {message.reactions.length > 0 && <Reactions message={message} actions={actions} />}
      </div>
      {delivered && mine && (
        <span className="message-tick" role="img" aria-label="Delivered" title="Delivered">
          <Icon name="checks" size={16} />
        </span>
      )}
      {!deleted && <Toolbar message={message} mine={mine} actions={actions} />}
    </article>
  );
});

function Toolbar({ message, mine, actions }: { message: Message; mine: boolean; actions: MessageActions }) {
  return (
    <div className="message-tools" role="toolbar" aria-label="Message actions">
      <button
        type="button"
        className="icon-button"
        aria-label="Add reaction"
        title="Add reaction"
        onClick={(event) => actions.onPickEmoji(message, event.currentTarget)}
      >
        <Icon name="smile" size={18} />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Quote"
        title="Quote"
        onClick={() => actions.onQuote(message)}
      >
        <Icon name="quote" size={18} />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Copy link"
        title="Copy link"
        onClick={() => actions.onCopyLink(message)}
      >
        <Icon name="link" size={18} />
      </button>
      {actions.onInspect && (
        <button
          type="button"
          className="icon-button"
          aria-label="Inspect delivery"
          title="Inspect delivery"
          onClick={() => actions.onInspect?.(message)}
        >
          <Icon name="route" size={18} />
        </button>
      )}
      {mine && (
        <button
          type="button"
          className="icon-button"
          aria-label="Edit"
          title="Edit"
          onClick={() => actions.onEdit(message)}
        >
          <Icon name="edit" size={18} />
        </button>
      )}
      {(mine || actions.canDeleteAny) && (
        <button
          type="button"
          className="icon-button"
          aria-label="Delete"
          title="Delete"
          onClick={() => actions.onDelete(message)}
        >
          <Icon name="trash" size={18} />
        </button>
      )}
    </div>
  );
}

function Reactions({ message, actions }: { message: Message; actions: MessageActions }) {
  return (
    <ul className="reactions" aria-label="Reactions">
      {message.reactions.map(({ emoji, userIds }) => {
        const mine = userIds.includes(actions.me);
        const names = userIds.slice(0, 12).map((id) => (id === actions.me ? "you" : actions.nameOf(id)));
        if (userIds.length > 12) names.push(`${userIds.length - 12} more`);
        return (
          <li key={emoji}>
            <button
              type="button"
              className="reaction"
              aria-pressed={mine}
              aria-label={`${emoji}, ${userIds.length}: ${names.join(", ")}`}
              title={names.join(", ")}
              onClick={() => actions.onReact(message, emoji, !mine)}
            >
              <span aria-hidden="true">{emoji}</span>
              <span className="reaction-count">{userIds.length}</span>
            </button>
          </li>
        );
      })}
      <li>
        <button
          type="button"
          className="reaction reaction-add"
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

/** Collapses a long text, with a button to show all of it. */
function Collapsible({ long, children }: { long: boolean; children: React.ReactNode }) {
  const [open, setOpen] = useState(false);
  if (!long) return children;
  return (
    <>
      <div className={open ? undefined : "collapsed"}>{children}</div>
      <button
        type="button"
        className="button-link collapsed-toggle"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? "Show less" : "Show all"}
      </button>
    </>
  );
}

function lines(text: string): number {
  return text.split("\n", 26).length;
}

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

/** An own message that is not delivered yet. */
export const OutgoingRow = memo(function OutgoingRow(props: OutgoingRowProps) {
  const { item, me, name, startsGroup, resolveMention, onRetry, onDiscard } = props;
  const { icon, label } = states[item.state];
  return (
    <article
      className={`message message-outgoing${startsGroup ? " message-group-start" : ""}`}
      aria-label={`${name}, ${label}`}
    >
      <div className="message-side">{startsGroup && <Avatar userId={me} name={name} />}</div>
      <div className="message-main">
        {startsGroup && (
          <header className="message-head">
            <bdi className="message-name">{name}</bdi>
          </header>
        )}
        <Collapsible long={item.text.length > 1_600 || lines(item.text) > 24}>
          <Markdown text={item.text} resolveMention={resolveMention} />
        </Collapsible>
        {item.state === "failed" && (
          <p className="message-failure" role="alert">
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
        <span className="message-tick" role="img" aria-label={label} title={label}>
          <Icon name={icon} size={16} />
        </span>
      )}
    </article>
  );
});
