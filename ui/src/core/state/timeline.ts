/** The loaded window of a channel's messages, ordered by seq. Pure; `core/chat/history.ts` fetches messages. */
import type { Channel, Message, MessagePage } from "../contract";

/** Where a window is opened: around a seq, at the first unread message, or at the newest one. */
export type Place = number | "unread" | "newest";

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
  /** The place that was requested last, also if it could not be loaded. */
  readonly place: Place;
  /** Live messages that arrived while the window was loading. */
  readonly arrived: readonly Message[];
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
  place: "newest",
  arrived: [],
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
  const loaded = merge([], page.items);
  const first = has.hasEarlier ? (loaded[0]?.seq ?? 0) : 0;
  const live = has.hasLater ? [] : timeline.arrived.filter(({ seq }) => seq > first);
  const messages = merge(live, loaded);
  return {
    messages,
    settled: settle(messages, loaded.at(-1)?.seq ?? 0),
    hasEarlier: has.hasEarlier,
    hasLater: has.hasLater,
    loading: "none",
    failed: false,
    place: timeline.place,
    arrived: [],
    generation: timeline.generation + 1,
  };
}

export function withEarlier(timeline: Timeline, page: MessagePage): Timeline {
  return {
    ...timeline,
    messages: merge(timeline.messages, page.items),
    hasEarlier: page.hasMore,
    loading: "none",
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
  };
}

/** Treat missing seqs before the newest message as holes. */
export function skipped(timeline: Timeline): Timeline {
  return searched(timeline, newest(timeline));
}

/** Treat missing seqs up to this one as holes, also those after the newest message. */
export function searched(timeline: Timeline, upTo: number): Timeline {
  return { ...timeline, settled: settle(timeline.messages, Math.max(timeline.settled, upTo)) };
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

/** Add a live message, unless the window ends before the newest one. A window that is loading gets it afterwards. */
export function withLive(timeline: Timeline, message: Message): Timeline {
  if (timeline.loading === "all") {
    if (find(timeline.arrived, message.seq)) return timeline;
    return { ...timeline, arrived: merge(timeline.arrived, [message]) };
  }
  if (timeline.hasLater) return timeline;
  // Older than the window: an old message was delivered again.
  if (timeline.hasEarlier && timeline.messages.length > 0 && message.seq < oldest(timeline)) return timeline;
  if (find(timeline.messages, message.seq)) return timeline;
  const messages = merge(timeline.messages, [message]);
  return { ...timeline, messages, settled: settle(messages, timeline.settled) };
}

/** Whether the window is to get the message of this seq, and has not yet. */
export function lacks(timeline: Timeline, seq: number): boolean {
  if (timeline.loading !== "all" && (timeline.hasLater || seq <= timeline.settled)) return false;
  return !find(timeline.messages, seq) && !find(timeline.arrived, seq);
}

/** Whether a seq is between the first and the last loaded one. It may be a hole. */
export function contains(timeline: Timeline, seq: number): boolean {
  return oldest(timeline) <= seq && seq <= newest(timeline);
}

/** Whether the window may lack an unread message that is older than its first one. */
export function startsAfter(timeline: Timeline, readSeq: number): boolean {
  return timeline.hasEarlier && oldest(timeline) > readSeq + 1;
}

/** The seq after which messages are missing from the live stream; null if there is no gap. */
export function gap(timeline: Timeline): number | null {
  if (timeline.hasLater || timeline.loading === "all") return null;
  return newest(timeline) > timeline.settled ? timeline.settled : null;
}

export function updateMessage(timeline: Timeline, seq: number, by: (message: Message) => Message): Timeline {
  const messages = updated(timeline.messages, seq, by);
  const arrived = updated(timeline.arrived, seq, by);
  const same = messages === timeline.messages && arrived === timeline.arrived;
  return same ? timeline : { ...timeline, messages, arrived };
}

function updated(
  messages: readonly Message[],
  seq: number,
  by: (message: Message) => Message,
): readonly Message[] {
  const index = indexOf(messages, seq);
  const message = messages[index];
  if (!message) return messages;
  const after = by(message);
  return after === message ? messages : messages.with(index, after);
}

/** Drop the oldest messages of a window longer than `max`; they can be fetched again. */
export function trim(timeline: Timeline, max: number, keep: number): Timeline {
  if (timeline.messages.length <= max) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-keep), hasEarlier: true };
}

/** Drop what is missing or newer after the last settled message: it is fetched when the user scrolls to it. */
export function ended(timeline: Timeline): Timeline {
  const end = indexFrom(timeline.messages, timeline.settled + 1);
  return { ...timeline, messages: timeline.messages.slice(0, end), hasLater: true };
}

/** Messages of `more` replace those with the same seq, as `answered` does. */
function merge(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  const first = more[0];
  if (!first) return known;
  if (first.seq > (known.at(-1)?.seq ?? 0) && ascending(more)) return [...known, ...more];
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of more) bySeq.set(message.seq, answered(bySeq.get(message.seq), message));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The message of an answer. It may be older than a deletion or an edit that is known: then these are kept. */
export function answered(known: Message | undefined, message: Message): Message {
  if (!known || known.unreadable || message.deletedAt !== null) return message;
  if (known.deletedAt !== null) return known;
  const { text, mentions, editedAt } = known;
  return (editedAt ?? "") > (message.editedAt ?? "") ? { ...message, text, mentions, editedAt } : message;
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

/** The index of a seq, or -1. */
export function indexOf(messages: readonly Message[], seq: number): number {
  const index = indexFrom(messages, seq);
  return messages[index]?.seq === seq ? index : -1;
}

/** The index of the first message with this seq or a later one, by binary search. */
export function indexFrom(messages: readonly Message[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A message that counts as unread for a user: later than the read marker, of another user, not deleted. */
export function isUnread(message: Message, readSeq: number, userId: string): boolean {
  return message.seq > readSeq && message.sender.userId !== userId && message.deletedAt === null;
}

/** Whether everything after the read marker, up to the last seq, is loaded or a hole, and no message of it is unread. */
export function isRead(
  timeline: Timeline,
  { readSeq, lastSeq }: Pick<Channel, "readSeq" | "lastSeq">,
  userId: string,
): boolean {
  if (timeline.hasLater || timeline.loading === "all" || timeline.failed) return false;
  if (timeline.settled < lastSeq || startsAfter(timeline, readSeq)) return false;
  return !timeline.messages.some((message) => isUnread(message, readSeq, userId));
}
