/** The channel to open when the address names none: the last one (stored per user), or the first. */
import type { ChatState } from "../core/state/model";
import { store } from "../core/state/store";
import { readItem, writeItem } from "../core/storage";

const key = () => `parley.lastChannel.${store.getState().me?.userId ?? ""}`;

export function saveLastChannel(channelId: string): void {
  writeItem(key(), channelId);
}

export function loadLastChannel(channels: ChatState["channels"]): string | undefined {
  const channelId = readItem(key());
  return channelId && channels[channelId]?.role ? channelId : undefined;
}

export function firstChannel(channels: ChatState["channels"]): string | undefined {
  const mine = Object.values(channels).filter((channel) => channel.role !== null);
  const general = mine.find((channel) => channel.kind === "public" && channel.name === "general");
  return (general ?? mine.find((channel) => channel.kind !== "direct") ?? mine[0])?.channelId;
}
