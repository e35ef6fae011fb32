/** The outcome of each state and the edges taken in a run. Pure. */
import type { StateExecution } from "../contract";
import type { GraphEdge } from "./definition";

export type StateOutcome = "succeeded" | "caught" | "failed" | "running";

export interface HighlightedState {
  readonly outcome: StateOutcome;
  readonly visits: readonly StateExecution[];
}

export interface RunHighlight {
  readonly states: ReadonlyMap<string, HighlightedState>;
  readonly edges: ReadonlySet<string>;
}

const WORST_FIRST: readonly StateOutcome[] = ["failed", "running", "caught", "succeeded"];

export const edgeKey = (from: string, to: string, kind: string) => `${from}→${to}:${kind}`;

export function highlightRun(visits: readonly StateExecution[], edges: readonly GraphEdge[]): RunHighlight {
  const byName = new Map<string, StateExecution[]>();
  for (const visit of visits) byName.set(visit.name, [...(byName.get(visit.name) ?? []), visit]);
  const states = new Map<string, HighlightedState>();
  for (const [name, mine] of byName) {
    const worst = WORST_FIRST.find((each) => mine.some((visit) => outcomeOf(visit) === each)) ?? "succeeded";
    states.set(name, { outcome: worst, visits: mine });
  }
  const taken = new Set<string>();
  for (const visit of visits) {
    if (visit.next === null) continue;
    const candidates = edges.filter((edge) => edge.from === visit.name && edge.to === visit.next);
    // A caught error takes the catch edge; otherwise edges between the same states are equivalent.
    const edge =
      candidates.find((edge) => (edge.kind === "catch") === (visit.status === "caught")) ?? candidates[0];
    if (edge) taken.add(edgeKey(edge.from, edge.to, edge.kind));
  }
  return { states, edges: taken };
}

/** A Fail state counts as failed, although it was executed successfully. */
function outcomeOf(visit: StateExecution): StateOutcome {
  return visit.type === "Fail" ? "failed" : visit.status;
}
