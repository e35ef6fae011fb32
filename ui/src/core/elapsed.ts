/** Whether a time is over. The clock may have been set back meanwhile: a wait must not become longer by that. */

/** Whether more than `ms` have passed since an earlier moment. A moment in the future is from before the clock was set back. */
export function hasPassed(since: number, ms: number, now: number): boolean {
  return now - since > ms || now < since;
}

/** Whether to wait until a moment that was chosen at `since`. */
export function mustWait(until: number, since: number, now: number): boolean {
  return now < until && now >= since;
}
