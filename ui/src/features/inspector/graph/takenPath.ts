/** The part of the graph that a run has taken, and its bounds. Pure. */
import { allNodes, type Graph } from "./definition";
import type { GraphLayout } from "./layout";
import { edgeKey, type RunHighlight } from "./runHighlight";
import type { Box } from "./useViewport";

const PATH_MARGIN = 20;

/** The bounds of the run's path, from its first state on, or of the whole graph. */
export function boxToShow(placed: GraphLayout, highlight: RunHighlight | null): Box {
  const nodes = placed.nodes.filter((each) => highlight?.states.has(each.node.name));
  if (nodes.length === 0) return { x: 0, y: 0, width: placed.width, height: placed.height };
  const left = Math.min(...nodes.map((each) => each.x)) - PATH_MARGIN;
  const first = nodes.find((each) => each.node.name === [...(highlight?.states.keys() ?? [])][0]);
  const top = Math.min(...nodes.map((each) => each.y)) - PATH_MARGIN;
  return {
    x: left,
    y: top,
    ...(first && { first: first.x + first.width / 2 }),
    width: Math.max(...nodes.map((each) => each.x + each.width)) + PATH_MARGIN - left,
    height: Math.max(...nodes.map((each) => each.y + each.height)) + PATH_MARGIN - top,
  };
}

export function innerEdges(graph: Graph): Graph["edges"] {
  return graph.nodes.flatMap((node) => (node.inner ? [...node.inner.edges, ...innerEdges(node.inner)] : []));
}

/** The part of the graph that a run has taken. */
export function takenPath(graph: Graph, highlight: RunHighlight): Graph {
  const nodes = graph.nodes
    .filter((node) => highlight.states.has(node.name))
    .map((node) => (node.inner ? { ...node, inner: takenPath(node.inner, highlight) } : node))
    .map((node) => (node.inner && allNodes(node.inner).length === 0 ? { ...node, inner: null } : node));
  const edges = graph.edges
    .filter((edge) => highlight.edges.has(edgeKey(edge.from, edge.to, edge.kind)))
    .map((edge) => ({ ...edge, common: false }));
  return { ...graph, nodes, edges };
}
