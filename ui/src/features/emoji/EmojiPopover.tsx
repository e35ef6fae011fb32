/** Opens the emoji picker next to a button. The picker is loaded on first use. */
import { useEffect, useLayoutEffect, useRef } from "react";
import { flushSync } from "react-dom";
import { chunk } from "../../kit/chunk";
import { closeOnEscapeOrBackdrop } from "../../kit/closeOnEscapeOrBackdrop";
import { Skeleton } from "../../kit/Skeleton";
import styles from "./EmojiPopover.module.css";

const EmojiPicker = chunk(() => import("./EmojiPicker"), {
  what: "The emoji",
  loading: () => <Skeleton lines={5} />,
});

export interface EmojiRequest {
  readonly anchor: HTMLElement;
  readonly onPick: (emoji: string) => void;
}

const MARGIN = 8;

export function EmojiPopover({ request, onClose }: { request: EmojiRequest; onClose: () => void }) {
  const { anchor, onPick } = request;
  const ref = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    box.showModal();
    const place = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = box;
    const above = place.top > height + 2 * MARGIN;
    const top = above
      ? place.top - height - MARGIN
      : Math.min(place.bottom + MARGIN, innerHeight - height - MARGIN);
    box.style.top = `${Math.max(MARGIN, top)}px`;
    box.style.left = `${Math.max(MARGIN, Math.min(place.right - width, innerWidth - width - MARGIN))}px`;
    return () => box.close();
  }, [anchor]);

  useEffect(
    () => () => {
      if (anchor.isConnected) anchor.focus({ preventScroll: true });
    },
    [anchor],
  );

  return (
    <dialog ref={ref} className={styles.popover} aria-label="Emoji" {...closeOnEscapeOrBackdrop(onClose)}>
      <EmojiPicker
        onPick={(emoji) => {
          // Closed first: while a modal dialog is open, no other field can take the focus.
          flushSync(onClose);
          onPick(emoji);
        }}
      />
    </dialog>
  );
}
