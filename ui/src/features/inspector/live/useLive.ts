/** The live feed for a component, with pausing. */
import { useCallback, useState, useSyncExternalStore } from "react";
import { serverNow } from "../../../core/clock";
import { useInspector } from "../inspectorContext";
import type { FeedState } from "./feed";

export interface Live extends FeedState {
  readonly paused: boolean;
  /** While paused, items after this time (ISO 8601) are not shown, from any source. */
  readonly until: string | null;
  /** The number of items received while paused. */
  readonly waiting: number;
  /** Why nothing new arrives. */
  readonly problem: string | null;
  readonly toggle: () => void;
}

interface PausedAt {
  readonly feedState: FeedState;
  readonly at: string;
}

/** Paused at the server's time, which is an estimate and may be behind what is shown already. */
function pausedNow(feedState: FeedState): PausedAt {
  const newest = feedState.events[0];
  const shown = newest ? Date.parse(newest.occurredAt) : 0;
  return { feedState, at: new Date(Math.max(serverNow(), shown)).toISOString() };
}

export function useLive(kind: "events" | "runs"): Live {
  const { feed } = useInspector();
  const feedState = useSyncExternalStore(feed.subscribe, feed.read);
  const [pausedAt, setPausedAt] = useState<PausedAt | null>(null);
  const toggle = useCallback(() => setPausedAt((before) => (before ? null : pausedNow(feed.read()))), [feed]);
  const newest = pausedAt?.feedState[kind][0];
  const waiting = pausedAt
    ? newest
      ? Math.max(0, (feedState[kind] as unknown[]).indexOf(newest))
      : feedState[kind].length
    : 0;
  return {
    ...(pausedAt?.feedState ?? feedState),
    status: feedState.status,
    paused: pausedAt !== null,
    until: pausedAt?.at ?? null,
    waiting,
    problem: feedState.problems[kind],
    toggle,
  };
}
