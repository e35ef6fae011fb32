/** Small parts that the inspector's views share. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "../../kit/Icon";
import { words } from "./format";
import type { Run } from "./wire";

export function Failed({ text, onRetry }: { readonly text: string; readonly onRetry?: () => void }) {
  return (
    <div className="inspector-state" role="alert">
      <Icon name="alert" size={28} />
      <p>{text}</p>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <div className="inspector-state" role="status">
      <span className="spinner" />
      <p>{what} …</p>
    </div>
  );
}

export function Empty(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="inspector-state">
      <Icon name={props.icon} size={28} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export type Tone = "good" | "bad" | "warn" | "calm";

export function Pill({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`pill pill-${tone}`}>{children}</span>;
}

export function runTone(run: Pick<Run, "status" | "troubled" | "mode" | "outcome">): Tone {
  if (run.status === "RUNNING") return "calm";
  if (run.status !== "SUCCEEDED") return "bad";
  if (run.troubled) return "warn";
  return run.outcome === "delivered" ? "good" : "calm";
}

export function runWord(run: Pick<Run, "status" | "troubled" | "outcome">): string {
  if (run.status !== "SUCCEEDED") return words(run.status.toLowerCase().replace("_", " "));
  if (run.troubled) return "Not all reached";
  return words(run.outcome ?? "succeeded");
}
