/** What a run did to each state and edge of the graph. Pure. */
import type { StateVisit } from "../wire";
import type { GraphEdge } from "./definition";

export type Light = "succeeded" | "caught" | "failed" | "running";

export interface LitState {
  readonly light: Light;
  readonly visits: readonly StateVisit[];
}

export interface Lit {
  readonly states: ReadonlyMap<string, LitState>;
  readonly edges: ReadonlySet<string>;
}

const WORST: readonly Light[] = ["failed", "running", "caught", "succeeded"];

export const edgeKey = (from: string, to: string, kind: string) => `${from}→${to}:${kind}`;

export function light(visits: readonly StateVisit[], edges: readonly GraphEdge[]): Lit {
  const byName = new Map<string, StateVisit[]>();
  for (const visit of visits) byName.set(visit.name, [...(byName.get(visit.name) ?? []), visit]);
  const states = new Map<string, LitState>();
  for (const [name, mine] of byName) {
    const worst = WORST.find((each) => mine.some((visit) => lightOf(visit) === each)) ?? "succeeded";
    states.set(name, { light: worst, visits: mine });
  }
  const taken = new Set<string>();
  for (const visit of visits) {
    if (visit.next === null) continue;
    const ways = edges.filter((edge) => edge.from === visit.name && edge.to === visit.next);
    // A caught error leaves by a Catch; two edges to one state differ in nothing else.
    const way = ways.find((edge) => (edge.kind === "catch") === (visit.status === "caught")) ?? ways[0];
    if (way) taken.add(edgeKey(way.from, way.to, way.kind));
  }
  return { states, edges: taken };
}

/** A Fail state is where a run ends badly, though it did what it should. */
function lightOf(visit: StateVisit): Light {
  return visit.type === "Fail" ? "failed" : visit.status;
}
