/** When a refused command is sent again: the same for messages (`outbox.ts`) and for changes of them (`changes.ts`). */
import type { ErrorCode } from "../contract";

export const MAX_ATTEMPTS = 5;

/** Whether the command was refused only because it came too early. */
export function isTooEarly(code: ErrorCode): boolean {
  return code === "RATE_LIMITED" || code === "TOO_MANY_REFUSALS";
}

/** The wait in ms before the command is sent again; null if it is refused for good. */
export function retryAfter(
  code: ErrorCode,
  retryAfterMs: number | undefined,
  attempts: number,
): number | null {
  if (isTooEarly(code)) return retryAfterMs ?? 1_000;
  // On the next socket.
  if (code === "SESSION_EXPIRED") return 1_000;
  return code === "INTERNAL" && attempts < MAX_ATTEMPTS ? 500 * 2 ** attempts : null;
}
