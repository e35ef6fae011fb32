/** One message with its actions. */
import { memo } from "react";
import type { Message } from "../../core/contract";
import { fullTime, timeOfDay } from "../../core/text/time";
import { Avatar } from "../../kit/Avatar";
import { Icon } from "../../kit/Icon";
import { Markdown } from "../shared/Markdown";
import { Collapsible } from "./Collapsible";
import { MessageToolbar } from "./MessageToolbar";
import type { MessageActions } from "./messageActions";
import { Reactions } from "./Reactions";
import "./MessageRow.css";

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
          <Collapsible text={message.text}>
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
      {!deleted && <MessageToolbar message={message} mine={mine} actions={actions} />}
    </article>
  );
});
