/** A short status on a coloured background. */

import type { ReactNode } from "react";
import styles from "./Pill.module.css";

export type Tone = "good" | "bad" | "warn" | "calm";

export function Pill({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={styles.pill} data-tone={tone}>
      {children}
    </span>
  );
}
