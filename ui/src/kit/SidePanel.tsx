/** A panel at the side; covers the page on narrow screens. */
import { type ReactNode, useEffect, useRef } from "react";
import { IconButton } from "./IconButton";
import styles from "./SidePanel.module.css";

interface SidePanelProps {
  readonly title: string;
  readonly count?: number;
  /** False for a panel that opens with its page, which has the focus. */
  readonly takesFocus?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function SidePanel({ title, count, takesFocus = true, onClose, children }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (takesFocus && !heading.current?.parentElement?.parentElement?.contains(before))
      heading.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [takesFocus]);
  return (
    <aside
      className={styles.panel}
      aria-label={title}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) {
          event.preventDefault();
          onClose();
        }
      }}
    >
      <header className={styles.head}>
        <h2 ref={heading} tabIndex={-1}>
          {title}
          {count !== undefined && <span className={styles.count}>{count}</span>}
        </h2>
        <IconButton
          icon="close"
          label={`Close ${title.toLowerCase()}`}
          size={20}
          title={undefined}
          onClick={onClose}
        />
      </header>
      <div className={styles.body}>{children}</div>
    </aside>
  );
}
