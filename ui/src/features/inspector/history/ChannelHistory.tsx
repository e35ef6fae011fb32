/** The state of a channel at the position of a slider. */
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Avatar } from "../../../kit/Avatar";
import { Icon } from "../../../kit/Icon";
import { IconButton } from "../../../kit/IconButton";
import { type ListHandle, WindowedList } from "../../../kit/WindowedList";
import { RouteLink } from "../../shared/RouteLink";
import { describeEvent, eventCategory } from "../events/describeEvent";
import { count, dayTime, duration, preciseTime, words } from "../format";
import { JsonView } from "../json/JsonView";
import { deliveryPath, historyPath } from "../routes";
import { useInspectorNames } from "../useInspectorNames";
import type { ChannelEvents } from "../wire";
import { eventBuckets } from "./eventBuckets";
import { PastRow } from "./PastRow";
import { projectChannel } from "./projection";

const PLAY_EVERY_MS = 450;

interface ChannelHistoryProps {
  readonly past: ChannelEvents;
  readonly busy: boolean;
  readonly onRefresh: () => void;
}

export function ChannelHistory({ past, busy, onRefresh }: ChannelHistoryProps) {
  const { items } = past;
  const names = useInspectorNames();
  const [position, setAt] = useState(items.length);
  const [playing, setPlaying] = useState(false);
  const [showJson, setShowJson] = useState(false);
  const list = useRef<ListHandle>(null);
  const at = Math.min(position, items.length);
  // Deferred: a long history may render later than the slider moves.
  const shownAt = useDeferredValue(at);
  const channel = useMemo(() => projectChannel(items, shownAt), [items, shownAt]);
  const track = useMemo(() => eventBuckets(items), [items]);
  const event = items[at - 1];
  const nameOf = (userId: string | null) => (userId !== null && past.people[userId]) || names.ofUser(userId);

  const last = useRef(items.length);
  useEffect(() => {
    // If the slider is at the end, keep it there when events are added.
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
  const changed = shownEvent?.messageId ?? null;
  const changedIndex = channel.messages.findIndex((message) => message.messageId === changed);
  const scrollTo = changedIndex >= 0 ? changedIndex : channel.messages.length - 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: scroll to the change of each step.
  useEffect(() => {
    if (scrollTo >= 0) list.current?.show(scrollTo, changedIndex >= 0 ? "nearest" : "end");
  }, [shownAt, scrollTo]);

  const step = (by: number) => {
    setPlaying(false);
    setAt(Math.max(0, Math.min(items.length, at + by)));
  };
  const members = [...channel.members].sort(
    (a, b) => Number(b.online) - Number(a.online) || nameOf(a.userId).localeCompare(nameOf(b.userId)),
  );
  const title =
    channel.name && channel.kind !== "direct" ? `#${channel.name}` : names.ofChannel(past.channelId);
  const started = items[0] ? Date.parse(items[0].occurredAt) : 0;

  return (
    <div className="history">
      <header className="history-head">
        <RouteLink to={historyPath()} className="icon-button" title="Other channels">
          <Icon name="back" size={18} />
          <span className="visually-hidden">Other channels</span>
        </RouteLink>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <span className="history-when">
          {event ? `as of ${dayTime(event.occurredAt)}` : "before the first event"}
        </span>
        <button
          type="button"
          className="button button-small history-again"
          disabled={busy}
          onClick={onRefresh}
        >
          <Icon name="retry" size={16} /> Refresh
        </button>
      </header>

      <div className="history-body">
        <section className="history-messages" aria-label={`Messages in ${title} at this time`}>
          {channel.messages.length === 0 ? (
            <p className="history-none">No messages yet.</p>
          ) : (
            <WindowedList
              ref={list}
              items={channel.messages}
              keyOf={(message) => message.messageId}
              row={(message) => (
                <PastRow message={message} changed={message.messageId === changed} nameOf={nameOf} />
              )}
            />
          )}
          {channel.typing.length > 0 && (
            <p className="history-typing">
              {channel.typing.map((userId) => nameOf(userId)).join(", ")} typing …
            </p>
          )}
        </section>
        <aside className="history-side" aria-label="Members at this time">
          <h3>
            Members<span className="panel-count">{members.length}</span>
          </h3>
          {members.length === 0 ? (
            <p className="panel-note">No members yet.</p>
          ) : (
            <ul aria-label={`Members of ${title}`}>
              {members.map((member) => (
                <li key={member.userId} className="history-member">
                  <Avatar
                    userId={member.userId}
                    name={nameOf(member.userId)}
                    size={24}
                    status={member.online ? "online" : "offline"}
                  />
                  <bdi>{nameOf(member.userId)}</bdi>
                  <span className="history-status">{member.online ? "online" : "offline"}</span>
                </li>
              ))}
            </ul>
          )}
          {channel.unreadable > 0 && (
            <p className="panel-note">{count(channel.unreadable, "event")} could not be read.</p>
          )}
          {past.truncated && <p className="panel-note">Older events are not shown: the limit was reached.</p>}
        </aside>
      </div>

      <section className="history-player" aria-label="Position">
        <div className="history-event">
          {event ? (
            <>
              <span className={`event-type category-${eventCategory(event.detailType)}`}>
                {words(event.detailType)}
              </span>
              <span className="history-description" role="status">
                <bdi>{describeEvent(event, nameOf)}</bdi>
              </span>
              <time dateTime={event.occurredAt}>{preciseTime(event.occurredAt)}</time>
              <span className="history-since">+{duration(Date.parse(event.occurredAt) - started)}</span>
              <button
                type="button"
                className="button-link history-raw"
                aria-expanded={showJson}
                onClick={() => setShowJson(!showJson)}
              >
                {showJson ? "Hide event" : "Show event"}
              </button>
              {event.messageId && (
                <RouteLink to={deliveryPath(event.messageId)} className="history-inspect">
                  Inspect delivery
                </RouteLink>
              )}
            </>
          ) : (
            <span className="history-description" role="status">
              Before the first event
            </span>
          )}
        </div>
        {showJson && event && <JsonView label="Event" value={event.detail} />}
        <div className="history-controls">
          <IconButton
            icon="back"
            label="Previous event"
            title={undefined}
            disabled={at === 0}
            onClick={() => step(-1)}
          />
          <IconButton
            icon={playing ? "pause" : "play"}
            label={playing ? "Stop" : "Play"}
            size={20}
            title={undefined}
            className="history-play"
            onClick={() => {
              if (!playing && at >= items.length) setAt(0);
              setPlaying(!playing);
            }}
          />
          <IconButton
            icon="forward"
            label="Next event"
            title={undefined}
            disabled={at === items.length}
            onClick={() => step(1)}
          />
          <div className="history-slider">
            <div className="history-track" aria-hidden="true">
              {track.map((bucket, index) => (
                <span
                  // biome-ignore lint/suspicious/noArrayIndexKey: buckets are identified by their position.
                  key={index}
                  className={`history-bucket${((index + 1) / track.length) * items.length <= at ? "" : " history-ahead"}`}
                >
                  {bucket.counts.map(([kind, many]) => (
                    <span key={kind} className={`bucket-part category-${kind}`} style={{ flexGrow: many }} />
                  ))}
                </span>
              ))}
            </div>
            <input
              type="range"
              min={0}
              max={items.length}
              value={at}
              aria-label="Position in the channel's history"
              aria-valuetext={
                event
                  ? `Event ${at} of ${items.length}: ${describeEvent(event, nameOf)}, ${dayTime(event.occurredAt)}`
                  : `Before the first of ${items.length} events`
              }
              onChange={(change) => {
                setPlaying(false);
                setAt(Number(change.target.value));
              }}
            />
          </div>
          <span className="history-count">
            {at} / {items.length}
          </span>
        </div>
      </section>
    </div>
  );
}
