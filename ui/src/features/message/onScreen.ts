/** Which messages the user has seen: those on screen, and those that the user has scrolled past. */
import type { Channel } from "../../core/contract";
import { isUnread, newest, startsAfter, type Timeline } from "../../core/state/timeline";

/** The seqs of the first and the last message. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/** The messages of which at least half is on screen, or that fill half of it; null if there are none. */
export function messagesOnScreen(scroller: HTMLElement): SeqRange | null {
  const view = scroller.getBoundingClientRect();
  const half = (view.bottom - view.top) / 2;
  let range: SeqRange | null = null as SeqRange | null;
  for (const article of scroller.querySelectorAll<HTMLElement>("article[data-seq]")) {
    const { top, bottom } = article.getBoundingClientRect();
    const shown = Math.min(bottom, view.bottom) - Math.max(top, view.top);
    if (shown <= 0 || shown < Math.min(half, (bottom - top) / 2) || !isPlaced(article)) continue;
    const seq = Number(article.dataset.seq);
    range = { first: range?.first ?? seq, last: seq };
  }
  return range;
}

/** The windowed list hides rows until their height is known: their position is an estimate. */
function isPlaced(article: HTMLElement): boolean {
  return article.closest<HTMLElement>("[data-row]")?.parentElement?.style.visibility !== "hidden";
}

/**
 * The seen messages after a change of position. A jump that leaves out unread messages starts again; what the user
 * scrolls past counts as seen.
 */
export function withSeen(
  seen: SeqRange | null,
  visible: SeqRange,
  jumped: boolean,
  unreadBetween: (after: number, before: number) => boolean,
): SeqRange {
  if (!seen) return visible;
  const skips =
    unreadBetween(seen.last, visible.first) ||
    (visible.last < seen.first && unreadBetween(visible.last, seen.first));
  if (jumped && skips) return visible;
  return { first: Math.min(seen.first, visible.first), last: Math.max(seen.last, visible.last) };
}

/** Whether there are unread messages before a seq: then later ones cannot be marked as read. */
export function hasUnreadBefore(timeline: Timeline, seq: number, readSeq: number, me: string): boolean {
  if (seq <= readSeq) return false;
  return startsAfter(timeline, readSeq) || unreadIn(timeline, readSeq, readSeq, seq, me);
}

/** The number of unread messages after a seq. Those that are not loaded count as unread. */
export function countUnreadAfter(
  timeline: Timeline,
  seq: number,
  { readSeq, lastSeq }: Pick<Channel, "readSeq" | "lastSeq">,
  me: string,
): number {
  const after = Math.max(seq, readSeq);
  const loaded = timeline.messages.filter((message) => isUnread(message, after, me)).length;
  const later = timeline.hasLater ? Math.max(0, lastSeq - Math.max(after, newest(timeline))) : 0;
  return loaded + later;
}

/** Whether an unread message is loaded between two seqs. */
export function unreadIn(
  timeline: Timeline,
  readSeq: number,
  after: number,
  before: number,
  me: string,
): boolean {
  return timeline.messages.some(
    (message) => message.seq > after && message.seq < before && isUnread(message, readSeq, me),
  );
}
