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
