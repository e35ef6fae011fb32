/** Errors of requests: the server's codes, and three that only the client raises. */
import type { ErrorCode } from "../contract";

export type FailureCode = ErrorCode | "UNREACHABLE" | "SIGNED_OUT" | "NOT_SUPPORTED";

export class ApiError extends Error {
  readonly code: FailureCode;
  readonly status: number;
  /** When the server accepts another request, in ms from its answer; 0 if it did not say. */
  readonly retryAfterMs: number;

  constructor(code: FailureCode, message: string, status = 0, retryAfterMs = 0) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later. */
  get isTransient(): boolean {
    return this.code === "UNREACHABLE" || this.code === "INTERNAL" || this.code === "RATE_LIMITED";
  }
}

/** A message for the user, for any thrown value. */
export function errorMessage(failure: unknown): string {
  return failure instanceof ApiError ? failure.message : "Something went wrong. Try again.";
}
