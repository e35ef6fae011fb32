/** The messages of a channel, or what is shown while they are not available. */
import { useEffect, useMemo, useRef } from "react";
import type { Channel, Person, User } from "../core/contract";
import { channelPath, navigate } from "../core/router";
import type { Outgoing } from "../core/socket/outbox";
import { withChanges } from "../core/state/changes";
import { emptyTimeline, startsAfter } from "../core/state/timeline";
import { ChannelIntro } from "../features/channel/ChannelIntro";
import { useNewSince } from "../features/channel/useNewSince";
import { focusComposer, focusComposerOnRemoval } from "../features/composer/focusComposer";
import { MessageList } from "../features/message/MessageList";
import type { MessageActions } from "../features/message/messageActions";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { Skeleton } from "../kit/Skeleton";
import styles from "./ChannelScreen.module.css";

const NONE: readonly Outgoing[] = [];

interface ChannelMessagesProps {
  readonly channel: Channel;
  readonly title: string;
  readonly me: User;
  readonly target: number | null;
  readonly navigationId: number;
  readonly editing: number | null;
  readonly nameOf: (person: Person) => string;
  readonly actions: MessageActions;
}

export function ChannelMessages(props: ChannelMessagesProps) {
  const { channel, title, me, target, navigationId, editing, nameOf, actions } = props;
  const { channelId } = channel;
  const chat = useChatActions();
  const timeline = useChat((state) => state.timelines[channelId]) ?? emptyTimeline;
  const outbox = useChat((state) => state.outbox);
  const newSince = useNewSince(channel, timeline.generation);
  const isMember = channel.role !== null;
  /** The generation of the window that opens at its end, because the user asked for the newest messages. */
  const endGeneration = useRef<number | null>(null);

  /** Set while the address changes to the channel's although the newest messages are wanted. */
  const stays = useRef(false);

  useEffect(() => {
    if (target === null && stays.current) stays.current = false;
    else if (isMember) void chat.history.open(channelId, target ?? "unread");
  }, [chat, channelId, target, isMember]);

  useEffect(() => () => chat.history.setReadingBack(channelId, false), [chat, channelId]);

  const goToNewest = () => {
    if (timeline.hasLater || timeline.loading === "all") {
      endGeneration.current = timeline.generation + 1;
      void chat.history.open(channelId, "newest");
    }
    if (target === null) return;
    // The newest messages replace the linked one: remove it from the address.
    stays.current = true;
    navigate(channelPath(channelId), { replace: true });
  };

  // An older window shows own messages at its end only until the newest ones are loaded.
  const isPending = timeline.loading === "all" || timeline.failed;
  const changes = useChat((state) => state.changes);
  const shown = useMemo(() => {
    const own =
      timeline.hasLater && isPending
        ? timeline.arrived.filter((message) => message.sender.userId === me.userId)
        : [];
    const loaded = own.length === 0 ? timeline.messages : [...timeline.messages, ...own];
    const messages = withChanges(loaded, changes, me.userId);
    return messages === timeline.messages ? timeline : { ...timeline, messages };
  }, [timeline, isPending, changes, me.userId]);
  const saving = useMemo(
    () => new Set(changes.flatMap(({ command }) => (command.channelId === channelId ? [command.seq] : []))),
    [changes, channelId],
  );
  const outgoing = useMemo(() => {
    if (timeline.hasLater && !isPending) return NONE;
    const stored = new Set(
      shown.messages.filter((m) => m.sender.userId === me.userId).map((m) => m.clientMessageId),
    );
    return outbox.filter((item) => item.channelId === channelId && !stored.has(item.clientMessageId));
  }, [outbox, channelId, timeline.hasLater, isPending, shown.messages, me.userId]);

  // A message written at an older place goes to the newest messages, and so does the screen.
  const newestOwn = outbox.findLast((item) => item.channelId === channelId)?.clientMessageId;
  const known = useRef(new Set(outbox.map((item) => item.clientMessageId)));
  useEffect(() => {
    if (newestOwn === undefined || known.current.has(newestOwn)) return;
    known.current.add(newestOwn);
    if (target !== null || timeline.hasLater) goToNewest();
  });

  if (!isMember) {
    return (
      <div className={styles.state}>
        <ChannelIntro channel={channel} title={title} empty={false} />
      </div>
    );
  }
  if (timeline.failed && timeline.messages.length === 0) {
    return (
      <div className={styles.state} role="alert">
        <p>The messages could not be loaded.</p>
        <button
          type="button"
          ref={focusComposerOnRemoval}
          className="button"
          onClick={() => void chat.history.open(channelId, timeline.place)}
        >
          Try again
        </button>
      </div>
    );
  }
  if (timeline.loading === "all" && timeline.messages.length === 0) {
    return (
      <div className={styles.waiting}>
        <Skeleton lines={6} />
      </div>
    );
  }
  return (
    <MessageList
      key={timeline.generation}
      label={`Messages in ${title}`}
      timeline={shown}
      startAtEnd={endGeneration.current === timeline.generation}
      outgoing={outgoing}
      me={me}
      newSince={newSince === null || startsAfter(timeline, newSince) ? null : newSince}
      target={target}
      navigationId={navigationId}
      unread={channel.unread}
      readSeq={channel.readSeq}
      lastSeq={channel.lastSeq}
      editing={editing}
      saving={saving}
      nameOf={nameOf}
      actions={actions}
      intro={
        <ChannelIntro
          channel={channel}
          title={title}
          empty={timeline.messages.length === 0 && outgoing.length === 0}
        />
      }
      onAtEnd={(atEnd) => chat.history.setReadingBack(channelId, !atEnd)}
      onEarlier={() => void chat.history.loadEarlier(channelId)}
      onLater={() => void chat.history.loadLater(channelId)}
      onNewest={goToNewest}
      onFirstUnread={() => {
        endGeneration.current = null;
        if (target === null) void chat.history.open(channelId, "unread");
        else navigate(channelPath(channelId), { replace: true });
      }}
      onMarkRead={() => chat.readMarkers.markRead(channelId, channel.lastSeq)}
      onSeen={(seq) => chat.readMarkers.markRead(channelId, seq)}
      onLeave={focusComposer}
      onRetry={(id) => chat.sender.apply({ type: "retried", clientMessageId: id })}
      onDiscard={(id) => chat.sender.apply({ type: "discarded", clientMessageId: id })}
    />
  );
}
