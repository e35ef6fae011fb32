/** The live feed in a component, and a way to hold it still. */
import { useCallback, useState, useSyncExternalStore } from "react";
import { serverNow } from "../../../core/clock";
import { useInspection } from "../context";
import type { News } from "./feed";

export interface Live extends News {
  readonly paused: boolean;
  /** Paused: what happened later than this is not shown, wherever it was read. */
  readonly until: string | null;
  /** What came while it was held still. */
  readonly waiting: number;
  readonly toggle: () => void;
}

interface Held {
  readonly news: News;
  readonly at: string;
}

export function useLive(kind: "events" | "runs"): Live {
  const { feed } = useInspection();
  const news = useSyncExternalStore(feed.subscribe, feed.read);
  const [held, setHeld] = useState<Held | null>(null);
  const toggle = useCallback(
    () =>
      setHeld((before) => (before ? null : { news: feed.read(), at: new Date(serverNow()).toISOString() })),
    [feed],
  );
  const newest = held?.news[kind][0];
  const waiting = held
    ? newest
      ? Math.max(0, (news[kind] as unknown[]).indexOf(newest))
      : news[kind].length
    : 0;
  return {
    ...(held?.news ?? news),
    status: news.status,
    paused: held !== null,
    until: held?.at ?? null,
    waiting,
    toggle,
  };
}
