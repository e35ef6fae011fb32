/** One channel, at the moment that the slider points to. */
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Avatar } from "../../../kit/Avatar";
import { Icon } from "../../../kit/Icon";
import { type ListHandle, WindowedList } from "../../../kit/WindowedList";
import { Markdown } from "../../shared/Markdown";
import { RouteLink } from "../../shared/RouteLink";
import { useInspectedNames } from "../context";
import { family, tell } from "../events/tell";
import { count, dayTime, duration, preciseTime, words } from "../format";
import { JsonView } from "../json/JsonView";
import { followPath, travelPath } from "../paths";
import type { ChannelEvents } from "../wire";
import { fold, type PastMessage } from "./fold";
import { buckets } from "./track";

const PLAY_EVERY_MS = 450;
/** Mentions are told by their text: who they were then, the archive does not say. */
const nobody = () => undefined;

interface JourneyProps {
  readonly past: ChannelEvents;
  readonly busy: boolean;
  readonly onAgain: () => void;
}

export function Journey({ past, busy, onAgain }: JourneyProps) {
  const { items } = past;
  const known = useInspectedNames();
  const [wanted, setAt] = useState(items.length);
  const [playing, setPlaying] = useState(false);
  const [raw, setRaw] = useState(false);
  const list = useRef<ListHandle>(null);
  const at = Math.min(wanted, items.length);
  // The slider follows the hand; a long past may follow a little later.
  const shownAt = useDeferredValue(at);
  const channel = useMemo(() => fold(items, shownAt), [items, shownAt]);
  const track = useMemo(() => buckets(items), [items]);
  const event = items[at - 1];
  const nameOf = (userId: string | null) => (userId !== null && past.people[userId]) || known.ofUser(userId);

  const last = useRef(items.length);
  useEffect(() => {
    // Whoever stood at the present stays there when more is read.
    setAt((before) => (before === last.current ? items.length : before));
    last.current = items.length;
  }, [items.length]);

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setAt((before) => Math.min(items.length, before + 1)), PLAY_EVERY_MS);
    return () => clearInterval(timer);
  }, [playing, items.length]);
  useEffect(() => {
    if (at >= items.length) setPlaying(false);
  }, [at, items.length]);

  const shownEvent = items[shownAt - 1];
  const touched = shownEvent?.messageId ?? null;
  const touchedAt = channel.messages.findIndex((message) => message.messageId === touched);
  const scrollTo = touchedAt >= 0 ? touchedAt : channel.messages.length - 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each step shows what it changed.
  useEffect(() => {
    if (scrollTo >= 0) list.current?.show(scrollTo, touchedAt >= 0 ? "nearest" : "end");
  }, [shownAt, scrollTo]);

  const step = (by: number) => {
    setPlaying(false);
    setAt(Math.max(0, Math.min(items.length, at + by)));
  };
  const members = [...channel.members].sort(
    (a, b) => Number(b.online) - Number(a.online) || nameOf(a.userId).localeCompare(nameOf(b.userId)),
  );
  const title =
    channel.name && channel.kind !== "direct" ? `#${channel.name}` : known.ofChannel(past.channelId);
  const started = items[0] ? Date.parse(items[0].occurredAt) : 0;

  return (
    <div className="travel">
      <header className="travel-head">
        <RouteLink to={travelPath()} className="icon-button" title="Other channels">
          <Icon name="back" size={18} />
          <span className="unseen">Other channels</span>
        </RouteLink>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <span className="travel-when">
          {event ? `as it was on ${dayTime(event.occurredAt)}` : "before its first event"}
        </span>
        <button type="button" className="button button-small travel-again" disabled={busy} onClick={onAgain}>
          <Icon name="retry" size={16} /> Read again
        </button>
      </header>

      <div className="travel-body">
        <section className="travel-messages" aria-label={`Messages in ${title} at that moment`}>
          {channel.messages.length === 0 ? (
            <p className="travel-none">Nothing was said yet.</p>
          ) : (
            <WindowedList
              ref={list}
              items={channel.messages}
              keyOf={(message) => message.messageId}
              row={(message) => (
                <PastRow message={message} touched={message.messageId === touched} nameOf={nameOf} />
              )}
            />
          )}
          {channel.typing.length > 0 && (
            <p className="travel-typing">
              {channel.typing.map((userId) => nameOf(userId)).join(", ")} typing …
            </p>
          )}
        </section>
        <aside className="travel-side" aria-label="Members at that moment">
          <h3>
            Members<span className="panel-count">{members.length}</span>
          </h3>
          {members.length === 0 ? (
            <p className="panel-note">Nobody yet.</p>
          ) : (
            <ul aria-label={`Members of ${title}`}>
              {members.map((member) => (
                <li key={member.userId} className="travel-member">
                  <Avatar
                    userId={member.userId}
                    name={nameOf(member.userId)}
                    size={24}
                    status={member.online ? "online" : "offline"}
                  />
                  <bdi>{nameOf(member.userId)}</bdi>
                  <span className="travel-status">{member.online ? "online" : "offline"}</span>
                </li>
              ))}
            </ul>
          )}
          {channel.unreadable > 0 && (
            <p className="panel-note">{count(channel.unreadable, "event")} could not be read.</p>
          )}
          {past.truncated && <p className="panel-note">Older events were left out: there are too many.</p>}
        </aside>
      </div>

      <section className="travel-player" aria-label="Moment">
        <div className="travel-event">
          {event ? (
            <>
              <span className={`event-type family-${family(event.detailType)}`}>
                {words(event.detailType)}
              </span>
              <span className="travel-told" role="status">
                <bdi>{tell(event, nameOf)}</bdi>
              </span>
              <time dateTime={event.occurredAt}>{preciseTime(event.occurredAt)}</time>
              <span className="travel-since">+{duration(Date.parse(event.occurredAt) - started)}</span>
              <button
                type="button"
                className="button-plain travel-raw"
                aria-expanded={raw}
                onClick={() => setRaw(!raw)}
              >
                {raw ? "Hide the event" : "Show the event"}
              </button>
              {event.messageId && (
                <RouteLink to={followPath(event.messageId)} className="travel-follow">
                  Follow its message
                </RouteLink>
              )}
            </>
          ) : (
            <span className="travel-told" role="status">
              Before everything
            </span>
          )}
        </div>
        {raw && event && <JsonView label="Event" value={event.detail} />}
        <div className="travel-controls">
          <button
            type="button"
            className="icon-button"
            aria-label="One event back"
            disabled={at === 0}
            onClick={() => step(-1)}
          >
            <Icon name="back" size={18} />
          </button>
          <button
            type="button"
            className="icon-button travel-play"
            aria-label={playing ? "Stop" : "Play"}
            onClick={() => {
              if (!playing && at >= items.length) setAt(0);
              setPlaying(!playing);
            }}
          >
            <Icon name={playing ? "pause" : "play"} size={20} />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="One event on"
            disabled={at === items.length}
            onClick={() => step(1)}
          >
            <Icon name="forward" size={18} />
          </button>
          <div className="travel-slider">
            <div className="travel-track" aria-hidden="true">
              {track.map((bucket, index) => (
                <span
                  // biome-ignore lint/suspicious/noArrayIndexKey: buckets have no name but their place.
                  key={index}
                  className={`travel-bucket${((index + 1) / track.length) * items.length <= at ? "" : " travel-ahead"}`}
                >
                  {bucket.parts.map(([kind, many]) => (
                    <span key={kind} className={`bucket-part family-${kind}`} style={{ flexGrow: many }} />
                  ))}
                </span>
              ))}
            </div>
            <input
              type="range"
              min={0}
              max={items.length}
              value={at}
              aria-label="Moment in the channel's past"
              aria-valuetext={
                event
                  ? `Event ${at} of ${items.length}: ${tell(event, nameOf)}, ${dayTime(event.occurredAt)}`
                  : `Before the first of ${items.length} events`
              }
              onChange={(change) => {
                setPlaying(false);
                setAt(Number(change.target.value));
              }}
            />
          </div>
          <span className="travel-count">
            {at} / {items.length}
          </span>
        </div>
      </section>
    </div>
  );
}

interface PastRowProps {
  readonly message: PastMessage;
  readonly touched: boolean;
  readonly nameOf: (userId: string | null) => string;
}

function PastRow({ message, touched, nameOf }: PastRowProps) {
  const { sender } = message;
  return (
    <article className={`past${touched ? " past-touched" : ""}`} data-message={message.messageId}>
      <Avatar userId={sender.userId} name={sender.displayName} size={32} />
      <div className="past-main">
        <header className="past-head">
          <bdi className="message-name">{sender.displayName}</bdi>
          <time dateTime={message.sentAt}>{preciseTime(message.sentAt)}</time>
          {message.editedAt && !message.deletedAt && (
            <span className="past-edited">edited {preciseTime(message.editedAt)}</span>
          )}
        </header>
        {message.deletedAt ? (
          <p className="message-deleted">
            {message.deletedBy === sender.userId
              ? "This message was deleted."
              : `${nameOf(message.deletedBy)} removed this message.`}
          </p>
        ) : (
          <Markdown text={message.text} mentioned={nobody} />
        )}
        {message.reactions.length > 0 && (
          <ul className="past-reactions" aria-label="Reactions">
            {message.reactions.map(({ emoji, userIds }) => (
              <li
                key={emoji}
                className="past-reaction"
                title={userIds.map((userId) => nameOf(userId)).join(", ")}
              >
                {emoji} <span>{userIds.length}</span>
                <span className="unseen"> by {userIds.map((userId) => nameOf(userId)).join(", ")}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </article>
  );
}
