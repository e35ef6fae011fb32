/** Exponential back-off with jitter. */

const FIRST_MS = 500;
const MAX_MS = 30_000;

/** The delay in ms. `attempt` counts from 0; `random` is in [0, 1) and scales half of the delay. */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
