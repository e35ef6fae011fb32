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

/** Above the button, or below it if there is no room; in the window in any case. */
function placeAt(button: DOMRect, { offsetWidth: width, offsetHeight: height }: HTMLElement) {
  const isAbove = button.top > height + 2 * MARGIN;
  const top = isAbove
    ? button.top - height - MARGIN
    : Math.min(button.bottom + MARGIN, innerHeight - height - MARGIN);
  const left = Math.min(button.right, innerWidth - MARGIN) - width;
  return { left: Math.max(MARGIN, left), top: Math.max(MARGIN, top) };
}

export function EmojiPopover({ request, onClose }: { request: EmojiRequest; onClose: () => void }) {
  const { anchor, onPick } = request;
  const ref = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    box.showModal();
    const place = () => {
      const { left, top } = placeAt(anchor.getBoundingClientRect(), box);
      box.style.left = `${left}px`;
      box.style.top = `${top}px`;
    };
    place();
    addEventListener("resize", place);
    return () => {
      removeEventListener("resize", place);
      box.close();
    };
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
