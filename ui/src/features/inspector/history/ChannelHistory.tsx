/** The state of a channel at the position of a slider. */
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "../../../kit/Icon";
import { type ListHandle, WindowedList } from "../../../kit/WindowedList";
import { RouteLink } from "../../shared/RouteLink";
import type { ChannelEvents } from "../contract";
import { dayTime } from "../format";
import { Notice } from "../Notice";
import { RefreshButton } from "../RefreshButton";
import { historyPath } from "../routes";
import { useInspectorNames } from "../useInspectorNames";
import { HistoryPlayer } from "./HistoryPlayer";
import styles from "./HistoryView.module.css";
import { PastMembers } from "./PastMembers";
import { PastRow } from "./PastRow";
import { projectChannel } from "./projection";

interface ChannelHistoryProps {
  readonly past: ChannelEvents;
  readonly busy: boolean;
  readonly onRefresh: () => void;
}

export function ChannelHistory({ past, busy, onRefresh }: ChannelHistoryProps) {
  const { items } = past;
  const names = useInspectorNames();
  const [position, setAt] = useState(items.length);
  const list = useRef<ListHandle>(null);
  const at = Math.min(position, items.length);
  // Deferred: a long history may render later than the slider moves.
  const shownAt = useDeferredValue(at);
  const channel = useMemo(() => projectChannel(items, shownAt), [items, shownAt]);
  const event = items[at - 1];
  const nameOf = (userId: string | null) => (userId !== null && past.people[userId]) || names.ofUser(userId);

  const last = useRef(items.length);
  useEffect(() => {
    // If the slider is at the end, keep it there when events are added.
    setAt((before) => (before === last.current ? items.length : before));
    last.current = items.length;
  }, [items.length]);

  const shownEvent = items[shownAt - 1];
  const changed = shownEvent?.messageId ?? null;
  const changedIndex = channel.messages.findIndex((message) => message.messageId === changed);
  const scrollTo = changedIndex >= 0 ? changedIndex : channel.messages.length - 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: scroll to the change of each step.
  useEffect(() => {
    if (scrollTo >= 0) list.current?.show(scrollTo, changedIndex >= 0 ? "nearest" : "end");
  }, [shownAt, scrollTo]);

  const title =
    channel.name && channel.kind !== "direct" ? `#${channel.name}` : names.ofChannel(past.channelId);

  return (
    <div className={styles.history}>
      <header className={styles.head}>
        <RouteLink to={historyPath()} className="icon-button" title="Other channels">
          <Icon name="back" size={18} />
          <span className="visually-hidden">Other channels</span>
        </RouteLink>
        <h2>
          <bdi>{title}</bdi>
        </h2>
        <span className={styles.when}>
          {event ? `as of ${dayTime(event.occurredAt)}` : "before the first event"}
        </span>
        <RefreshButton className={styles.again} busy={busy} onRefresh={onRefresh} />
      </header>

      <div className={styles.body}>
        <section className={styles.messages} aria-label={`Messages in ${title} at this time`}>
          {channel.messages.length === 0 ? (
            <p className={styles.none}>No messages yet.</p>
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
            <p className={styles.typing}>
              {channel.typing.map((userId) => nameOf(userId)).join(", ")} typing …
            </p>
          )}
        </section>
        <PastMembers channel={channel} title={title} truncated={past.truncated} nameOf={nameOf} />
      </div>

      <Notice text={past.omission} />
      <HistoryPlayer items={items} at={at} onAt={setAt} nameOf={nameOf} />
    </div>
  );
}
