/**
 * The live feed: one stream for all views, published to them in batches. If views render too slowly, reading stops; the
 * stage then drops the oldest items and reports their number, so that memory stays bounded.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { ApiError } from "../../../core/api/errors";
import type { Problem, PublishedEvent, RunSummary } from "../contract";
import type { InspectorApi } from "../inspectorApi";
import { waitBeforeReconnect } from "./waitBeforeReconnect";

/** The minimum interval between updates of the views. */
const PUBLISH_EVERY_MS = 250;
/** Reading stops while more items than this are not published. */
const MAX_PENDING = 400;
/** The number of events, and of runs, that are kept. */
export const MAX_KEPT = 2_000;

export type LiveStatus = "connecting" | "live" | "lost";

export interface FeedState {
  readonly status: LiveStatus;
  /** Newest first, unique by id. */
  readonly events: readonly PublishedEvent[];
  readonly runs: readonly RunSummary[];
  /** The number of items dropped because the page or the stage was too slow. */
  readonly missed: number;
  /** Why the stage has no events or runs for the stream, such as a right that its reader lacks. */
  readonly problems: Readonly<Record<Problem["source"], string | null>>;
}

export const EMPTY_FEED: FeedState = {
  status: "connecting",
  events: [],
  runs: [],
  missed: 0,
  problems: { events: null, runs: null },
};

export class LiveFeed {
  readonly #api: InspectorApi;
  readonly #listeners = new Set<() => void>();
  #state: FeedState = EMPTY_FEED;
  #events: PublishedEvent[] = [];
  #runs: RunSummary[] = [];
  #missed = 0;
  #stop: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resumeReading: (() => void) | null = null;

  constructor(api: InspectorApi) {
    this.#api = api;
  }

  read = (): FeedState => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#stop) this.#start();
    return () => {
      this.#listeners.delete(listener);
      // Keep the stream open while navigating from one view to another.
      setTimeout(() => {
        if (this.#listeners.size === 0) this.#end();
      }, 1_000);
    };
  };

  #start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    void this.#keepReading(stop.signal);
  }

  #end(): void {
    this.#stop?.abort("over");
    this.#stop = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#resumeReading?.();
  }

  async #keepReading(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const stream = await this.#api.live(signal);
        attempt = 0;
        this.#setStatus("live");
        await this.#readAll(stream, signal);
      } catch (failure) {
        if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
      }
      if (signal.aborted) return;
      this.#setStatus("lost");
      await waitBeforeReconnect(attempt, signal);
    }
  }

  async #readAll(stream: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const reader = stream
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#receive(value.event, value.data);
      if (this.#events.length + this.#runs.length > MAX_PENDING) {
        await new Promise<void>((resolve) => {
          this.#resumeReading = resolve;
        });
      }
    }
  }

  #receive(kind: string | undefined, data: string): void {
    const body: unknown = JSON.parse(data);
    if (kind === "event") this.#events.push(body as PublishedEvent);
    else if (kind === "run") this.#runs.push(body as RunSummary);
    else if (kind === "problem") this.#setProblem(body as Problem);
    else if (kind === "gap") this.#missed += (body as { missed: number }).missed;
    this.#timer ??= setTimeout(() => this.#publish(), PUBLISH_EVERY_MS);
  }

  #publish(): void {
    this.#timer = undefined;
    this.#state = {
      ...this.#state,
      events: mergeNewest(
        this.#state.events,
        this.#events,
        (event) => event.eventId,
        (event) => event.occurredAt,
      ),
      runs: mergeNewest(
        this.#state.runs,
        this.#runs,
        (run) => run.runId,
        (run) => run.startedAt,
      ),
      missed: this.#state.missed + this.#missed,
    };
    this.#events = [];
    this.#runs = [];
    this.#missed = 0;
    this.#resumeReading?.();
    this.#resumeReading = null;
    this.#notify();
  }

  #setProblem({ source, message }: Problem): void {
    this.#state = { ...this.#state, problems: { ...this.#state.problems, [source]: message } };
    this.#notify();
  }

  #setStatus(status: LiveStatus): void {
    if (this.#state.status === status) return;
    this.#state = { ...this.#state, status };
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Merge new items into a list: newest first, unique by id (the later one wins), at most `max`. */
export function mergeNewest<T>(
  before: readonly T[],
  added: readonly T[],
  idOf: (item: T) => string,
  timeOf: (item: T) => string,
  max = MAX_KEPT,
): readonly T[] {
  if (added.length === 0) return before;
  const fresh = new Map(added.map((item) => [idOf(item), item]));
  const kept = before.filter((item) => !fresh.has(idOf(item)));
  const sorted = [...fresh.values()].sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
  const merged: T[] = [];
  let at = 0;
  for (const item of sorted) {
    for (let next = kept[at]; next !== undefined && timeOf(next) > timeOf(item); next = kept[at]) {
      merged.push(next);
      at += 1;
    }
    merged.push(item);
  }
  for (; at < kept.length; at += 1) merged.push(kept[at] as T);
  return merged.slice(0, max);
}
