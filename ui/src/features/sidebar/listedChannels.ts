/** The channels that the sidebar lists. Pure. */
import type { Channel } from "../../core/contract";
import type { ChatState } from "../../core/state/model";

/** The user's channels, without direct channels that another user has opened and that have no message. */
export function listedChannels(state: ChatState, open: string | null): Channel[] {
  const { channels, me, drafts, outbox } = state;
  const hasOwnText = (channelId: string) =>
    drafts[channelId] !== undefined || outbox.some((item) => item.channelId === channelId);
  return Object.values(channels).filter(
    ({ channelId, role, kind, lastSeq, createdBy }) =>
      role !== null &&
      (kind !== "direct" ||
        lastSeq > 0 ||
        createdBy === me?.userId ||
        channelId === open ||
        hasOwnText(channelId)),
  );
}
