/** Drafts per user and channel, kept across navigation and a reload. */

export function readDraft(userId: string, channelId: string): string {
  try {
    return localStorage.getItem(key(userId, channelId)) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(userId: string, channelId: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(key(userId, channelId));
    else localStorage.setItem(key(userId, channelId), text);
  } catch {
    // Storage is full or not available: the draft lasts until the page closes.
  }
}

function key(userId: string, channelId: string): string {
  return `parley.draft.${userId}.${channelId}`;
}
