/**
 * A long list that renders only the visible rows. New items at the start are shown if the list is scrolled to the start;
 * otherwise the visible rows do not move. Arrow keys move between rows.
 */
import { type KeyboardEvent, type ReactElement, type Ref, useImperativeHandle, useMemo, useRef } from "react";
import { type CustomContainerComponentProps, Virtualizer, type VirtualizerHandle } from "virtua";
import styles from "./WindowedList.module.css";

export interface ListHandle {
  readonly show: (index: number, align: "nearest" | "end") => void;
}

interface WindowedListProps<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => ReactElement;
  /** The name of the list; must be stable, as a new one renders all rows again. */
  readonly label?: string;
  readonly ref?: Ref<ListHandle>;
}

/** Rows per Page Up and Page Down. */
const PAGE = 10;
/** A scroll offset up to this counts as the start of the list. */
const HEAD_PX = 8;

export function WindowedList<T>({ items, keyOf, row, label, ref }: WindowedListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const atHead = useRef(true);
  const drawn = useRef<{ first: string | null; count: number }>({ first: null, count: 0 });
  useImperativeHandle(ref, () => ({
    show: (index, align) => list.current?.scrollToIndex(index, { align }),
  }));

  const Container = useMemo(
    () => (props: CustomContainerComponentProps) => <ul aria-label={label} {...props} />,
    [label],
  );

  const first = items[0] === undefined ? null : keyOf(items[0]);
  const shifted = !atHead.current && first !== drawn.current.first && items.length > drawn.current.count;
  drawn.current = { first, count: items.length };

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[event.key];
    const at = Number((event.target as Element).closest<HTMLElement>("[data-row]")?.dataset.row ?? -1);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(items.length - 1, at + step));
    list.current?.scrollToIndex(to, { align: "nearest" });
    requestAnimationFrame(() =>
      scroller.current
        ?.querySelector<HTMLElement>(`[data-row="${to}"] :is(button, a)`)
        ?.focus({ preventScroll: true }),
    );
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys only move the focus between rows.
    <div className={styles.list} ref={scroller} onKeyDown={onKeyDown}>
      <Virtualizer
        ref={list}
        scrollRef={scroller}
        as={Container}
        item="li"
        data={items}
        shift={shifted}
        onScroll={(offset) => {
          atHead.current = offset < HEAD_PX;
        }}
      >
        {(item, index) => (
          <div key={keyOf(item)} data-row={index}>
            {row(item)}
          </div>
        )}
      </Virtualizer>
    </div>
  );
}
