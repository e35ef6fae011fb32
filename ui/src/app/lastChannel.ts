/** The channel to open when the address names none: the last one (stored per user), or the first. */
import type { ChatState } from "../core/state/model";
import { store } from "../core/state/store";

const key = () => `parley.lastChannel.${store.getState().me?.userId ?? ""}`;

export function saveLastChannel(channelId: string): void {
  try {
    localStorage.setItem(key(), channelId);
  } catch {
    // Storage is not available: the next visit starts with the first channel.
  }
}

export function loadLastChannel(channels: ChatState["channels"]): string | undefined {
  try {
    const channelId = localStorage.getItem(key());
    return channelId && channels[channelId]?.role ? channelId : undefined;
  } catch {
    return undefined;
  }
}

export function firstChannel(channels: ChatState["channels"]): string | undefined {
  const mine = Object.values(channels).filter((channel) => channel.role !== null);
  const general = mine.find((channel) => channel.kind === "public" && channel.name === "general");
  return (general ?? mine.find((channel) => channel.kind !== "direct") ?? mine[0])?.channelId;
}
