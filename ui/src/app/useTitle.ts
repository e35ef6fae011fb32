/** The title of the document: number of unread messages, title of the channel, Parley. */
import { useEffect } from "react";
import { channelTitle, totalUnread } from "../core/state/selectors";
import { isolated } from "../core/text/names";
import { useChat } from "../features/shared/useChat";

export function useTitle(channelId: string | null): void {
  const unread = useChat((state) => totalUnread(state.channels));
  const name = useChat((state) => {
    const channel = channelId ? state.channels[channelId] : undefined;
    return channel ? channelTitle(channel, state.people, state.me?.userId) : null;
  });
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : ""}${name ? `${isolated(name)} · ` : ""}Parley`;
  }, [unread, name]);
}
