/** Arrow, Page, Home and End keys move the focus between the rows of the message list; Escape moves it out of them. */
import { type KeyboardEvent, useState } from "react";
import type { ListPosition } from "./useListPosition";

/** Rows per Page Up and Page Down. */
const PAGE = 8;
const STEPS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -PAGE, PageDown: PAGE };

interface RowKeys {
  /** The index of the row with the focus; it stays rendered. */
  readonly focused: number | null;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** `last`: the index of the last row. `onLeave`: Escape was pressed on a row, not in one. */
export function useRowKeys(
  { scroller, list, jumped }: ListPosition,
  last: number,
  onLeave: () => void,
): RowKeys {
  const [focused, setFocused] = useState<number | null>(null);

  const focusRow = (index: number) => {
    const to = Math.max(0, Math.min(last, index));
    setFocused(to);
    jumped.current = true;
    list.current?.scrollToIndex(to, { align: "nearest" });
    requestAnimationFrame(() => {
      scroller.current
        ?.querySelector<HTMLElement>(`[data-row="${to}"] article`)
        ?.focus({ preventScroll: true });
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target as HTMLElement;
    const within = target.closest<HTMLElement>("[data-row]");
    const at = within ? Number(within.dataset.row) : null;
    const by = STEPS[event.key];
    if (event.key === "End") focusRow(last);
    else if (event.key === "Home") focusRow(0);
    else if (event.key === "Escape") {
      const message = target.closest<HTMLElement>("article[tabindex]");
      if (message && message !== target) message.focus({ preventScroll: true });
      else onLeave();
    } else if (by !== undefined) focusRow(at === null ? last : at + by);
    else return;
    event.preventDefault();
  };

  return { focused: focused === null || focused > last ? null : focused, onKeyDown };
}
