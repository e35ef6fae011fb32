/** Filtering and sorting of runs and events. Pure. */
import type { PublishedEvent, RunSummary } from "../contract";

export interface Filter {
  /** A detail-type; empty for all. */
  readonly type: string;
  readonly status: "" | "succeeded" | "failed" | "troubled";
  readonly channelId: string;
  readonly userId: string;
}

export const NO_FILTER: Filter = { type: "", status: "", channelId: "", userId: "" };

export const CHANNEL_EVENTS = [
  "MessageSent",
  "MessageEdited",
  "MessageDeleted",
  "ReactionAdded",
  "ReactionRemoved",
  "ChannelCreated",
  "MemberJoined",
  "MemberLeft",
] as const;
export const STATUS_UPDATES = [
  "UserConnected",
  "UserDisconnected",
  "UserRenamed",
  "TypingStarted",
  "ChannelRead",
] as const;

export function matchesRun(run: RunSummary, filter: Filter): boolean {
  if (filter.type && run.detailType !== filter.type) return false;
  if (filter.channelId && run.channelId !== filter.channelId) return false;
  if (filter.userId && run.userId !== filter.userId) return false;
  switch (filter.status) {
    case "succeeded":
      return run.status === "SUCCEEDED";
    case "failed":
      return run.status !== "SUCCEEDED" && run.status !== "RUNNING";
    case "troubled":
      return run.troubled;
    default:
      return true;
  }
}

export function matchesEvent(event: PublishedEvent, filter: Filter): boolean {
  if (filter.type && event.detailType !== filter.type) return false;
  if (filter.channelId && event.channelId !== filter.channelId) return false;
  return !filter.userId || event.actor === filter.userId || aboutUser(event) === filter.userId;
}

/** Optionally puts troubled runs first; the order is otherwise kept. */
export function sortRuns(runs: readonly RunSummary[], failedFirst: boolean): readonly RunSummary[] {
  if (!failedFirst) return runs;
  return [...runs.filter((run) => run.troubled), ...runs.filter((run) => !run.troubled)];
}

function aboutUser(event: PublishedEvent): unknown {
  const data = event.detail?.data;
  return typeof data === "object" && data !== null && "userId" in data ? data.userId : undefined;
}
