/** The label and colour of a run's status. */

import type { RunSummary } from "./contract";
import { words } from "./format";
import type { Tone } from "./Pill";

export function runTone(run: Pick<RunSummary, "status" | "troubled" | "mode" | "outcome">): Tone {
  if (run.status === "RUNNING") return "calm";
  if (run.status !== "SUCCEEDED") return "bad";
  if (run.troubled) return "warn";
  return run.outcome === "delivered" ? "good" : "calm";
}

export function runLabel(run: Pick<RunSummary, "status" | "troubled" | "outcome">): string {
  if (run.status !== "SUCCEEDED") return words(run.status.toLowerCase().replace("_", " "));
  if (run.troubled) return "Partly delivered";
  return words(run.outcome ?? "succeeded");
}
