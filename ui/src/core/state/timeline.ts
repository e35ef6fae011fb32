/** The loaded window of a channel's messages, ordered by seq. Pure; `core/chat/history.ts` fetches messages. */
import type { Message, MessagePage } from "../contract";

export interface Timeline {
  /** Ascending by seq, each seq once. */
  readonly messages: readonly Message[];
  /** Up to this seq, everything from the first loaded message on is loaded or a hole. */
  readonly settled: number;
  readonly hasEarlier: boolean;
  /** The window ends before the newest message, so live messages are not added. */
  readonly hasLater: boolean;
  readonly loading: "none" | "earlier" | "later" | "all";
  readonly failed: boolean;
  /** Incremented when the window is replaced. */
  readonly generation: number;
}

export const emptyTimeline: Timeline = {
  messages: [],
  settled: 0,
  hasEarlier: false,
  hasLater: false,
  loading: "all",
  failed: false,
  generation: 0,
};

export function newest(timeline: Timeline): number {
  return timeline.messages.at(-1)?.seq ?? timeline.settled;
}

export function oldest(timeline: Timeline): number {
  return timeline.messages[0]?.seq ?? timeline.settled + 1;
}

/** Replace the window. */
export function replaced(
  timeline: Timeline,
  page: Pick<MessagePage, "items">,
  has: Pick<Timeline, "hasEarlier" | "hasLater">,
): Timeline {
  const messages = merge([], page.items);
  return {
    messages,
    settled: messages.at(-1)?.seq ?? 0,
    ...has,
    loading: "none",
    failed: false,
    generation: timeline.generation + 1,
  };
}

export function withEarlier(timeline: Timeline, page: MessagePage): Timeline {
  return {
    ...timeline,
    messages: merge(timeline.messages, page.items),
    hasEarlier: page.hasMore,
    loading: "none",
    failed: false,
  };
}

/** Add a page requested with `after`. Missing seqs up to its last message are holes. */
export function withLater(timeline: Timeline, page: MessagePage): Timeline {
  const messages = merge(timeline.messages, page.items);
  const reached = Math.max(timeline.settled, page.items.at(-1)?.seq ?? 0);
  return {
    ...timeline,
    messages,
    settled: settle(messages, reached),
    hasLater: page.hasMore && timeline.hasLater,
    loading: timeline.loading === "later" ? "none" : timeline.loading,
    failed: false,
  };
}

/** Treat missing seqs as holes. */
export function skipped(timeline: Timeline): Timeline {
  return { ...timeline, settled: newest(timeline) };
}

/** The seqs from `after` (exclusive) to `upTo` (inclusive). */
export interface Range {
  readonly after: number;
  readonly upTo: number;
}

/** Whether the window spans the range and lacks a seq of it. */
export function hasMissing(timeline: Timeline, { after, upTo }: Range): boolean {
  if (timeline.hasLater || timeline.loading === "all" || oldest(timeline) > after + 1) return false;
  const there = timeline.messages.filter(({ seq }) => seq > after && seq <= upTo);
  return there.length < upTo - after;
}

/** Add a live message, unless the window is loading or ends before the newest message. */
export function withLive(timeline: Timeline, message: Message): Timeline {
  if (timeline.hasLater || timeline.loading === "all") return timeline;
  // Older than the window: an old message was delivered again.
  if (timeline.hasEarlier && timeline.messages.length > 0 && message.seq < oldest(timeline)) return timeline;
  if (find(timeline.messages, message.seq)) return timeline;
  const messages = merge(timeline.messages, [message]);
  return { ...timeline, messages, settled: settle(messages, timeline.settled) };
}

/** The seq after which messages are missing from the live stream; null if there is no gap. */
export function gap(timeline: Timeline): number | null {
  if (timeline.hasLater || timeline.loading === "all") return null;
  return newest(timeline) > timeline.settled ? timeline.settled : null;
}

export function updateMessage(timeline: Timeline, seq: number, by: (message: Message) => Message): Timeline {
  const index = indexOf(timeline.messages, seq);
  const message = timeline.messages[index];
  if (!message) return timeline;
  const after = by(message);
  return after === message ? timeline : { ...timeline, messages: timeline.messages.with(index, after) };
}

/** Drop the oldest messages of a window longer than `max`; they can be fetched again. */
export function trim(timeline: Timeline, max: number, keep: number): Timeline {
  if (timeline.messages.length <= max) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-keep), hasEarlier: true };
}

/** Messages of `more` replace those with the same seq. */
function merge(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  const first = more[0];
  if (!first) return known;
  if (first.seq > (known.at(-1)?.seq ?? 0) && ascending(more)) return [...known, ...more];
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of more) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function ascending(messages: readonly Message[]): boolean {
  return messages.every((message, index) => index === 0 || message.seq > (messages[index - 1]?.seq ?? 0));
}

function settle(messages: readonly Message[], from: number): number {
  let settled = from;
  for (let index = indexOf(messages, from + 1); messages[index]?.seq === settled + 1; index += 1)
    settled += 1;
  return settled;
}

function find(messages: readonly Message[], seq: number): Message | undefined {
  return messages[indexOf(messages, seq)];
}

/** The index of a seq, or -1, by binary search. */
export function indexOf(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = messages[middle]?.seq ?? 0;
    if (at === seq) return middle;
    if (at < seq) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
