/** Shows a message's text; a long one is collapsed, with a button to show all of it. */
import { type ReactNode, useState } from "react";
import styles from "./MessageRow.module.css";

const MAX_CHARACTERS = 1_600;
const MAX_LINES = 24;

export function Collapsible({ text, children }: { text: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  if (text.length <= MAX_CHARACTERS && text.split("\n", MAX_LINES + 1).length <= MAX_LINES) return children;
  return (
    <>
      <div className={open ? undefined : styles.collapsed}>{children}</div>
      <button
        type="button"
        className={`button-link ${styles.collapsedToggle}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? "Show less" : "Show all"}
      </button>
    </>
  );
}
