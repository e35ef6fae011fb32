/** Names of users and channels; a shortened id where no name is known. */
import { useCallback } from "react";
import { channelTitle } from "../../core/state/selectors";
import { useChat } from "../shared/useChat";
import { shortId } from "./format";

export interface Names {
  readonly ofUser: (userId: string | null) => string;
  readonly ofChannel: (channelId: string | null) => string;
}

export function useInspectorNames(): Names {
  const people = useChat((state) => state.people);
  const channels = useChat((state) => state.channels);
  const me = useChat((state) => state.me?.userId);
  const ofUser = useCallback(
    (userId: string | null) =>
      userId === null
        ? "–"
        : (people[userId]?.displayName ?? (userId === "parley" ? "Parley" : shortId(userId))),
    [people],
  );
  const ofChannel = useCallback(
    (channelId: string | null) => {
      if (channelId === null) return "–";
      const channel = channels[channelId];
      if (!channel) return shortId(channelId);
      return channel.kind === "direct"
        ? channelTitle(channel, people, me)
        : `#${channelTitle(channel, people, me)}`;
    },
    [channels, people, me],
  );
  return { ofUser, ofChannel };
}
