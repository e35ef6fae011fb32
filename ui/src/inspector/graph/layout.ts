/** Where a graph's nodes and edges go: dagre's layered layout, a Map's inside first, so that its node holds it. */
import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import type { Graph, GraphEdge, GraphNode } from "./definition";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedNode {
  readonly node: GraphNode;
  /** The top left corner, in the whole drawing. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly container: boolean;
}

export interface PlacedEdge {
  readonly edge: GraphEdge;
  readonly path: string;
  readonly label: Point | null;
}

export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

const NODE_HEIGHT = 40;
const CHARACTER = 7.1;
const NODE_PADDING = 46;
const LABEL_CHARACTER = 5.9;
const LABEL_HEIGHT = 18;
const CONTAINER_HEAD = 38;
const CONTAINER_PADDING = 16;
const MARGIN = 12;

export function place(graph: Graph): Placed {
  const insides = new Map<string, Placed>();
  const dagre = new DagreGraph({ multigraph: true });
  dagre.setGraph({ rankdir: "TB", nodesep: 22, edgesep: 14, ranksep: 26, marginx: MARGIN, marginy: MARGIN });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    const own = node.name.length * CHARACTER + NODE_PADDING;
    if (node.inner) {
      const inside = place(node.inner);
      insides.set(node.name, inside);
      dagre.setNode(node.name, {
        width: Math.max(inside.width + 2 * CONTAINER_PADDING, own + 40),
        height: inside.height + CONTAINER_HEAD + CONTAINER_PADDING,
      });
    } else {
      dagre.setNode(node.name, { width: own, height: NODE_HEIGHT });
    }
  }
  for (const edge of graph.edges) {
    if (edge.common) continue;
    dagre.setEdge(
      edge.from,
      edge.to,
      {
        width: edge.label ? edge.label.length * LABEL_CHARACTER + 8 : 0,
        height: edge.label ? LABEL_HEIGHT : 0,
        labelpos: "c",
        weight: edge.kind === "next" ? 4 : edge.kind === "choice" ? 2 : 1,
      },
      edge.kind,
    );
  }
  layout(dagre);

  const boxes = new Map<string, PlacedNode>();
  for (const node of graph.nodes) {
    const { x = 0, y = 0, width = 0, height = 0 } = dagre.node(node.name);
    boxes.set(node.name, {
      node,
      x: x - width / 2,
      y: y - height / 2,
      width,
      height,
      container: insides.has(node.name),
    });
  }
  const nodes: PlacedNode[] = [];
  const edges: PlacedEdge[] = [];
  for (const box of boxes.values()) {
    nodes.push(box);
    const inside = insides.get(box.node.name);
    if (!inside) continue;
    const dx = box.x + (box.width - inside.width) / 2;
    const dy = box.y + CONTAINER_HEAD;
    for (const each of inside.nodes) nodes.push({ ...each, x: each.x + dx, y: each.y + dy });
    for (const each of inside.edges) {
      edges.push({
        edge: each.edge,
        path: movedPath(each.path, dx, dy),
        label: each.label && { x: each.label.x + dx, y: each.label.y + dy },
      });
    }
  }
  for (const edge of graph.edges) {
    const from = boxes.get(edge.from);
    const to = boxes.get(edge.to);
    if (!from || !to) continue;
    if (edge.common) {
      edges.push({ edge, path: aside(from, to), label: null });
      continue;
    }
    const placed = dagre.edge({ v: edge.from, w: edge.to, name: edge.kind });
    edges.push({
      edge,
      path: smooth((placed.points ?? []) as Point[]),
      label:
        edge.label && placed.x !== undefined && placed.y !== undefined ? { x: placed.x, y: placed.y } : null,
    });
  }
  const { width = 0, height = 0 } = dagre.graph();
  return { width, height, nodes, edges };
}

/** A curve through the middles of a line's pieces, which has no corners. */
export function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${number(first.x)} ${number(first.y)}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (!next) path += `L${number(point.x)} ${number(point.y)}`;
    else {
      const middle = { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
      path += `Q${number(point.x)} ${number(point.y)} ${number(middle.x)} ${number(middle.y)}`;
    }
  }
  return path;
}

/** From one node's right side to another's, around what is between. */
function aside(from: PlacedNode, to: PlacedNode): string {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const toRight = to.x + to.width / 2 > start.x;
  const end = { x: toRight ? to.x : to.x + to.width, y: to.y + to.height / 2 };
  const bow = Math.max(40, Math.min(160, Math.abs(end.y - start.y) / 3));
  const control = { x: toRight ? end.x - bow : end.x + bow, y: end.y };
  return `M${number(start.x)} ${number(start.y)}C${number(start.x + bow)} ${number(start.y)} ${number(control.x)} ${number(control.y)} ${number(end.x)} ${number(end.y)}`;
}

function movedPath(path: string, dx: number, dy: number): string {
  let isX = true;
  return path.replace(/-?\d+(?:\.\d+)?/g, (text) => {
    const moved = Number(text) + (isX ? dx : dy);
    isX = !isX;
    return ` ${number(moved)}`;
  });
}

const number = (value: number) => Math.round(value * 10) / 10;
