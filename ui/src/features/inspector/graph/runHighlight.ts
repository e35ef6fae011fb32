/** The outcome of each state and the edges taken in a run. Pure. */
import type { StateExecution } from "../contract";
import type { GraphEdge } from "./definition";

export type StateOutcome = "succeeded" | "caught" | "failed" | "running";

export interface HighlightedState {
  readonly outcome: StateOutcome;
  readonly executions: readonly StateExecution[];
}

export interface RunHighlight {
  readonly states: ReadonlyMap<string, HighlightedState>;
  readonly edges: ReadonlySet<string>;
}

const WORST_FIRST: readonly StateOutcome[] = ["failed", "running", "caught", "succeeded"];

export const edgeKey = (from: string, to: string, kind: string) => `${from}→${to}:${kind}`;

export function highlightRun(
  executions: readonly StateExecution[],
  edges: readonly GraphEdge[],
): RunHighlight {
  const byName = new Map<string, StateExecution[]>();
  for (const execution of executions)
    byName.set(execution.name, [...(byName.get(execution.name) ?? []), execution]);
  const states = new Map<string, HighlightedState>();
  for (const [name, mine] of byName) {
    const worst =
      WORST_FIRST.find((each) => mine.some((execution) => outcomeOf(execution) === each)) ?? "succeeded";
    states.set(name, { outcome: worst, executions: mine });
  }
  const taken = new Set<string>();
  for (const execution of executions) {
    if (execution.next === null) continue;
    const candidates = edges.filter((edge) => edge.from === execution.name && edge.to === execution.next);
    // A caught error takes the catch edge; otherwise edges between the same states are equivalent.
    const edge =
      candidates.find((edge) => (edge.kind === "catch") === (execution.status === "caught")) ?? candidates[0];
    if (edge) taken.add(edgeKey(edge.from, edge.to, edge.kind));
  }
  return { states, edges: taken };
}

/** A Fail state counts as failed, although it was executed successfully. */
function outcomeOf(execution: StateExecution): StateOutcome {
  return execution.type === "Fail" ? "failed" : execution.status;
}
