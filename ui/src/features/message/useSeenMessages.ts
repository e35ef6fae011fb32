/** Reports which messages the user has seen, after each change of the list's position. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Timeline } from "../../core/state/timeline";
import { hasUnreadBefore, messagesOnScreen, type SeqRange, unreadIn, withSeen } from "./onScreen";
import type { ListPosition } from "./useListPosition";

interface SeenMessagesProps {
  readonly position: ListPosition;
  readonly timeline: Timeline;
  readonly readSeq: number;
  readonly me: string;
  readonly onSeen: (seq: number) => void;
}

interface SeenMessages {
  /** There are unread messages before those that the user has seen. */
  readonly unreadAbove: boolean;
  /** The messages on screen may have changed. */
  readonly reportSeen: () => void;
}

export function useSeenMessages(props: SeenMessagesProps): SeenMessages {
  const { timeline, readSeq, me, onSeen } = props;
  const { scroller, jumped } = props.position;
  const seen = useRef<SeqRange | null>(null);
  const [unreadAbove, setUnreadAbove] = useState(false);
  const latest = useRef({ timeline, readSeq });
  useLayoutEffect(() => {
    latest.current = { timeline, readSeq };
  });

  const nextReport = useRef(0);
  const reportSeen = useCallback(() => {
    cancelAnimationFrame(nextReport.current);
    // In the next frame, rows have their place.
    nextReport.current = requestAnimationFrame(() => {
      const { timeline, readSeq } = latest.current;
      if (!scroller.current || !document.hasFocus() || document.visibilityState !== "visible") return;
      const visible = messagesOnScreen(scroller.current);
      if (!visible) return;
      seen.current = withSeen(seen.current, visible, jumped.current, (after, before) =>
        unreadIn(timeline, readSeq, after, before, me),
      );
      jumped.current = false;
      const above = hasUnreadBefore(timeline, seen.current.first, readSeq, me);
      setUnreadAbove(above);
      if (!above) onSeen(seen.current.last);
    });
  }, [scroller, jumped, me, onSeen]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab may have moved the marker.
  useEffect(() => reportSeen(), [readSeq, reportSeen]);
  useEffect(() => () => cancelAnimationFrame(nextReport.current), []);

  return { unreadAbove, reportSeen };
}
