/**
 * Simulated time and network for the client: everything that its core takes from the browser. A schedule that
 * is run twice with the same seed does the same.
 */

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly every: number | null;
  readonly run: () => void;
}

/**
 * Wait until every promise that can settle has settled. From an async function, Node calls `nextTick` after the microtasks;
 * a turn of the event loop, as of `setImmediate`, would take several times as long.
 */
const settled = () => new Promise<void>((resolve) => process.nextTick(resolve));

export class VirtualTime {
  now: number;
  /** Sorted by time, and by id for the same time. */
  readonly #timers: Timer[] = [];
  #lastId = 0;

  constructor(start: number) {
    this.now = start;
  }

  setTimeout(run: () => void, ms = 0): number {
    return this.#add({ at: this.now + Math.max(0, ms), every: null, run });
  }

  setInterval(run: () => void, ms: number): number {
    return this.#add({ at: this.now + ms, every: ms, run });
  }

  clear(id: unknown): void {
    const index = this.#timers.findIndex((timer) => timer.id === id);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.setTimeout(resolve, ms));
  }

  /** Run every timer of the next `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (let timer = this.#timers[0]; timer && timer.at <= until; timer = this.#timers[0]) {
      this.#timers.shift();
      this.now = timer.at;
      if (timer.every !== null) this.#insert({ ...timer, at: timer.at + timer.every });
      timer.run();
      await settled();
    }
    this.now = until;
  }

  #add(timer: Omit<Timer, "id">): number {
    this.#lastId += 1;
    this.#insert({ ...timer, id: this.#lastId });
    return this.#lastId;
  }

  #insert(timer: Timer): void {
    const after = this.#timers.findIndex(({ at, id }) => at > timer.at || (at === timer.at && id > timer.id));
    this.#timers.splice(after < 0 ? this.#timers.length : after, 0, timer);
  }
}

/** The globals that are replaced, and their replacements. */
export type Replaced = Readonly<Record<string, unknown>>;

/** Replace globals, and return the function that restores them. */
export function replaceGlobals(replaced: Replaced): () => void {
  const before = Object.keys(replaced).map((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name),
  ]);
  for (const [name, value] of Object.entries(replaced))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  return () => {
    for (const [name, descriptor] of before as [string, PropertyDescriptor | undefined][]) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  };
}
