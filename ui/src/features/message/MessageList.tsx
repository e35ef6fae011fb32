/**
 * A channel's messages as a windowed list. Opens at the newest message, the first new one or a linked one; stays at the
 * end while it is there; keeps the scroll position when earlier messages are added.
 */
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Person } from "../../core/contract";
import type { Outgoing } from "../../core/socket/outbox";
import { indexOf, type Timeline } from "../../core/state/timeline";
import { mentions } from "../../core/text/mentions";
import { dayName } from "../../core/text/time";
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";
import { useDayTick } from "../shared/useTick";
import { copiedText } from "./copyMessages";
import styles from "./MessageList.module.css";
import { MessageRow } from "./MessageRow";
import type { MessageActions } from "./messageActions";
import { OutgoingRow } from "./OutgoingRow";
import { buildRows, type Row } from "./rows";
import { usePrinting } from "./usePrinting";

/** Earlier messages are requested when the distance to the first loaded one is less than this. */
const FETCH_AHEAD_PX = 900;
/** A distance up to this counts as the end of the list. */
const NEAR_END_PX = 48;

interface MessageListProps {
  readonly label: string;
  readonly timeline: Timeline;
  readonly outgoing: readonly Outgoing[];
  readonly me: Person & { readonly username: string };
  readonly newSince: number | null;
  /** The seq of a linked message: centred and highlighted after each navigation to it. */
  readonly target: number | null;
  readonly navigationId: number;
  readonly unread: number;
  /** The seq of the message that is being edited. */
  readonly editing: number | null;
  readonly nameOf: (person: Person) => string;
  readonly actions: MessageActions;
  readonly intro: ReactNode;
  readonly onEarlier: () => void;
  readonly onLater: () => void;
  readonly onNewest: () => void;
  readonly onSeen: (seq: number) => void;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

export function MessageList(props: MessageListProps) {
  const { label, timeline, outgoing, me, newSince, target, navigationId, unread, editing } = props;
  const { nameOf, actions, intro } = props;
  const { onEarlier, onLater, onNewest, onSeen, onRetry, onDiscard } = props;
  useDayTick();
  const printing = usePrinting();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const atEnd = useRef(target === null);
  const [awayFromEnd, setAwayFromEnd] = useState(false);
  const [focused, setFocused] = useState<number | null>(null);
  // Row heights are estimates until they are measured: the list is shown after that, so that it does not jump.
  const [measured, setMeasured] = useState(false);

  const rows = useMemo(
    () => buildRows({ messages: timeline.messages, outgoing, me: me.userId, newSince }),
    [timeline.messages, outgoing, me.userId, newSince],
  );
  const last = rows.length - 1;

  // Rows were added before the first one: keep the distance from the end, so that visible rows do not move.
  const firstKey = rows[0]?.key;
  const lastRendered = useRef({ firstKey, count: rows.length });
  const shifted =
    rows.length !== lastRendered.current.count &&
    lastRendered.current.firstKey !== undefined &&
    firstKey !== lastRendered.current.firstKey;
  useLayoutEffect(() => {
    lastRendered.current = { firstKey, count: rows.length };
  });

  // --- scroll position

  const scrollToEnd = useCallback(() => {
    list.current?.scrollToIndex(last, { align: "end" });
  }, [last]);

  const placedFor = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (rows.length === 0 || placedFor.current === navigationId) return;
    const first = placedFor.current === null;
    const index =
      target === null ? rows.findIndex((row) => row.firstNew) : indexOf(timeline.messages, target);
    if (target !== null && index >= 0) {
      placedFor.current = navigationId;
      atEnd.current = false;
      list.current?.scrollToIndex(index, { align: "center" });
    } else if (first) {
      placedFor.current = target === null ? navigationId : -1;
      atEnd.current = index < 0;
      if (index < 0) scrollToEnd();
      else list.current?.scrollToIndex(index, { align: "start", offset: -64 });
    }
  });

  const onPositionChange = useCallback(() => {
    const handle = list.current;
    if (!handle || rows.length === 0) return;
    const below = handle.scrollSize - handle.scrollOffset - handle.viewportSize;
    atEnd.current = below <= NEAR_END_PX && !timeline.hasLater;
    setAwayFromEnd(below > handle.viewportSize * 0.6 || timeline.hasLater);
    if (handle.scrollOffset < FETCH_AHEAD_PX && timeline.hasEarlier && timeline.loading === "none")
      onEarlier();
    if (below < FETCH_AHEAD_PX && timeline.hasLater && timeline.loading === "none") onLater();
    if (document.visibilityState === "visible" && document.hasFocus()) {
      const row = rows[handle.findItemIndex(handle.scrollOffset + handle.viewportSize - 8)];
      const seen = atEnd.current
        ? timeline.messages.at(-1)?.seq
        : row?.kind === "message"
          ? row.message.seq
          : undefined;
      if (seen !== undefined) onSeen(seen);
    }
  }, [rows, timeline, onEarlier, onLater, onSeen]);

  useEffect(() => {
    if (atEnd.current && !timeline.hasLater) scrollToEnd();
    const frame = requestAnimationFrame(onPositionChange);
    return () => cancelAnimationFrame(frame);
  }, [onPositionChange, scrollToEnd, timeline.hasLater]);

  useEffect(() => {
    addEventListener("focus", onPositionChange);
    document.addEventListener("visibilitychange", onPositionChange);
    return () => {
      removeEventListener("focus", onPositionChange);
      document.removeEventListener("visibilitychange", onPositionChange);
    };
  }, [onPositionChange]);

  // An own message scrolls the list to the end.
  const newestOwn = outgoing.at(-1)?.clientMessageId;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only for a new own message.
  useEffect(() => {
    if (newestOwn !== undefined) {
      atEnd.current = true;
      scrollToEnd();
    }
  }, [newestOwn]);

  const scrollToNewest = () => {
    atEnd.current = true;
    if (timeline.hasLater) onNewest();
    else scrollToEnd();
    scroller.current?.focus({ preventScroll: true });
  };

  // --- keyboard

  const focusRow = (index: number) => {
    const to = Math.max(0, Math.min(last, index));
    setFocused(to);
    list.current?.scrollToIndex(to, { align: "nearest" });
    requestAnimationFrame(() => {
      scroller.current
        ?.querySelector<HTMLElement>(`[data-row="${to}"] article`)
        ?.focus({ preventScroll: true });
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const within = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    const at = within ? Number(within.dataset.row) : null;
    const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -8, PageDown: 8 };
    const by = steps[event.key];
    if (event.key === "End") focusRow(last);
    else if (event.key === "Home") focusRow(0);
    else if (by !== undefined) focusRow(at === null ? last : at + by);
    else return;
    event.preventDefault();
  };

  const onCopy = (event: ClipboardEvent<HTMLElement>) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed) return;
    const text = copiedText(event.currentTarget, selection.getRangeAt(0), { rows, me, nameOf });
    if (text === null) return;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  };

  const renderRow = (row: Row, index: number) => (
    <div key={row.key} data-row={index}>
      {index === 0 && !timeline.hasEarlier && intro}
      {row.day !== null && (
        <div className={styles.day}>
          <time dateTime={row.day}>{dayName(row.day)}</time>
        </div>
      )}
      {row.firstNew && (
        <div className={styles.newSince}>
          <span>New</span>
        </div>
      )}
      {row.kind === "message" ? (
        <MessageRow
          message={row.message}
          name={nameOf(row.message.sender)}
          startsGroup={row.startsGroup}
          highlighted={row.message.seq === target}
          editing={row.message.seq === editing}
          mentionsMe={row.message.sender.userId !== me.userId && mentions(row.message.text, me.username)}
          actions={actions}
        />
      ) : (
        <OutgoingRow
          item={row.item}
          me={me.userId}
          name={nameOf(me)}
          startsGroup={row.startsGroup}
          resolveMention={actions.resolveMention}
          onRetry={onRetry}
          onDiscard={onDiscard}
        />
      )}
    </div>
  );

  return (
    <div className={styles.messages}>
      {timeline.loading === "earlier" && (
        <div className={styles.more}>
          <span className="spinner" />
          <span className="visually-hidden">Loading earlier messages</span>
        </div>
      )}
      <div
        ref={scroller}
        className={classNames(styles.scroller, !measured && styles.unmeasured)}
        data-region="messages"
        role="log"
        aria-label={label}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard.
        tabIndex={0}
        onKeyDown={onKeyDown}
        onCopy={onCopy}
      >
        <div className={styles.spacer} />
        {rows.length === 0 && intro}
        <Virtualizer
          ref={list}
          scrollRef={scroller}
          data={rows}
          shift={shifted}
          bufferSize={600}
          keepMounted={focused === null || focused > last ? [] : [focused]}
          onScroll={onPositionChange}
          onResize={() => {
            setMeasured(true);
            if (atEnd.current) scrollToEnd();
            // A short list does not scroll: report the visible rows once they are measured.
            onPositionChange();
          }}
        >
          {renderRow}
        </Virtualizer>
      </div>
      {/* The window above holds the messages on screen only. */}
      {printing && <div className={styles.printed}>{rows.map(renderRow)}</div>}
      {awayFromEnd && (
        <button type="button" className={styles.toNewest} onClick={scrollToNewest}>
          <Icon name="down" size={16} />
          {unread > 0 ? `${unread} new ${unread === 1 ? "message" : "messages"}` : "Jump to newest"}
        </button>
      )}
    </div>
  );
}
