/**
 * A channel's messages as a windowed list. Opens at the newest message, the first new one or a linked one; stays at the
 * end while it is there; keeps the scroll position when earlier messages are added.
 */
import {
  type ClipboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer } from "virtua";
import type { Person } from "../../core/contract";
import type { Outgoing } from "../../core/socket/outbox";
import { isUnread, startsAfter, type Timeline } from "../../core/state/timeline";
import { mentionsUser } from "../../core/text/mentions";
import { dayName } from "../../core/text/time";
import { classNames } from "../../kit/classNames";
import { Icon } from "../../kit/Icon";
import { focusOnRemoval } from "../../kit/keepFocus";
import { useDayTick } from "../shared/useTick";
import { copiedText } from "./copyMessages";
import { type KeepPlace, KeepPlaceContext } from "./keepPlace";
import styles from "./MessageList.module.css";
import { MessageRow } from "./MessageRow";
import type { MessageActions } from "./messageActions";
import { OutgoingRow } from "./OutgoingRow";
import { buildRows, type Row } from "./rows";
import { useEditedMessage } from "./useEditedMessage";
import { AT_START, useListPosition } from "./useListPosition";
import { usePrinting } from "./usePrinting";
import { useRowKeys } from "./useRowKeys";
import { useSeenMessages } from "./useSeenMessages";

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
  readonly readSeq: number;
  readonly lastSeq: number;
  /** Opens at the newest message, also if there are unread ones. */
  readonly startAtEnd: boolean;
  /** The seq of the message that is being edited. */
  readonly editing: number | null;
  /** The seqs of messages with a change that is not carried out yet. */
  readonly saving: ReadonlySet<number>;
  readonly nameOf: (person: Person) => string;
  readonly actions: MessageActions;
  readonly intro: ReactNode;
  /** The position has changed: whether it is the end of the list. */
  readonly onAtEnd: (atEnd: boolean) => void;
  readonly onEarlier: () => void;
  readonly onLater: () => void;
  readonly onNewest: () => void;
  /** Load the window with the first unread message. */
  readonly onFirstUnread: () => void;
  readonly onMarkRead: () => void;
  readonly onSeen: (seq: number) => void;
  /** Escape was pressed on a message. */
  readonly onLeave: () => void;
  readonly onRetry: (clientMessageId: string) => void;
  readonly onDiscard: (clientMessageId: string) => void;
}

export function MessageList(props: MessageListProps) {
  const { label, timeline, outgoing, me, newSince, target, navigationId, unread, editing } = props;
  const { saving, nameOf, actions, intro, readSeq, lastSeq, startAtEnd } = props;
  const { onAtEnd, onEarlier, onLater, onNewest, onFirstUnread, onMarkRead, onSeen } = props;
  const { onLeave, onRetry, onDiscard } = props;
  useDayTick();
  const printing = usePrinting();
  const [awayFromEnd, setAwayFromEnd] = useState(false);
  // Row heights are estimates until they are measured: the list is shown after that, so that it does not jump.
  const [measured, setMeasured] = useState(false);

  const rows = useMemo(
    () => buildRows({ messages: timeline.messages, outgoing, me: me.userId, newSince }),
    [timeline.messages, outgoing, me.userId, newSince],
  );

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

  const position = useListPosition({ rows, timeline, outgoing, target, navigationId, startAtEnd });
  const { scroller, list, atEnd, jumped, scrollToEnd, stayAtEnd, scrollToRow } = position;
  const { unreadAbove, unreadBelow, reportSeen } = useSeenMessages({
    position,
    timeline,
    readSeq,
    lastSeq,
    me: me.userId,
    onSeen,
  });
  const { focused, onKeyDown } = useRowKeys(position, rows.length - 1, onLeave);
  const focusListOnRemoval = useMemo(() => focusOnRemoval(() => scroller.current), [scroller]);

  const onPositionChange = useCallback(() => {
    const handle = list.current;
    if (!handle || rows.length === 0) return;
    const below = handle.scrollSize - handle.scrollOffset - handle.viewportSize;
    // By estimates, a list of a few tall rows seems to be at its end wherever it opens.
    if (measured) atEnd.current = below <= NEAR_END_PX && !timeline.hasLater;
    onAtEnd(atEnd.current);
    setAwayFromEnd(below > handle.viewportSize * 0.6 || timeline.hasLater);
    if (handle.scrollOffset < FETCH_AHEAD_PX && timeline.hasEarlier && timeline.loading === "none")
      onEarlier();
    if (below < FETCH_AHEAD_PX && timeline.hasLater && timeline.loading === "none") onLater();
    reportSeen();
  }, [rows, timeline, measured, onAtEnd, onEarlier, onLater, reportSeen, list, atEnd]);

  useEffect(() => {
    if (atEnd.current && !timeline.hasLater) scrollToEnd();
    const frame = requestAnimationFrame(onPositionChange);
    return () => cancelAnimationFrame(frame);
  }, [onPositionChange, scrollToEnd, timeline.hasLater, atEnd]);

  useEffect(() => {
    addEventListener("focus", onPositionChange);
    document.addEventListener("visibilitychange", onPositionChange);
    return () => {
      removeEventListener("focus", onPositionChange);
      document.removeEventListener("visibilitychange", onPositionChange);
    };
  }, [onPositionChange]);

  useEditedMessage(editing, rows, position);

  const scrollToNewest = () => {
    atEnd.current = true;
    jumped.current = true;
    onNewest();
    if (!timeline.hasLater) scrollToEnd();
    scroller.current?.focus({ preventScroll: true });
  };

  const scrollToFirstUnread = () => {
    const index = rows.findIndex(
      (row) => row.kind === "message" && isUnread(row.message, readSeq, me.userId),
    );
    atEnd.current = false;
    jumped.current = true;
    if (index < 0 || startsAfter(timeline, readSeq)) onFirstUnread();
    else scrollToRow(index, AT_START);
    scroller.current?.focus({ preventScroll: true });
  };

  const keepPlace = useCallback<KeepPlace>(
    (element, shown) => {
      const row = element.closest<HTMLElement>("[data-row]");
      // What the user has read stays where it is, also at the end of the list.
      if (shown === "all") atEnd.current = false;
      else if (row && isAbove(row, scroller.current))
        scrollToRow(Number(row.dataset.row), { align: "start" });
    },
    [atEnd, scroller, scrollToRow],
  );

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
          saving={saving.has(row.message.seq)}
          highlighted={row.message.seq === target}
          editing={row.message.seq === editing}
          mentionsMe={row.message.sender.userId !== me.userId && mentionsUser(row.message, me)}
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
        <KeepPlaceContext value={keepPlace}>
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={rows}
            shift={shifted}
            bufferSize={600}
            keepMounted={focused === null ? [] : [focused]}
            onScroll={onPositionChange}
            onResize={() => {
              setMeasured(true);
              if (atEnd.current) stayAtEnd();
              // A short list does not scroll: report the visible rows once they are measured.
              onPositionChange();
            }}
          >
            {renderRow}
          </Virtualizer>
        </KeepPlaceContext>
      </div>
      {/* The window above holds the messages on screen only. */}
      {printing && <div className={styles.printed}>{rows.map(renderRow)}</div>}
      {unreadAbove && unread > 0 && (
        <div className={styles.unreadAbove} ref={focusListOnRemoval}>
          <button type="button" className="button-link" onClick={scrollToFirstUnread}>
            <Icon name="up" size={16} />
            Go to the first unread message
          </button>
          <button type="button" className="button-link" onClick={onMarkRead}>
            Mark as read
          </button>
        </div>
      )}
      {awayFromEnd && (
        <button type="button" className={styles.toNewest} onClick={scrollToNewest}>
          <Icon name="down" size={16} />
          {unreadBelow > 0
            ? `${unreadBelow} new ${unreadBelow === 1 ? "message" : "messages"}`
            : "Jump to newest"}
        </button>
      )}
    </div>
  );
}

/** Whether the start of a row is scrolled away. */
function isAbove(row: Element, scroller: Element | null): boolean {
  return scroller !== null && row.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
}
