/** What was begun and not sent, per channel: there again after a reload or a look elsewhere. */

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
    // Storage is full or switched off: the draft lives as long as the page.
  }
}

function key(userId: string, channelId: string): string {
  return `parley.draft.${userId}.${channelId}`;
}
