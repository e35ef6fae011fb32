/**
 * The seq after which messages are new: what was unread when the channel was opened, when its window was replaced, or
 * when the tab was last hidden.
 */
import { useEffect, useRef, useState } from "react";
import type { Channel } from "../../core/contract";

export function useNewSince(channel: Channel, generation: number): number | null {
  const unreadSince = channel.unread > 0 ? channel.readSeq : null;
  const [since, setSince] = useState(unreadSince);
  const [before, setBefore] = useState(generation);
  if (generation !== before) {
    setBefore(generation);
    if (unreadSince !== null) setSince(unreadSince);
  }
  const latest = useRef(channel);
  useEffect(() => {
    latest.current = channel;
  });

  useEffect(() => {
    const onVisibility = () => {
      const { lastSeq, readSeq } = latest.current;
      // Everything was read when the tab was hidden: later messages are new.
      if (document.visibilityState === "hidden" && readSeq >= lastSeq) setSince(lastSeq);
    };
    document.addEventListener("visibilitychange", onVisibility);
    return () => document.removeEventListener("visibilitychange", onVisibility);
  }, []);

  return since;
}
