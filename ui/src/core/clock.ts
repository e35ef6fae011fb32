/**
 * The server's time, as well as a client can know it. People's clocks are hours off at times, and "last
 * seen" and "typing until" are told in the server's time; order never depends on either.
 */

let offsetMs = 0;

/** Learn from a response's `Date` header. It counts whole seconds, which is all that is needed. */
export function updateServerTime(dateHeader: string | null, now = Date.now()): void {
  const serverTime = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (!Number.isNaN(serverTime)) offsetMs = Math.abs(serverTime - now) > 2_000 ? serverTime - now : 0;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}
