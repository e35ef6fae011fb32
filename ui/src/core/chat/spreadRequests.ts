/** The most clients that may make a request at the same moment. */
const FEW = 100;
const SPREAD_PER_MEMBER_MS = 5;
const MAX_MEMBER_SPREAD_MS = 60_000;

/** Within how many ms the members of a channel request what all of them need. */
export function memberSpread(members: number): number {
  return members <= FEW ? 0 : timeForMembers(members);
}

/** In how many ms each of the members makes one request: up to 12,000 make at most 200 requests a second. */
export function timeForMembers(members: number): number {
  return Math.min(MAX_MEMBER_SPREAD_MS, members * SPREAD_PER_MEMBER_MS);
}

/**
 * Requests that many clients have a reason for at the same moment, such as a frame that all of them get. Each client makes its
 * own after a random time.
 */
export class SpreadRequests {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  /** Make a request within `ms`, 0: now. While one of this name waits, further ones are not made. */
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

  /** Drop the requests that wait. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
