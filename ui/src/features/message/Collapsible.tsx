/** Shows a message's text; a long one is collapsed, with a button to show all of it. */
import { type ReactNode, useContext, useState } from "react";
import { KeepPlaceContext } from "./keepPlace";
import styles from "./MessageRow.module.css";

const MAX_CHARACTERS = 1_600;
const MAX_LINES = 24;

export function Collapsible({ text, children }: { text: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const keepPlace = useContext(KeepPlaceContext);
  if (text.length <= MAX_CHARACTERS && text.split("\n", MAX_LINES + 1).length <= MAX_LINES) return children;
  return (
    <>
      <div className={open ? undefined : styles.collapsed}>{children}</div>
      <button
        type="button"
        className={`button-link ${styles.collapsedToggle}`}
        aria-expanded={open}
        onClick={(event) => {
          setOpen(!open);
          keepPlace(event.currentTarget, open ? "part" : "all");
        }}
      >
        {open ? "Show less" : "Show all"}
      </button>
    </>
  );
}
