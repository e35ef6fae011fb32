/** The live feed in a component, and a way to hold it still. */
import { useCallback, useState, useSyncExternalStore } from "react";
import { useInspection } from "../context";
import type { News } from "./feed";

export interface Live extends News {
  readonly paused: boolean;
  /** What came while it was held still. */
  readonly waiting: number;
  readonly toggle: () => void;
}

export function useLive(kind: "events" | "runs"): Live {
  const { feed } = useInspection();
  const news = useSyncExternalStore(feed.subscribe, feed.read);
  const [held, setHeld] = useState<News | null>(null);
  const toggle = useCallback(() => setHeld((before) => (before ? null : feed.read())), [feed]);
  const newest = held?.[kind][0];
  const waiting = held
    ? newest
      ? Math.max(0, (news[kind] as unknown[]).indexOf(newest))
      : news[kind].length
    : 0;
  return { ...(held ?? news), status: news.status, paused: held !== null, waiting, toggle };
}
