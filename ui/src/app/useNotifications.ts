/** Shows system notifications, if enabled, for mentions and direct messages while the tab is hidden. */
import { useEffect } from "react";
import { notify } from "../core/notifications";
import { channelPath, navigate } from "../core/router";
import { namesOf } from "../core/state/names";
import { channelTitle } from "../core/state/selectors";
import { store } from "../core/state/store";
import { mentionsUser } from "../core/text/mentions";
import { isolated } from "../core/text/names";
import { useChatActions } from "../features/shared/chatContext";

export function useNotifications(): void {
  const chat = useChatActions();
  useEffect(
    () =>
      chat.onNewMessage((message) => {
        const { channelId, seq, sender, text } = message;
        const { channels, people, me } = store.getState();
        const channel = channels[channelId];
        if (!channel || !me || seq <= channel.readSeq) return;
        const direct = channel.kind === "direct";
        if (!direct && !mentionsUser(message, me)) return;
        const name = namesOf(people).ofUser(sender.userId) ?? sender.displayName;
        notify({
          title: direct ? name : `${isolated(name)} in ${channelTitle(channel, people, me.userId)}`,
          text,
          tag: channelId,
          onClick: () => navigate(channelPath(channelId, seq)),
        });
      }),
    [chat],
  );
}
