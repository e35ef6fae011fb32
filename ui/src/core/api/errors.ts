/** What can go wrong with a request, in the server's own codes plus the two that only a client knows. */
import type { ErrorCode } from "../contract";

export type FailureCode = ErrorCode | "UNREACHABLE" | "SIGNED_OUT";

export class ApiError extends Error {
  readonly code: FailureCode;
  readonly status: number;

  constructor(code: FailureCode, message: string, status = 0) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }

  /** Whether the same request may well work in a while. */
  get isTransient(): boolean {
    return this.code === "UNREACHABLE" || this.code === "INTERNAL" || this.code === "RATE_LIMITED";
  }
}

/** A sentence for a person, whatever was thrown. */
export function errorMessage(failure: unknown): string {
  return failure instanceof ApiError ? failure.message : "Something went wrong. Try again.";
}
