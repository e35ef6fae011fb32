/** Wait before the stream is opened again; ends early if the signal aborts. */
import { backoff } from "../../../core/socket/backoff";

export function waitBeforeReconnect(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(8_000, backoff(attempt, Math.random())));
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
