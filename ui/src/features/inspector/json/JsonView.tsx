/** A value as JSON, collapsed where it is deep or long, with a copy button. */
import { type ReactNode, useState } from "react";
import { CopyButton } from "../../../kit/CopyButton";
import { keepFocus } from "../../../kit/keepFocus";
import styles from "./JsonView.module.css";

/** Deeper or longer branches are collapsed initially. */
const OPEN_TO_DEPTH = 3;
const MAX_OPEN_ENTRIES = 30;
const LONG_TEXT = 240;

export function JsonView({ label, value }: { readonly label: string; readonly value: unknown }) {
  return (
    <section className={styles.json} aria-label={label}>
      <header className={styles.head}>
        <h3>{label}</h3>
        {value !== null && value !== undefined && (
          <CopyButton what={label.toLowerCase()} text={() => JSON.stringify(value, null, 2)} />
        )}
      </header>
      {value === null || value === undefined ? (
        <p className={styles.none}>None.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard.
        <section className={styles.body} tabIndex={0} aria-label={`${label}, as JSON`}>
          <Value value={value} depth={0} />
        </section>
      )}
    </section>
  );
}

function Value({ value, depth, name }: { value: unknown; depth: number; name?: ReactNode }) {
  const lead = name === undefined ? null : <>{name}: </>;
  if (typeof value === "object" && value !== null) {
    return <Branch value={value} depth={depth} lead={lead} />;
  }
  return (
    <div className={styles.line}>
      {lead}
      <Leaf value={value} />
    </div>
  );
}

function Branch({ value, depth, lead }: { value: object; depth: number; lead: ReactNode }) {
  const entries = Object.entries(value);
  const list = Array.isArray(value);
  const [open, setOpen] = useState(depth < OPEN_TO_DEPTH && entries.length <= MAX_OPEN_ENTRIES);
  const [begin, end] = list ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    return (
      <div className={styles.line}>
        {lead}
        {begin + end}
      </div>
    );
  }
  const summary = list ? `${entries.length} items` : entries.map(([key]) => key).join(", ");
  return (
    <div>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={styles.mark} aria-hidden="true" />
        {lead}
        {begin}
        {!open && (
          <>
            <span className={styles.summary}> {summary} </span>
            {end}
          </>
        )}
      </button>
      {open && (
        <>
          <div className={styles.children}>
            {entries.map(([key, child]) => (
              <Value
                key={key}
                value={child}
                depth={depth + 1}
                name={<span className={list ? styles.index : styles.key}>{key}</span>}
              />
            ))}
          </div>
          <div className={styles.line}>{end}</div>
        </>
      )}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value === "string") {
    const long = value.length > LONG_TEXT && !whole;
    return (
      <>
        <span className={styles.string} dir="auto">
          {JSON.stringify(long ? value.slice(0, LONG_TEXT) : value)}
        </span>
        {long && (
          <button
            type="button"
            ref={keepFocus}
            className={`button-link ${styles.more}`}
            onClick={() => setWhole(true)}
          >
            {value.length - LONG_TEXT} more
          </button>
        )}
      </>
    );
  }
  return <span className={typeof value === "number" ? styles.number : styles.word}>{String(value)}</span>;
}
