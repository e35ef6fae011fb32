/** The service map: one node for all clients, and the places of nodes and calls by dagre's layered layout. Pure. */

import { Graph as DagreGraph, layout } from "@dagrejs/dagre";
import { compareNames } from "../../../core/text/collation";
import type { CallStatistics, Service, ServiceCall, ServiceMap } from "../contract";
import type { Point } from "../graph/layout";
import { serviceName } from "./serviceNames";

export interface MapNode {
  readonly service: Service;
  readonly x: number;
  readonly y: number;
}

export interface MapEdge {
  readonly call: ServiceCall;
  readonly path: string;
  readonly label: Point;
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export const NODE_WIDTH = 188;
export const NODE_HEIGHT = 58;

/** X-Ray has a client for each service that clients call: they are one here. Services in the order of their names. */
export function withOneClient(map: ServiceMap): ServiceMap {
  const clients = map.services.filter((service) => service.isClient);
  const [first] = clients;
  const ids = new Set(clients.map((service) => service.id));
  const services = map.services.filter((service) => !service.isClient || service === first);
  return {
    ...map,
    services: services.sort((a, b) => compareNames(serviceName(a), serviceName(b))),
    calls: map.calls.map((call) => (first && ids.has(call.from) ? { ...call, from: first.id } : call)),
  };
}

/** Calls that failed: refused ones too. */
export const failedCalls = (statistics: CallStatistics) => statistics.errors + statistics.faults;

/** The share of failed calls, from 0 to 1. */
export const failedShare = (statistics: CallStatistics) =>
  statistics.calls > 0 ? failedCalls(statistics) / statistics.calls : 0;

export function layoutMap(map: ServiceMap): MapLayout {
  const dagre = new DagreGraph({ multigraph: true });
  dagre.setGraph({ rankdir: "LR", nodesep: 14, edgesep: 10, ranksep: 84, marginx: 12, marginy: 12 });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const service of map.services)
    dagre.setNode(String(service.id), { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const call of map.calls) dagre.setEdge(String(call.from), String(call.to), {}, "call");
  layout(dagre);
  const { width = 0, height = 0 } = dagre.graph();
  const nodes = map.services.map((service) => {
    const { x = 0, y = 0 } = dagre.node(String(service.id));
    return { service, x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  });
  const byId = new Map(nodes.map((node) => [node.service.id, node]));
  const edges: MapEdge[] = [];
  for (const call of map.calls) {
    const [from, to] = [byId.get(call.from), byId.get(call.to)];
    if (!from || !to) continue;
    const placed = dagre.edge({ v: String(call.from), w: String(call.to), name: "call" });
    const inner = ((placed.points ?? []) as Point[]).slice(1, -1);
    const start = { x: from.x + NODE_WIDTH, y: from.y + NODE_HEIGHT / 2 };
    const end = { x: to.x, y: to.y + NODE_HEIGHT / 2 };
    const between = inner.filter((point) => point.x > start.x && point.x < end.x);
    edges.push({ call, path: flowPath([start, ...between, end]), label: middleOf([start, ...between, end]) });
  }
  return { width, height, nodes, edges };
}

/** A line that leaves and reaches every point horizontally. */
export function flowPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${rounded(first.x)} ${rounded(first.y)}`;
  let before = first;
  for (const point of rest) {
    // Back to a service on the left, the line makes a bow.
    const bow = point.x > before.x ? (point.x - before.x) / 2 : 60;
    path += `C${rounded(before.x + bow)} ${rounded(before.y)} ${rounded(point.x - bow)} ${rounded(point.y)} ${rounded(point.x)} ${rounded(point.y)}`;
    before = point;
  }
  return path;
}

function middleOf(points: readonly Point[]): Point {
  const half = (points.length - 1) / 2;
  const [a, b] = [points[Math.floor(half)], points[Math.ceil(half)]];
  return a && b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : { x: 0, y: 0 };
}

const rounded = (value: number) => Math.round(value * 10) / 10;
