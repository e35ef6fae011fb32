/** Shows system notifications, if enabled, for mentions and direct messages while no tab of the user is visible. */
import { useEffect } from "react";
import type { MessageFrame } from "../core/contract";
import { mayNotify, type NotificationContent, notify } from "../core/notifications";
import { channelPath, navigate } from "../core/router";
import { namesOf } from "../core/state/names";
import { channelTitle } from "../core/state/selectors";
import { store } from "../core/state/store";
import { withoutMarkup } from "../core/text/markdown";
import { mentionsUser } from "../core/text/mentions";
import { isolated } from "../core/text/names";
import { VisibleTabs } from "../core/visibleTabs";
import { useChatActions } from "../features/shared/chatContext";
import { useChat } from "../features/shared/useChat";

export function useNotifications(): void {
  const chat = useChatActions();
  const me = useChat((state) => state.me?.userId);
  useEffect(() => {
    if (me === undefined) return;
    const tabs = new VisibleTabs(me);
    const stop = chat.onNewMessage((message) => void notifyOfMessage(message, tabs));
    return () => {
      stop();
      tabs.close();
    };
  }, [chat, me]);
}

async function notifyOfMessage(message: MessageFrame, tabs: VisibleTabs): Promise<void> {
  if (!mayNotify() || !notificationOf(message) || (await tabs.isAnotherVisible())) return;
  // The message may have been read since.
  const notification = notificationOf(message);
  if (notification) notify(notification);
}

/** The notification of a message that is unread and a mention or direct message; null for others. */
function notificationOf(message: MessageFrame): NotificationContent | null {
  const { channelId, seq, sender, text } = message;
  const { channels, people, me } = store.getState();
  const channel = channels[channelId];
  if (!channel || !me || seq <= channel.readSeq) return null;
  const direct = channel.kind === "direct";
  if (!direct && !mentionsUser(message, me)) return null;
  const name = namesOf(people).ofUser(sender.userId) ?? sender.displayName;
  return {
    title: direct ? name : `${isolated(name)} in ${channelTitle(channel, people, me.userId)}`,
    text: withoutMarkup(text),
    tag: channelId,
    onClick: () => navigate(channelPath(channelId, seq)),
  };
}
