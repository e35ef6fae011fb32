/** So many clients may make a request at the same moment. */
const FEW = 100;
const SPREAD_PER_MEMBER_MS = 5;
const MAX_MEMBER_SPREAD_MS = 60_000;

/** Within how many ms the members of a channel request what all of them need. */
export function memberSpread(members: number): number {
  return members <= FEW ? 0 : timeForMembers(members);
}

/** How many ms so many members take for a request each: up to 12,000 make at most 200 requests a second. */
export function timeForMembers(members: number): number {
  return Math.min(MAX_MEMBER_SPREAD_MS, members * SPREAD_PER_MEMBER_MS);
}

/**
 * Requests that many clients have a reason for at the same moment, such as a frame that all of them get. Each client makes its
 * own after a random time.
 */
export class SpreadRequests {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  /** Make a request within so many ms, 0: now. One that waits, by its name, stands for later ones too. */
  within(ms: number, name: string, request: () => void): void {
    if (this.#timers.has(name)) return;
    if (ms === 0) {
      request();
      return;
    }
    const run = () => {
      this.#timers.delete(name);
      request();
    };
    this.#timers.set(name, setTimeout(run, Math.random() * ms));
  }

  /** Make none of those that wait. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
