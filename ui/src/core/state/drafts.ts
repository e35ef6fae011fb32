/** Drafts per user and channel, kept across navigation and a reload. */
import { readItem, writeItem } from "../storage";

export function readDraft(userId: string, channelId: string): string {
  return readItem(key(userId, channelId)) ?? "";
}

export function writeDraft(userId: string, channelId: string, text: string): void {
  writeItem(key(userId, channelId), text === "" ? null : text);
}

const key = (userId: string, channelId: string) => `parley.draft.${userId}.${channelId}`;
