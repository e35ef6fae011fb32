/**
 * A modal dialog based on `<dialog>`, open while it is rendered. Traps the focus, closes with Escape, makes the rest of
 * the page inert and restores the focus.
 */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { classNames } from "./classNames";
import { closeOnEscapeOrBackdrop } from "./closeOnEscapeOrBackdrop";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";
import { focusableAround } from "./keepFocus";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Show the heading to screen readers only. */
  readonly hideHeading?: boolean;
  /** For content whose height changes, such as a filtered list: what is above it stays in its place. */
  readonly fixedTop?: boolean;
  readonly size?: "small" | "medium" | "large";
}

export function Dialog(props: DialogProps) {
  const { title, onClose, children, hideHeading = false, fixedTop = false, size = "medium" } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    const around = before && focusableAround(before);
    dialog?.showModal();
    // `showModal` moves the focus itself: React's `autoFocus` has no effect here.
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      // The button that opened the dialog was removed, as that of a member who was removed.
      else if (around?.isConnected) around.focus({ preventScroll: true });
    };
  }, []);

  return (
    <dialog
      ref={ref}
      className={classNames(styles.dialog, hideHeading && styles.noHeading, fixedTop && styles.fixedTop)}
      data-size={size}
      aria-labelledby={heading}
      {...closeOnEscapeOrBackdrop(onClose)}
    >
      <div className={styles.body}>
        <header className={hideHeading ? "visually-hidden" : styles.head}>
          <h2 id={heading}>{title}</h2>
          {!hideHeading && (
            <IconButton icon="close" label="Close" size={20} title={undefined} onClick={onClose} />
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
