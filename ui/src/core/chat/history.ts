/**
 * Loads messages: a channel's newest page, the page around a link, earlier and later pages, gaps and backfills.
 * `state/timeline.ts` merges them.
 */
import type { Api, MessageQuery } from "../api/api";
import { ApiError } from "../api/errors";
import type { Message, MessagePage } from "../contract";
import { withChannel, withDeletedUnread } from "../state/frames";
import type { ChatState, MessageChangeFrame } from "../state/model";
import { change, store } from "../state/store";
import * as timelines from "../state/timeline";
import { emptyTimeline, type Place, type Timeline } from "../state/timeline";
import { ChangesDuringRequests } from "./changesDuringRequests";
import { memberSpread, SpreadRequests } from "./spreadRequests";

const PAGE = 50;
const BACKFILL_PAGE = 100;
/** The user's last message is searched in this many pages. */
const OWN_PAGES = 10;
/** A channel that has more new messages than this after a reconnect is reloaded in place of a backfill. */
const MAX_BACKFILL = 400;
/** The newest loaded messages are fetched again after a reconnect: they may have been edited. */
const REFRESHED_ON_RECONNECT = 40;
/** The windows of this many channels are kept, those that were opened last: a reconnect fetches what each has missed. */
const MAX_TIMELINES = 20;
/** Frames may be reordered; a missing seq is fetched only after this time. */
const GAP_DELAY_MS = 400;
/** The workflow tries to store a message for two minutes and a half at most, so a skipped seq may appear later. */
const GAP_RETRY_DELAYS_MS = [3_000, 10_000, 30_000, 60_000, 60_000];

export class History {
  readonly #api: Api;
  readonly #onFailure: (failure: unknown, options?: { quiet: boolean }) => void;
  readonly #onSearched: (channelId: string) => void;
  readonly #spread = new SpreadRequests();
  readonly #gaps = new Set<string>();
  readonly #changes = new ChangesDuringRequests();
  /** channelId → the latest request for a window: responses to earlier ones are dropped. */
  readonly #requests = new Map<string, symbol>();
  /** The channels whose windows are kept, the one opened last at the end. */
  readonly #opened = new Set<string>();
  #stopped = false;

  /** `onSearched`: seqs that are still missing in a channel are known to be holes. */
  constructor(
    api: Api,
    onFailure: (failure: unknown, options?: { quiet: boolean }) => void,
    onSearched: (channelId: string) => void,
  ) {
    this.#api = api;
    this.#onFailure = onFailure;
    this.#onSearched = onSearched;
  }

  /** Ignore the responses that are still to come: another chat may use the store next. */
  stop(): void {
    this.#stopped = true;
    this.#requests.clear();
    this.#spread.stop();
  }

  /** The frame of a change has arrived: responses that are still to come may be older. */
  onChange(frame: MessageChangeFrame): void {
    this.#changes.add(frame);
  }

  /** A page of messages, with the changes that arrive during the request. */
  #messages(channelId: string, query: MessageQuery): Promise<MessagePage> {
    return this.#changes.appliedTo(channelId, this.#api.messages(channelId, query));
  }

  /**
   * Load a window of messages at a place, unless it is loaded. The latest call wins. `channelsLoaded` resolves when the
   * read markers are known.
   */
  async open(channelId: string, place: Place, channelsLoaded?: Promise<unknown>): Promise<void> {
    this.#keep(channelId);
    const timeline = store.getState().timelines[channelId];
    if (timeline?.loading === "all") {
      if (timeline.place === place) return;
    } else if (timeline && !timeline.failed && timeline.generation > 0) {
      if (shows(timeline, channelId, place)) {
        this.#checkExists(timeline.messages, place);
        return;
      }
    }
    const request = Symbol(channelId);
    this.#requests.set(channelId, request);
    change((state) => {
      const known = state.timelines[channelId] ?? emptyTimeline;
      const arrived = known.loading === "all" ? known.arrived : [];
      const loading: Timeline = { ...known, loading: "all", failed: false, place, arrived };
      return { ...state, timelines: { ...state.timelines, [channelId]: loading } };
    });
    try {
      const window = await this.#changes.appliedTo(channelId, this.#load(channelId, place, channelsLoaded));
      if (this.#requests.get(channelId) !== request) return;
      change((state) =>
        withHistory(
          withTimeline(state, channelId, (known) => timelines.replaced(known, window, window)),
          window.items,
        ),
      );
      this.#checkExists(window.items, place);
      // Messages that arrived during the request.
      this.watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    } catch (failure) {
      if (this.#requests.get(channelId) !== request) return;
      change((state) =>
        withTimeline(state, channelId, (known) => ({ ...known, loading: "none", failed: true })),
      );
      // The screen shows that the channel is not accessible.
      if (!isInaccessible(failure)) this.#onFailure(failure, { quiet: true });
    }
  }

  /** Drop the window of the channel that was opened longest ago, if there are too many. */
  #keep(channelId: string): void {
    this.#opened.delete(channelId);
    this.#opened.add(channelId);
    if (this.#opened.size <= MAX_TIMELINES) return;
    const [oldest = ""] = this.#opened;
    this.#opened.delete(oldest);
    this.#requests.delete(oldest);
    change((state) => {
      const { [oldest]: _, ...timelines } = state.timelines;
      return { ...state, timelines };
    });
  }

  async #load(channelId: string, place: Place, channelsLoaded: Promise<unknown> | undefined) {
    if (typeof place === "number") return this.#around(channelId, place);
    const known = store.getState().channels[channelId];
    const isFar = place === "unread" && known !== undefined && known.unread > PAGE;
    if (isFar) return this.#around(channelId, known.readSeq + 1);
    const newest = await this.#newest(channelId);
    if (place === "newest") return newest;
    await channelsLoaded;
    const channel = store.getState().channels[channelId];
    const first = newest.items[0]?.seq ?? 0;
    return channel?.unread && newest.hasEarlier && first > channel.readSeq + 1
      ? this.#around(channelId, channel.readSeq + 1)
      : newest;
  }

  #checkExists(messages: readonly Message[], place: Place): void {
    if (typeof place === "number" && !messages.some(({ seq }) => seq === place))
      this.#onFailure(new ApiError("NOT_FOUND", `This channel has no message ${place}. Check the link.`));
  }

  async #newest(channelId: string) {
    const { items, hasMore } = await this.#api.messages(channelId, { limit: PAGE });
    return { items, hasEarlier: hasMore, hasLater: false };
  }

  async #around(channelId: string, seq: number) {
    const [before, after] = await Promise.all([
      this.#api.messages(channelId, { before: Math.max(1, seq), limit: PAGE / 2 }),
      this.#api.messages(channelId, { after: Math.max(0, seq - 1), limit: PAGE / 2 }),
    ]);
    return { items: [...before.items, ...after.items], hasEarlier: before.hasMore, hasLater: after.hasMore };
  }

  async loadEarlier(channelId: string): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (!timeline?.hasEarlier || timeline.loading !== "none") return;
    await this.#loadMore(channelId, "earlier", { before: timelines.oldest(timeline), limit: PAGE });
  }

  async loadLater(channelId: string): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    // After a failure, the requested window is loaded first: on a reconnect, or when the user asks for it again.
    if (!timeline?.hasLater || timeline.loading !== "none" || timeline.failed) return;
    await this.#loadMore(channelId, "later", { after: timelines.newest(timeline), limit: PAGE });
  }

  async #loadMore(
    channelId: string,
    loading: "earlier" | "later",
    query: { before?: number; after?: number; limit: number },
  ): Promise<void> {
    const generation = store.getState().timelines[channelId]?.generation;
    const add = loading === "earlier" ? timelines.withEarlier : timelines.withLater;
    change((state) => withTimeline(state, channelId, (known) => ({ ...known, loading })));
    try {
      const page = await this.#messages(channelId, query);
      change((state) =>
        withTimeline(state, channelId, (known) =>
          known.generation === generation && known.loading === loading ? add(known, page) : known,
        ),
      );
      this.watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    } catch (failure) {
      change((state) =>
        withTimeline(state, channelId, (known) =>
          known.loading === loading ? { ...known, loading: "none" } : known,
        ),
      );
      this.#onFailure(failure);
    }
  }

  /** Whether the user reads a channel away from the end of its window: what they read is kept when messages arrive. */
  setReadingBack(channelId: string, isBack: boolean): void {
    const { readingBack } = store.getState();
    if (isBack === (readingBack === channelId)) return;
    change((state) => ({ ...state, readingBack: isBack ? channelId : null }));
  }

  /**
   * Fetch missing seqs up to `upTo` after a short delay, if there are any. If others miss them too, fetch at a random moment
   * within `spread` ms, and only if they have not arrived by then.
   */
  watchGap(channelId: string, upTo: number, spread = 0): void {
    const timeline = store.getState().timelines[channelId];
    if (!timeline || this.#gaps.has(channelId)) return;
    if (timeline.hasLater || timeline.loading !== "none" || timeline.settled >= upTo) return;
    this.#gaps.add(channelId);
    this.#spread.within(spread, channelId, () => {
      setTimeout(() => void this.#fillGap(channelId), GAP_DELAY_MS);
    });
  }

  /** Fetches twice, because a new message may not be readable yet. Seqs that are still missing are skipped for now. */
  async #fillGap(channelId: string): Promise<void> {
    if (this.#stopped) return;
    const gap = this.#gapOf(channelId);
    const generation = store.getState().timelines[channelId]?.generation;
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const now = this.#gapOf(channelId);
        if (!now) break;
        await this.#fetchAfter(channelId, now.after);
        await new Promise((resolve) => setTimeout(resolve, GAP_DELAY_MS));
        if (this.#stopped) return;
      }
      if (this.#gapOf(channelId) && isOpen(channelId, generation))
        change((state) => withTimeline(state, channelId, timelines.skipped));
    } catch {
      // The next message or reconnect fetches again.
    } finally {
      this.#gaps.delete(channelId);
    }
    if (!isOpen(channelId, generation))
      this.watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    else if (gap)
      await this.#retryGap(channelId, { ...gap, upTo: Math.max(gap.upTo, this.#settled(channelId)) });
  }

  #settled(channelId: string): number {
    return store.getState().timelines[channelId]?.settled ?? 0;
  }

  /** The range of seqs that is not settled; null if there is none. */
  #gapOf(channelId: string): timelines.Range | null {
    const { timelines: known, channels } = store.getState();
    const timeline = known[channelId];
    const upTo = channels[channelId]?.lastSeq ?? 0;
    if (!timeline || timeline.hasLater || timeline.settled >= upTo) return null;
    return { after: timeline.settled, upTo };
  }

  /** A skipped seq is usually a hole, and one when the search has ended; a message that was stored late is inserted. */
  async #retryGap(channelId: string, range: timelines.Range): Promise<void> {
    const generation = store.getState().timelines[channelId]?.generation;
    const limit = Math.min(range.upTo - range.after, BACKFILL_PAGE);
    let isSearched = false;
    for (const pause of GAP_RETRY_DELAYS_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.#stopped) return;
      const timeline = store.getState().timelines[channelId];
      if (!timeline || timeline.generation !== generation || !timelines.hasMissing(timeline, range)) return;
      const page = await this.#messages(channelId, { after: range.after, limit }).catch(() => null);
      isSearched = page !== null && (!page.hasMore || (page.items.at(-1)?.seq ?? 0) >= range.upTo);
      if (!page) continue;
      change((state) =>
        withTimeline(state, channelId, (known) =>
          known.generation === generation && timelines.hasMissing(known, range)
            ? timelines.withLater(known, page)
            : known,
        ),
      );
    }
    if (!isSearched || !isOpen(channelId, generation)) return;
    change((state) => withTimeline(state, channelId, (known) => timelines.searched(known, range.upTo)));
    this.#onSearched(channelId);
  }

  /** Fetch everything after a seq. It does not join the window of another place, if one is opened meanwhile. */
  async #fetchAfter(channelId: string, after: number): Promise<void> {
    const generation = store.getState().timelines[channelId]?.generation;
    for (let from = after; ; ) {
      const page = await this.#messages(channelId, { after: from, limit: BACKFILL_PAGE });
      const joins = isOpen(channelId, generation);
      change((state) =>
        withHistory(
          joins ? withTimeline(state, channelId, (known) => timelines.withLater(known, page)) : state,
          page.items,
        ),
      );
      from = page.items.at(-1)?.seq ?? from;
      if (!joins || !page.hasMore || page.items.length === 0) return;
    }
  }

  /** Backfill all loaded channels after a reconnect, the one on screen first. */
  async backfill(onScreen: string | null): Promise<void> {
    const loaded = Object.keys(store.getState().timelines);
    loaded.sort((a, b) => Number(b === onScreen) - Number(a === onScreen));
    for (const channelId of loaded) {
      // A failure must not stop the other channels; the next gap or reconnect fetches again.
      await this.#backfillChannel(channelId).catch(() => undefined);
    }
  }

  async #backfillChannel(channelId: string): Promise<void> {
    const { timelines: known, channels } = store.getState();
    const timeline = known[channelId];
    const channel = channels[channelId];
    if (!timeline || !channel || timeline.loading === "all") return;
    if (timeline.failed) {
      await this.open(channelId, timeline.place);
      return;
    }
    if (timeline.hasLater) return;
    if (channel.lastSeq - timeline.settled > MAX_BACKFILL) {
      change((state) =>
        withTimeline(state, channelId, (before) => ({ ...before, failed: true, loading: "none" })),
      );
      await this.open(channelId, "unread");
      return;
    }
    const from = Math.max(timeline.settled - REFRESHED_ON_RECONNECT, timelines.oldest(timeline) - 1, 0);
    await this.#fetchAfter(channelId, from);
    if (!isOpen(channelId, timeline.generation)) return;
    const range = { after: timeline.settled, upTo: this.#settled(channelId) };
    // A seq that is missing between messages that were missed may be of a message that is stored later.
    if (range.upTo > range.after) void this.#retryGap(channelId, range);
    const { lastSeq = 0, memberCount = 0 } = store.getState().channels[channelId] ?? {};
    this.watchGap(channelId, lastSeq, memberSpread(memberCount));
  }

  /**
   * The user's newest message of a channel that is not deleted, loaded or not. Null if it is not among the newest
   * `OWN_PAGES` pages, or cannot be read now.
   */
  async newestOwn(channelId: string, userId: string): Promise<Message | null> {
    const timeline = store.getState().timelines[channelId] ?? emptyTimeline;
    const ownIn = (messages: readonly Message[]) =>
      messages.findLast((message) => message.sender.userId === userId && message.deletedAt === null);
    const isNewest = !timeline.hasLater && timeline.loading !== "all" && !timeline.failed;
    const loaded = isNewest ? ownIn(timeline.messages) : undefined;
    if (loaded || (isNewest && !timeline.hasEarlier)) return loaded ?? null;
    let before = isNewest ? timelines.oldest(timeline) : undefined;
    try {
      for (let page = 0; page < OWN_PAGES; page += 1) {
        const { items, hasMore } = await this.#messages(channelId, {
          limit: BACKFILL_PAGE,
          ...(before !== undefined && { before }),
        });
        const own = ownIn(items);
        if (own || !hasMore) return own ?? null;
        before = items[0]?.seq;
      }
    } catch (failure) {
      this.#onFailure(failure);
    }
    return null;
  }

  /** Read one message again, also if it is not loaded; null if there is none. Rejects if the server cannot be reached. */
  async refreshMessage(channelId: string, seq: number): Promise<Message | null> {
    const { items } = await this.#messages(channelId, { after: seq - 1, limit: 1 });
    const [message] = items;
    if (message?.seq !== seq) return null;
    change((state) =>
      withTimeline(state, channelId, (timeline) =>
        timelines.updateMessage(timeline, seq, (known) => timelines.answered(known, message)),
      ),
    );
    return message;
  }

  /** Look up an own message that was acked but whose frame did not arrive. */
  async confirmDelivery(channelId: string): Promise<void> {
    const page = await this.#messages(channelId, { limit: PAGE }).catch(() => null);
    if (!page) return;
    const newest = page.items.at(-1)?.seq ?? 0;
    change((state) => withHistory(withLastSeq(state, channelId, newest), page.items));
    this.watchGap(channelId, newest);
  }
}

/** Change the window of a channel, unless it was dropped meanwhile. */
function withTimeline(state: ChatState, channelId: string, by: (timeline: Timeline) => Timeline): ChatState {
  const known = state.timelines[channelId];
  if (!known) return state;
  const after = by(known);
  if (after === known) return state;
  return { ...state, timelines: { ...state.timelines, [channelId]: after } };
}

/** Raise a channel's last seq to that of a message found in history. */
function withLastSeq(state: ChatState, channelId: string, seq: number): ChatState {
  const channel = state.channels[channelId];
  return channel && seq > channel.lastSeq ? withChannel(state, { ...channel, lastSeq: seq }) : state;
}

/** Remove own messages found in history from the outbox; deleted ones do not count as unread. */
function withHistory(known: ChatState, messages: readonly Message[]): ChatState {
  const deleted = messages.filter((message) => message.deletedAt !== null);
  const channelId = messages[0]?.channelId ?? "";
  const state = withDeletedUnread(
    known,
    channelId,
    deleted.map(({ seq }) => seq),
  );
  const mine = messages.filter((message) => message.sender.userId === state.me?.userId);
  const arrived = new Set(mine.map((message) => message.clientMessageId));
  const outbox = state.outbox.filter((item) => !arrived.has(item.clientMessageId));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

/** Whether the window is still the one of this generation, and ends with the newest message. */
function isOpen(channelId: string, generation: number | undefined): boolean {
  const timeline = store.getState().timelines[channelId];
  if (!timeline || timeline.generation !== generation) return false;
  return timeline.loading !== "all" && !timeline.hasLater;
}

/** Whether the window has the messages of a place. */
function shows(timeline: Timeline, channelId: string, place: Place): boolean {
  if (typeof place === "number") return timelines.contains(timeline, place);
  const channel = store.getState().channels[channelId];
  if (place === "newest" || !channel?.unread) return !timeline.hasLater;
  return timeline.hasLater
    ? timelines.contains(timeline, channel.readSeq + 1)
    : !timelines.startsAfter(timeline, channel.readSeq);
}

/** Whether the error means that the channel does not exist or the user is not a member. */
export function isInaccessible(failure: unknown): boolean {
  return failure instanceof ApiError && (failure.code === "NOT_A_MEMBER" || failure.code === "NOT_FOUND");
}
