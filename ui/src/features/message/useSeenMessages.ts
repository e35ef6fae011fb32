/** Reports which messages the user has seen, after each change of the list's position. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Timeline } from "../../core/state/timeline";
import {
  countUnreadAfter,
  hasUnreadBefore,
  messagesOnScreen,
  type SeqRange,
  unreadIn,
  withSeen,
} from "./onScreen";
import type { ListPosition } from "./useListPosition";

interface SeenMessagesProps {
  readonly position: ListPosition;
  readonly timeline: Timeline;
  readonly readSeq: number;
  readonly lastSeq: number;
  readonly me: string;
  readonly onSeen: (seq: number) => void;
}

interface SeenMessages {
  /** There are unread messages before those that the user has seen. */
  readonly unreadAbove: boolean;
  /** The number of unread messages below the screen and after those that the user has seen. */
  readonly unreadBelow: number;
  /** The messages on screen may have changed. */
  readonly reportSeen: () => void;
}

export function useSeenMessages(props: SeenMessagesProps): SeenMessages {
  const { timeline, readSeq, lastSeq, me, onSeen } = props;
  const { scroller, jumped } = props.position;
  const seen = useRef<SeqRange | null>(null);
  const [unreadAbove, setUnreadAbove] = useState(false);
  const [unreadBelow, setUnreadBelow] = useState(0);
  const latest = useRef({ timeline, readSeq, lastSeq });
  useLayoutEffect(() => {
    latest.current = { timeline, readSeq, lastSeq };
  });

  const nextReport = useRef(0);
  const reportSeen = useCallback(() => {
    cancelAnimationFrame(nextReport.current);
    // In the next frame, rows have their place.
    nextReport.current = requestAnimationFrame(() => {
      const { timeline, readSeq, lastSeq } = latest.current;
      const visible = scroller.current && messagesOnScreen(scroller.current);
      if (!visible) return;
      if (document.hasFocus() && document.visibilityState === "visible") {
        seen.current = withSeen(seen.current, visible, jumped.current, (after, before) =>
          unreadIn(timeline, readSeq, after, before, me),
        );
        jumped.current = false;
        const above = hasUnreadBefore(timeline, seen.current.first, readSeq, me);
        setUnreadAbove(above);
        if (!above) onSeen(seen.current.last);
      }
      const last = Math.max(visible.last, seen.current?.last ?? 0);
      setUnreadBelow(countUnreadAfter(timeline, last, { readSeq, lastSeq }, me));
    });
  }, [scroller, jumped, me, onSeen]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab may have moved the marker; a message was stored.
  useEffect(() => reportSeen(), [readSeq, lastSeq, reportSeen]);
  useEffect(() => () => cancelAnimationFrame(nextReport.current), []);

  return { unreadAbove, unreadBelow, reportSeen };
}
