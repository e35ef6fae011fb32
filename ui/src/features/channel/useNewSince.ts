/** Where "new" begins in the open channel: what was unread when it was opened, or when the tab was last left. */
import { useEffect, useRef, useState } from "react";
import type { Channel } from "../../core/contract";

/** A seq after which others' messages are new, or null. */
export function useNewSince(channel: Channel): number | null {
  const [since, setSince] = useState(() => (channel.unread > 0 ? channel.readSeq : null));
  const latest = useRef(channel);
  useEffect(() => {
    latest.current = channel;
  });

  useEffect(() => {
    const onVisibility = () => {
      const { lastSeq, readSeq } = latest.current;
      // Left with everything read: whatever comes while nobody looks is new.
      if (document.visibilityState === "hidden" && readSeq >= lastSeq) setSince(lastSeq);
    };
    document.addEventListener("visibilitychange", onVisibility);
    return () => document.removeEventListener("visibilitychange", onVisibility);
  }, []);

  return since;
}
