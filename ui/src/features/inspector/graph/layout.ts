/** Positions of nodes and edges, by dagre's layered layout. Inner graphs are laid out first, to size their nodes. */
import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import type { Graph, GraphEdge, GraphNode } from "./definition";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedNode {
  readonly node: GraphNode;
  /** The top left corner, relative to the whole drawing. */
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

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

const NODE_HEIGHT = 38;
const CHARACTER = 7.6;
const NODE_PADDING = 48;
/** The distance of a label from the end of its edge, where edges do not overlap. */
const LABEL_BEFORE_END = 15;
const LABEL_STEP = 13;
const LABEL_HEIGHT = 15;
const LABEL_CHARACTER = 5.6;
const LABEL_TRIES = 12;
const CONTAINER_HEAD = 38;
const CONTAINER_PADDING = 16;
const MARGIN = 12;

export function layoutGraph(graph: Graph): GraphLayout {
  const insides = new Map<string, GraphLayout>();
  const dagre = new DagreGraph({ multigraph: true });
  dagre.setGraph({
    rankdir: "TB",
    ranker: "tight-tree",
    nodesep: 16,
    edgesep: 8,
    ranksep: 34,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    const own = node.name.length * CHARACTER + NODE_PADDING;
    if (node.inner) {
      const inside = layoutGraph(node.inner);
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
      { weight: edge.kind === "next" ? 4 : edge.kind === "choice" ? 2 : 1 },
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
  // Labels must not overlap states or each other.
  const labels: LabelBox[] = [...boxes.values()].map((box) => ({
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    width: box.width,
    height: box.height,
  }));
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
        path: translatePath(each.path, dx, dy),
        label: each.label && { x: each.label.x + dx, y: each.label.y + dy },
      });
    }
  }
  for (const edge of graph.edges) {
    const from = boxes.get(edge.from);
    const to = boxes.get(edge.to);
    if (!from || !to) continue;
    if (edge.common) {
      edges.push({ edge, path: curveBetween(from, to), label: null });
      continue;
    }
    const placed = dagre.edge({ v: edge.from, w: edge.to, name: edge.kind });
    const points = (placed.points ?? []) as Point[];
    edges.push({
      edge,
      path: smoothPath(points),
      label: edge.label ? placeLabel(edge.label, points, labels) : null,
    });
  }
  const { width = 0, height = 0 } = dagre.graph();
  return { width, height, nodes, edges };
}

/** A smooth SVG path through the midpoints of the line's segments. */
export function smoothPath(points: readonly Point[]): string {
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

/** The point on a line at a distance from its end. */
export function pointBeforeEnd(points: readonly Point[], distance: number): Point | null {
  let left = distance;
  for (let index = points.length - 1; index > 0; index -= 1) {
    const end = points[index];
    const before = points[index - 1];
    if (!end || !before) break;
    const length = Math.hypot(end.x - before.x, end.y - before.y);
    if (length >= left && length > 0) {
      const part = left / length;
      return { x: end.x + (before.x - end.x) * part, y: end.y + (before.y - end.y) * part };
    }
    left -= length;
  }
  return points[0] ?? null;
}

/** A free position for a label, further back on its edge if needed. */
function placeLabel(text: string, points: readonly Point[], taken: LabelBox[]): Point | null {
  const width = text.length * LABEL_CHARACTER;
  let found: Point | null = null;
  for (let attempt = 0; attempt < LABEL_TRIES; attempt += 1) {
    found = pointBeforeEnd(points, LABEL_BEFORE_END + attempt * LABEL_STEP);
    const at = found;
    if (!at) return null;
    const free = taken.every(
      (other) =>
        Math.abs(other.x - at.x) > (other.width + width) / 2 ||
        Math.abs(other.y - at.y) > (other.height + LABEL_HEIGHT) / 2,
    );
    if (free) break;
  }
  if (found) taken.push({ ...found, width, height: LABEL_HEIGHT });
  return found;
}

interface LabelBox extends Point {
  readonly width: number;
  readonly height: number;
}

/** A curve from the right side of one node to the side of another. */
function curveBetween(from: PlacedNode, to: PlacedNode): string {
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const toRight = to.x + to.width / 2 > start.x;
  const end = { x: toRight ? to.x : to.x + to.width, y: to.y + to.height / 2 };
  const bow = Math.max(40, Math.min(160, Math.abs(end.y - start.y) / 3));
  const control = { x: toRight ? end.x - bow : end.x + bow, y: end.y };
  return `M${number(start.x)} ${number(start.y)}C${number(start.x + bow)} ${number(start.y)} ${number(control.x)} ${number(control.y)} ${number(end.x)} ${number(end.y)}`;
}

function translatePath(path: string, dx: number, dy: number): string {
  let isX = true;
  return path.replace(/-?\d+(?:\.\d+)?/g, (text) => {
    const moved = Number(text) + (isX ? dx : dy);
    isX = !isX;
    return ` ${number(moved)}`;
  });
}

const number = (value: number) => Math.round(value * 10) / 10;
