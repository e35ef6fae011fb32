/**
 * The server's time. Client clocks may be hours off, and "last seen" and "typing until" are server times. The order
 * of messages does not depend on it.
 */

let offsetMs = 0;

/** Update the offset from a response's `Date` header, which has a resolution of one second. */
export function updateServerTime(dateHeader: string | null, now = Date.now()): void {
  const serverTime = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (!Number.isNaN(serverTime)) offsetMs = Math.abs(serverTime - now) > 2_000 ? serverTime - now : 0;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}
