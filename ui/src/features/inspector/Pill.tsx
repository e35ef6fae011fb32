/** A short status on a coloured background. */
import type { ReactNode } from "react";

export type Tone = "good" | "bad" | "warn" | "calm";

export function Pill({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`pill pill-${tone}`}>{children}</span>;
}
