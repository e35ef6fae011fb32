/** Names of users and channels, from the chat or from the stage; a shortened id where no name is known. */
import { useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import { useChat } from "../shared/useChat";
import { shortId } from "./format";
import { InspectorContext } from "./inspectorContext";
import { noNames } from "./stageNames";

export interface Names {
  readonly ofUser: (userId: string | null) => string;
  readonly ofChannel: (channelId: string | null) => string;
  /** The users and channels whose names are known. */
  readonly userIds: readonly string[];
  readonly channelIds: readonly string[];
}

export function useInspectorNames(): Names {
  const people = useChat((state) => state.people);
  const channels = useChat((state) => state.channels);
  const source = useContext(InspectorContext)?.names ?? noNames;
  const stored = useSyncExternalStore(source.subscribe, source.read);
  const ofUser = useCallback(
    (userId: string | null) =>
      userId === null
        ? "–"
        : (people[userId]?.displayName ??
          stored.users[userId] ??
          (userId === "parley" ? "Parley" : shortId(userId))),
    [people, stored],
  );
  const ofChannel = useCallback(
    (channelId: string | null) => {
      if (channelId === null) return "–";
      const channel = channels[channelId];
      if (!channel) {
        const name = stored.channels[channelId];
        return name ? `#${name}` : shortId(channelId);
      }
      return channel.kind === "direct"
        ? `direct: ${channel.memberIds.map(ofUser).join(", ")}`
        : `#${channel.name}`;
    },
    [channels, ofUser, stored],
  );
  const userIds = useMemo(() => Object.keys({ ...people, ...stored.users }), [people, stored]);
  const channelIds = useMemo(() => Object.keys({ ...channels, ...stored.channels }), [channels, stored]);
  return { ofUser, ofChannel, userIds, channelIds };
}
