/** How long to wait before trying again: twice as long each time, never together with everybody else. */

const FIRST_MS = 500;
const MAX_MS = 30_000;

/** `attempt` counts from 0; `random` is in [0, 1). Half of the wait is fixed, half is chance. */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
