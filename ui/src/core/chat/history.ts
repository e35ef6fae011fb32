/**
 * Loads messages: a channel's newest, those around a link, older and newer ones, those that a gap or an
 * absence left out. How they fit together is for `state/timeline.ts`.
 */
import type { Api } from "../api/api";
import { ApiError } from "../api/errors";
import type { Message } from "../contract";
import { withChannel } from "../state/frames";
import type { ChatState } from "../state/model";
import { change, store } from "../state/store";
import * as timelines from "../state/timeline";
import { emptyTimeline, type Timeline } from "../state/timeline";

const PAGE = 50;
const BACKFILL_PAGE = 100;
/** After an absence, a channel that moved on by more than this is loaded afresh. */
const MAX_BACKFILL = 400;
/** On return the newest loaded messages are read again: they may have been edited meanwhile. */
const REFRESHED_ON_RECONNECT = 40;
/** Frames overtake each other by a little; only what stays away is a gap. */
const GAP_DELAY_MS = 400;
/** Storing a message is tried again for half a minute, so what was skipped may be there later on. */
const GAP_RETRY_DELAYS_MS = [3_000, 10_000, 30_000];

export class History {
  readonly #api: Api;
  readonly #onFailure: (failure: unknown, options?: { quiet: boolean }) => void;
  readonly #gaps = new Set<string>();

  constructor(api: Api, onFailure: (failure: unknown, options?: { quiet: boolean }) => void) {
    this.#api = api;
    this.#onFailure = onFailure;
  }

  /** Load a channel's newest messages, or those around a seq. Nothing to do if they are here. */
  async open(channelId: string, around: number | null): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (timeline?.loading === "all") return;
    if (timeline && !timeline.failed && timeline.generation > 0) {
      if (around === null ? !timeline.hasLater : contains(timeline, around)) return;
    }
    change((state) =>
      withTimeline(state, channelId, (known) => ({ ...known, loading: "all", failed: false })),
    );
    try {
      const window = around === null ? await this.#newest(channelId) : await this.#around(channelId, around);
      change((state) =>
        withoutDelivered(
          withTimeline(state, channelId, (known) => timelines.replaced(known, window, window)),
          window.items,
        ),
      );
      // What came in while the page was on its way.
      this.watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    } catch (failure) {
      change((state) =>
        withTimeline(state, channelId, (known) => ({ ...known, loading: "none", failed: true })),
      );
      // Whoever shows the channel says that it is not theirs.
      if (!isInaccessible(failure)) this.#onFailure(failure, { quiet: true });
    }
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
    if (!timeline?.hasLater || timeline.loading !== "none") return;
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
      const page = await this.#api.messages(channelId, query);
      change((state) =>
        withTimeline(state, channelId, (known) =>
          known.generation === generation ? add(known, page) : known,
        ),
      );
      this.watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    } catch (failure) {
      change((state) => withTimeline(state, channelId, (known) => ({ ...known, loading: "none" })));
      this.#onFailure(failure);
    }
  }

  /** A live message may have come with a seq that is not the next one: see whether those between can be fetched. */
  watchGap(channelId: string, upTo: number): void {
    const timeline = store.getState().timelines[channelId];
    if (!timeline || this.#gaps.has(channelId)) return;
    if (timeline.hasLater || timeline.loading !== "none" || timeline.settled >= upTo) return;
    this.#gaps.add(channelId);
    setTimeout(() => void this.#fillGap(channelId), GAP_DELAY_MS);
  }

  /** Asks twice, since what was just told may not be readable yet; what stays away is skipped, for now. */
  async #fillGap(channelId: string): Promise<void> {
    const gap = this.#gapOf(channelId);
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const now = this.#gapOf(channelId);
        if (!now) break;
        await this.#fetchAfter(channelId, now.after);
        await new Promise((resolve) => setTimeout(resolve, GAP_DELAY_MS));
      }
      if (this.#gapOf(channelId)) change((state) => withTimeline(state, channelId, timelines.skipped));
    } catch {
      // The next message, or the next connection, asks again.
    } finally {
      this.#gaps.delete(channelId);
    }
    if (gap) await this.#retryGap(channelId, gap);
  }

  /** What is not settled of a channel, up to the last seq that is known to be taken. */
  #gapOf(channelId: string): timelines.Range | null {
    const { timelines: known, channels } = store.getState();
    const timeline = known[channelId];
    const upTo = channels[channelId]?.lastSeq ?? 0;
    if (!timeline || timeline.hasLater || timeline.settled >= upTo) return null;
    return { after: timeline.settled, upTo };
  }

  /** What was skipped belongs to no message, as a rule; one that was stored late takes its place then. */
  async #retryGap(channelId: string, range: timelines.Range): Promise<void> {
    const generation = store.getState().timelines[channelId]?.generation;
    const limit = Math.min(range.upTo - range.after, BACKFILL_PAGE);
    for (const pause of GAP_RETRY_DELAYS_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const timeline = store.getState().timelines[channelId];
      if (!timeline || timeline.generation !== generation || !timelines.hasMissing(timeline, range)) return;
      const page = await this.#api.messages(channelId, { after: range.after, limit }).catch(() => null);
      if (!page) continue;
      change((state) =>
        withTimeline(state, channelId, (known) =>
          timelines.hasMissing(known, range) ? timelines.withLater(known, page) : known,
        ),
      );
    }
  }

  async #fetchAfter(channelId: string, after: number): Promise<void> {
    for (let from = after; ; ) {
      const page = await this.#api.messages(channelId, { after: from, limit: BACKFILL_PAGE });
      change((state) =>
        withoutDelivered(
          withTimeline(state, channelId, (known) => timelines.withLater(known, page)),
          page.items,
        ),
      );
      from = page.items.at(-1)?.seq ?? from;
      if (!page.hasMore || page.items.length === 0) return;
    }
  }

  /** After an absence: whatever the loaded channels missed, the one on screen first. */
  async backfill(onScreen: string | null): Promise<void> {
    const loaded = Object.keys(store.getState().timelines);
    loaded.sort((a, b) => Number(b === onScreen) - Number(a === onScreen));
    for (const channelId of loaded) {
      // One that fails must not keep the others from it; the next gap or connection asks again.
      await this.#backfillChannel(channelId).catch(() => undefined);
    }
  }

  async #backfillChannel(channelId: string): Promise<void> {
    const { timelines: known, channels } = store.getState();
    const timeline = known[channelId];
    const channel = channels[channelId];
    if (!timeline || !channel || timeline.loading === "all" || timeline.hasLater) return;
    if (timeline.failed || channel.lastSeq - timeline.settled > MAX_BACKFILL) {
      change((state) =>
        withTimeline(state, channelId, (before) => ({ ...before, failed: true, loading: "none" })),
      );
      await this.open(channelId, null);
      return;
    }
    const from = Math.max(timeline.settled - REFRESHED_ON_RECONNECT, timelines.oldest(timeline) - 1, 0);
    await this.#fetchAfter(channelId, from);
  }

  /** One's own message was acked, yet never seen: its frame may have been lost. History knows. */
  async confirmDelivery(channelId: string): Promise<void> {
    const page = await this.#api.messages(channelId, { limit: PAGE }).catch(() => null);
    if (!page) return;
    const newest = page.items.at(-1)?.seq ?? 0;
    change((state) => withoutDelivered(withLastSeq(state, channelId, newest), page.items));
    this.watchGap(channelId, newest);
  }
}

function withTimeline(state: ChatState, channelId: string, by: (timeline: Timeline) => Timeline): ChatState {
  const known = state.timelines[channelId] ?? emptyTimeline;
  const after = by(known);
  if (after === state.timelines[channelId]) return state;
  return { ...state, timelines: { ...state.timelines, [channelId]: after } };
}

/** History knows of a message that no frame has told of. */
function withLastSeq(state: ChatState, channelId: string, seq: number): ChatState {
  const channel = state.channels[channelId];
  return channel && seq > channel.lastSeq ? withChannel(state, { ...channel, lastSeq: seq }) : state;
}

/** Own messages found in history need not be sent again. */
function withoutDelivered(state: ChatState, messages: readonly Message[]): ChatState {
  const mine = messages.filter((message) => message.sender.userId === state.me?.userId);
  const arrived = new Set(mine.map((message) => message.clientMessageId));
  const outbox = state.outbox.filter((item) => !arrived.has(item.clientMessageId));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

function contains(timeline: Timeline, seq: number): boolean {
  return timelines.oldest(timeline) <= seq && seq <= timelines.newest(timeline);
}

/** Whether a failure says that a channel is not, or no longer, for this person. */
export function isInaccessible(failure: unknown): boolean {
  return failure instanceof ApiError && (failure.code === "NOT_A_MEMBER" || failure.code === "NOT_FOUND");
}
