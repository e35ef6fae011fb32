/**
 * Whether a time is over, by a clock that may have been set back meanwhile: what waits must not wait for as long as the
 * clock was set back.
 */

/** Whether more than `ms` have passed since an earlier moment. A moment that is in the future was before the clock was set. */
export function hasPassed(since: number, ms: number, now: number): boolean {
  return now - since > ms || now < since;
}

/** Whether to wait until a moment that was chosen at `since`. */
export function mustWait(until: number, since: number, now: number): boolean {
  return now < until && now >= since;
}
