/** A sentence on a coloured block, with an icon: what is well, what to know, what is wrong. */
import type { ReactNode } from "react";
import { Icon } from "../../kit/Icon";
import styles from "./Outcome.module.css";

type OutcomeTone = "good" | "warn" | "bad";

const icons = { good: "checks", warn: "info", bad: "alert" } as const;

interface OutcomeProps {
  readonly tone: OutcomeTone;
  readonly children: ReactNode;
}

export function Outcome({ tone, children }: OutcomeProps) {
  return (
    <p className={styles.outcome} data-tone={tone} role="status">
      <Icon name={icons[tone]} size={18} /> {children}
    </p>
  );
}

export function OutcomeList({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {children}
    </ul>
  );
}

/** An item of an `OutcomeList`, of one line or several. */
export function OutcomeItem({ tone, children }: OutcomeProps) {
  return (
    <li className={styles.outcome} data-tone={tone}>
      <Icon name={icons[tone]} size={18} />
      <div>{children}</div>
    </li>
  );
}

interface ErrorTextProps {
  readonly role?: "note" | "alert";
  readonly children: ReactNode;
}

/** The text of an error, as it was recorded. */
export function ErrorText({ role = "note", children }: ErrorTextProps) {
  return (
    <div className={styles.error} role={role}>
      {children}
    </div>
  );
}
