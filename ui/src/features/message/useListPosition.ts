/**
 * The scroll position of the message list: where it opens, that it stays at its end while it is there, and how the list
 * itself changes it. The list's rows and what the user has seen of them are left to others.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import type { ScrollToIndexOpts, VirtualizerHandle } from "virtua";
import type { Outgoing } from "../../core/socket/outbox";
import { contains, indexFrom, type Timeline } from "../../core/state/timeline";
import type { Row } from "./rows";

/** With room above the row, so that it is seen where the list goes on. */
export const AT_START: ScrollToIndexOpts = { align: "start", offset: -64 };

export interface ListPosition {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly list: RefObject<VirtualizerHandle | null>;
  /** The list is at its end, and stays there when rows are added. */
  readonly atEnd: RefObject<boolean>;
  /** The position was changed by the list, not by the user. */
  readonly jumped: RefObject<boolean>;
  readonly scrollToEnd: () => void;
  /** Scroll to the end again after rows have got another height. */
  readonly stayAtEnd: () => void;
  /** Show a row, and leave the end of the list. */
  readonly scrollToRow: (index: number, options: ScrollToIndexOpts) => void;
}

interface ListPositionProps {
  readonly rows: readonly Row[];
  readonly timeline: Timeline;
  readonly outgoing: readonly Outgoing[];
  /** The seq of a linked message: centred after each navigation to it. */
  readonly target: number | null;
  readonly navigationId: number;
  /** Opens at the newest message, also if there are unread ones. */
  readonly startAtEnd: boolean;
}

export function useListPosition(props: ListPositionProps): ListPosition {
  const { rows, timeline, outgoing, target, navigationId, startAtEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const atEnd = useRef(target === null);
  const jumped = useRef(true);
  const last = rows.length - 1;

  const stayAtEnd = useCallback(() => {
    list.current?.scrollToIndex(last, { align: "end" });
  }, [last]);

  const scrollToEnd = useCallback(() => {
    atEnd.current = true;
    jumped.current = true;
    stayAtEnd();
  }, [stayAtEnd]);

  const scrollToRow = useCallback((index: number, options: ScrollToIndexOpts) => {
    atEnd.current = false;
    jumped.current = true;
    list.current?.scrollToIndex(index, options);
  }, []);

  const placedFor = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (rows.length === 0 || placedFor.current === navigationId) return;
    const first = placedFor.current === null;
    if (target !== null && (first || contains(timeline, target))) {
      placedFor.current = timeline.loading === "all" ? -1 : navigationId;
      // Without the linked message, the one after it is shown.
      scrollToRow(Math.min(indexFrom(timeline.messages, target), last), { align: "center" });
    } else if (first) {
      placedFor.current = navigationId;
      const firstNew = startAtEnd ? -1 : rows.findIndex((row) => row.firstNew);
      if (firstNew < 0) scrollToEnd();
      else scrollToRow(firstNew, AT_START);
    }
  });

  // A new own message scrolls the list to the end.
  const newestOwn = outgoing.at(-1)?.clientMessageId;
  const knownOwn = useRef(new Set(outgoing.map((item) => item.clientMessageId)));
  useEffect(() => {
    if (newestOwn === undefined || knownOwn.current.has(newestOwn)) return;
    knownOwn.current.add(newestOwn);
    scrollToEnd();
  }, [newestOwn, scrollToEnd]);

  return { scroller, list, atEnd, jumped, scrollToEnd, stayAtEnd, scrollToRow };
}
