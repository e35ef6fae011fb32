/** The messages of a channel, or what is shown while they are not available. */
import { useEffect, useMemo } from "react";
import type { Channel, Person, User } from "../core/contract";
import { channelPath, navigate } from "../core/router";
import { emptyTimeline } from "../core/state/timeline";
import { ChannelIntro } from "../features/channel/ChannelIntro";
import { useNewSince } from "../features/channel/useNewSince";
import { MessageList } from "../features/message/MessageList";
import type { MessageActions } from "../features/message/messageActions";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";
import { Skeleton } from "../kit/Skeleton";
import styles from "./ChannelScreen.module.css";

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
  const newSince = useNewSince(channel);
  const isMember = channel.role !== null;

  useEffect(() => {
    if (isMember) void chat.history.open(channelId, target);
  }, [chat, channelId, target, isMember]);

  const outgoing = useMemo(() => {
    const stored = new Set(
      timeline.messages.filter((m) => m.sender.userId === me.userId).map((m) => m.clientMessageId),
    );
    return outbox.filter((item) => item.channelId === channelId && !stored.has(item.clientMessageId));
  }, [outbox, channelId, timeline.messages, me.userId]);

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
        <button type="button" className="button" onClick={() => void chat.history.open(channelId, target)}>
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
      timeline={timeline}
      outgoing={outgoing}
      me={me}
      newSince={newSince}
      target={target}
      navigationId={navigationId}
      unread={channel.unread}
      editing={editing}
      nameOf={nameOf}
      actions={actions}
      intro={
        <ChannelIntro
          channel={channel}
          title={title}
          empty={timeline.messages.length === 0 && outgoing.length === 0}
        />
      }
      onEarlier={() => void chat.history.loadEarlier(channelId)}
      onLater={() => void chat.history.loadLater(channelId)}
      onNewest={() => {
        // The newest messages replace the linked one: remove it from the address.
        void chat.history
          .open(channelId, null)
          .then(() => navigate(channelPath(channelId), { replace: true }));
      }}
      onSeen={(seq) => chat.readMarkers.markRead(channelId, seq)}
      onRetry={(id) => chat.sender.apply({ type: "retried", clientMessageId: id })}
      onDiscard={(id) => chat.sender.apply({ type: "discarded", clientMessageId: id })}
    />
  );
}
