/**
 * Converts a workflow definition to a graph of states and transitions. The states of a Map or Parallel state are a graph
 * inside its node. Pure; `layout.ts` computes positions.
 */

/** The parts of the Amazon States Language that the graph shows. */
export interface Definition {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, AslState>>;
}

export interface AslState {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Choices?: readonly { readonly Condition?: string; readonly Next: string }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly ItemProcessor?: Definition;
  readonly Branches?: readonly Definition[];
}

export type EdgeKind = "next" | "choice" | "catch";

export interface GraphNode {
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
  readonly resource: string | null;
  readonly inner: Graph | null;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  /** A short label; empty for plain transitions. */
  readonly label: string;
  /** The full conditions or errors. */
  readonly reasons: readonly string[];
  /** A catch into the common error handler: shown as a mark on the state unless it is taken or selected. */
  readonly common: boolean;
}

export interface Graph {
  readonly start: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** A state with at least this many incoming catches is the common error handler. */
const COMMON_FROM = 4;
const MAX_LABEL_LENGTH = 22;

/** The graph of a definition in the Amazon States Language, as the API returns it. */
export function readDefinition(definition: object): Graph {
  return readStates(definition as Definition);
}

function readStates(definition: Definition): Graph {
  const states = Object.entries(definition.States);
  const nodes = states.map(([name, state]) => node(name, state));
  const known = new Set(nodes.map(({ name }) => name));
  const edges = states.flatMap(([name, state]) => edgesOf(name, state)).filter((edge) => known.has(edge.to));
  const catches = new Map<string, number>();
  for (const edge of edges) if (edge.kind === "catch") catches.set(edge.to, (catches.get(edge.to) ?? 0) + 1);
  return {
    start: definition.StartAt,
    nodes,
    edges: edges.map((edge) => ({
      ...edge,
      common: edge.kind === "catch" && (catches.get(edge.to) ?? 0) >= COMMON_FROM,
    })),
  };
}

/** All nodes, including those inside other nodes. */
export function allNodes(graph: Graph): GraphNode[] {
  return graph.nodes.flatMap((each) => [each, ...(each.inner ? allNodes(each.inner) : [])]);
}

function node(name: string, state: AslState): GraphNode {
  const inner = state.ItemProcessor ?? state.Branches?.[0];
  return {
    name,
    type: state.Type,
    comment: state.Comment ?? null,
    resource: state.Resource ? state.Resource.replace(/^arn:aws[^:]*:states:::/, "") : null,
    inner: inner ? readStates(inner) : null,
  };
}

function edgesOf(from: string, state: AslState): GraphEdge[] {
  const found = new Map<string, { to: string; kind: EdgeKind; labels: string[]; reasons: string[] }>();
  const add = (to: string, kind: EdgeKind, label: string, reason: string) => {
    const key = `${kind}:${to}`;
    const edge = found.get(key) ?? { to, kind, labels: [], reasons: [] };
    if (label) edge.labels.push(label);
    if (reason) edge.reasons.push(reason);
    found.set(key, edge);
  };
  for (const choice of state.Choices ?? []) {
    const condition = bare(choice.Condition ?? "");
    add(choice.Next, "choice", shortCondition(condition), condition);
  }
  if (state.Default) add(state.Default, "choice", "otherwise", "otherwise");
  if (state.Next) add(state.Next, "next", "", "");
  for (const each of state.Catch ?? []) {
    const errors = each.ErrorEquals.join(", ");
    add(each.Next, "catch", shortError(each.ErrorEquals), `on ${errors}`);
  }
  return [...found.values()].map(({ to, kind, labels, reasons }) => ({
    from,
    to,
    kind,
    label: labels.length > 1 ? `${labels[0]} +${labels.length - 1}` : (labels[0] ?? ""),
    reasons,
    common: false,
  }));
}

/** A JSONata expression without its delimiters. */
function bare(condition: string): string {
  return condition.replace(/^\{%\s*/, "").replace(/\s*%\}$/, "");
}

/** A condition as a short label: the compared value, or the start of the expression. */
export function shortCondition(condition: string): string {
  const equal = /^\$\w+ = '([^']+)'$/.exec(condition);
  if (equal?.[1]) return equal[1];
  const oneOf = /^\$\w+ in \[([^\]]+)\]$/.exec(condition);
  if (oneOf?.[1]) {
    const values = oneOf[1].split(",").map((value) => value.trim().replace(/^'|'$/g, ""));
    return values.length > 1 ? `${values[0]} +${values.length - 1}` : (values[0] ?? "");
  }
  const first = condition.split(/ (?:and|or) /)[0] ?? condition;
  const lead = /^\$\w+ = '([^']+)'$/.exec(first);
  if (lead?.[1]) return `${lead[1]} …`;
  const plain = condition.replaceAll("$states.input.", "").replace(/\$(?=\w)/g, "");
  return plain.length > MAX_LABEL_LENGTH ? `${plain.slice(0, MAX_LABEL_LENGTH - 2).trimEnd()} …` : plain;
}

function shortError(errors: readonly string[]): string {
  const name = errors[0] ?? "";
  if (name === "States.ALL") return "any error";
  return name.replace(/^\w+\./, "").replace(/Exception$/, "");
}
