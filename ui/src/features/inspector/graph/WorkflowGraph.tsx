/** The graph of the workflow, with the path of the selected run. States are buttons, reachable by keyboard. */
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { Icon } from "../../../kit/Icon";
import { duration } from "../format";
import type { StateVisit } from "../wire";
import { allNodes, type Graph, type GraphNode } from "./definition";
import { type GraphLayout, layoutGraph, type PlacedNode } from "./layout";
import { edgeKey, highlightRun, type RunHighlight } from "./runHighlight";
import { type Box, useViewport } from "./useViewport";
import "./WorkflowGraph.css";

interface WorkflowGraphProps {
  readonly name: string;
  readonly graph: Graph;
  readonly visits: readonly StateVisit[] | null;
  readonly selected: string | null;
  readonly onSelect: (state: string) => void;
}

const PATH_MARGIN = 20;

/** On narrow screens only the path is shown initially, because the whole workflow would be too small to read. */
const narrow = () => matchMedia("(width < 48rem)").matches;

const glyphs: Readonly<Record<string, string>> = {
  Task: "M3 4h10v8H3zM3 7h10",
  Choice: "M8 2.500 13.500 8 8 13.500 2.500 8z",
  Pass: "M3 8h9M9 5l3 3-3 3",
  Map: "M3 3h7v7H3zM6 12.500h6.500V6",
  Parallel: "M4 3v10M8 3v10M12 3v10",
  Succeed: "M3.500 8.500 6.500 11.500 12.500 5",
  Fail: "M4 4l8 8M12 4l-8 8",
  Wait: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M8 5v3l2 1.500",
};

export function WorkflowGraph({ name, graph, visits, selected, onSelect }: WorkflowGraphProps) {
  const [errorPaths, setErrorPaths] = useState(false);
  const [pathOnly, setPathOnly] = useState(narrow);
  const id = useId();
  const edges = useMemo(() => [...graph.edges, ...innerEdges(graph)], [graph]);
  const highlight = useMemo(() => (visits ? highlightRun(visits, edges) : null), [visits, edges]);
  const shown = useMemo(
    () => (pathOnly && highlight ? takenPath(graph, highlight) : graph),
    [graph, highlight, pathOnly],
  );
  const placed = useMemo(() => layoutGraph(shown), [shown]);
  const target = useMemo<Box>(() => boxToShow(placed, highlight), [placed, highlight]);
  const { frame, size, view, showAll, zoom, pointer, show } = useViewport(target);
  const order = useMemo(() => [...placed.nodes].sort((a, b) => a.y - b.y || a.x - b.x), [placed]);
  const current = order.some((each) => each.node.name === selected)
    ? selected
    : (order[0]?.node.name ?? null);
  const buttons = useRef(new Map<string, SVGGElement>());

  const move = (event: KeyboardEvent, from: PlacedNode) => {
    const to = neighbour(event.key, from, order);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onSelect(from.node.name);
    } else if (to) {
      event.preventDefault();
      show(to);
      onSelect(to.node.name);
      buttons.current.get(to.node.name)?.focus({ preventScroll: true });
    }
  };

  useEffect(() => {
    const box = placed.nodes.find((each) => each.node.name === selected);
    if (box) show(box);
  }, [selected, placed, show]);

  return (
    <section className="graph" aria-label={`Workflow ${name}`}>
      <div className="graph-frame" ref={frame} {...pointer}>
        {/* biome-ignore lint/a11y/useSemanticElements: an SVG has no other way to be a group. */}
        <svg
          className={`graph-drawing${highlight ? " graph-of-run" : ""}`}
          width={size.width}
          height={size.height}
          viewBox={`${view.x} ${view.y} ${Math.max(1, size.width / view.scale)} ${Math.max(1, size.height / view.scale)}`}
          role="group"
          aria-label={`States of ${name}. Arrow keys go from state to state.`}
        >
          <defs>
            {(["plain", "lit", "error"] as const).map((kind) => (
              <marker
                key={kind}
                id={`${id}-${kind}`}
                className={`graph-arrow graph-arrow-${kind}`}
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                markerUnits="userSpaceOnUse"
                orient="auto-start-reverse"
              >
                <path d="M0 0 8 4 0 8z" />
              </marker>
            ))}
          </defs>
          {placed.nodes
            .filter((each) => each.container)
            .map((each) => (
              <rect
                key={each.node.name}
                className="graph-container"
                x={each.x}
                y={each.y}
                width={each.width}
                height={each.height}
                rx="10"
              />
            ))}
          {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: it contains nothing focusable. */}
          <g aria-hidden="true">
            {placed.edges.map(({ edge, path, label }) => {
              const key = edgeKey(edge.from, edge.to, edge.kind);
              const taken = highlight?.edges.has(key) ?? false;
              if (edge.common && !taken && !errorPaths && edge.from !== selected) return null;
              const arrow =
                edge.kind === "catch" && (taken || !highlight) ? "error" : taken ? "lit" : "plain";
              return (
                <g
                  key={key}
                  className={`graph-edge graph-edge-${edge.kind}${taken ? " graph-edge-taken" : ""}`}
                >
                  <title>{edge.reasons.join("\n")}</title>
                  <path d={path} markerEnd={`url(#${id}-${arrow})`} />
                  {label && (
                    <text x={label.x} y={label.y + 3.5}>
                      {edge.label}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
          {order.map((each) => (
            <State
              key={each.node.name}
              placed={each}
              highlight={highlight}
              start={each.node.name === graph.start}
              catchesAll={edges.some((edge) => edge.common && edge.from === each.node.name)}
              selected={each.node.name === selected}
              tabbable={each.node.name === current}
              onSelect={() => onSelect(each.node.name)}
              onKeyDown={(event) => move(event, each)}
              onElement={(element) => {
                if (element) buttons.current.set(each.node.name, element);
                else buttons.current.delete(each.node.name);
              }}
            />
          ))}
        </svg>
      </div>
      <div className="graph-tools" role="toolbar" aria-label="View of the workflow">
        {highlight && (
          <label className="graph-toggle">
            <input
              type="checkbox"
              checked={pathOnly}
              onChange={(event) => setPathOnly(event.target.checked)}
            />
            Taken path only
          </label>
        )}
        <label className="graph-toggle graph-toggle-errors">
          <input
            type="checkbox"
            checked={errorPaths}
            onChange={(event) => setErrorPaths(event.target.checked)}
          />
          Error paths
        </label>
        <button type="button" className="icon-button" aria-label="Zoom out" onClick={() => zoom(1 / 1.3)}>
          <Icon name="minus" size={18} />
        </button>
        <button type="button" className="icon-button" aria-label="Zoom in" onClick={() => zoom(1.3)}>
          <Icon name="plus" size={18} />
        </button>
        <button type="button" className="icon-button" aria-label="Zoom to fit" title="Fit" onClick={showAll}>
          <Icon name="fit" size={18} />
        </button>
      </div>
    </section>
  );
}

interface StateProps {
  readonly placed: PlacedNode;
  readonly highlight: RunHighlight | null;
  readonly start: boolean;
  readonly catchesAll: boolean;
  readonly selected: boolean;
  readonly tabbable: boolean;
  readonly onSelect: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onElement: (element: SVGGElement | null) => void;
}

function State(props: StateProps) {
  const { placed, highlight, start, catchesAll, selected, tabbable, onSelect, onKeyDown, onElement } = props;
  const { node, x, y, width, container } = placed;
  const height = container ? 34 : placed.height;
  const own = highlight?.states.get(node.name);
  const outcome = highlight ? (own?.outcome ?? "none") : "plain";
  const many = own && own.visits.length > 1 ? own.visits.length : null;
  const top = container ? y + 2 : y;
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: an SVG has no button element. */}
      <g
        ref={onElement}
        role="button"
        className={`graph-state graph-type-${node.type.toLowerCase()} graph-${outcome}${container ? " graph-state-container" : ""}`}
        data-state={node.name}
        data-outcome={outcome}
        tabIndex={tabbable ? 0 : -1}
        aria-pressed={selected}
        aria-label={accessibleName(node, outcome, own?.visits, start)}
        onClick={onSelect}
        onKeyDown={onKeyDown}
      >
        {node.comment && <title>{node.comment}</title>}
        {!container && <rect className="graph-box" x={x} y={y} width={width} height={height} rx="8" />}
        {container && (
          <rect className="graph-box" x={x + 2} y={top} width={width - 4} height={height} rx="8" />
        )}
        <svg
          x={x + 10}
          y={top + height / 2 - 8}
          width="16"
          height="16"
          viewBox="0 0 16 16"
          aria-hidden="true"
        >
          <path className="graph-glyph" d={glyphs[node.type] ?? glyphs.Pass} />
        </svg>
        <text className="graph-name" x={x + 32} y={top + height / 2 + 4.5}>
          {node.name}
        </text>
        {catchesAll && (
          <path className="graph-catches" d={`M${x + width - 9} ${top + height / 2 - 5}l-4 6h5l-4 6`} />
        )}
      </g>
      {start && (
        <text className="graph-start" x={x + 4} y={top - 6}>
          start
        </text>
      )}
      {many !== null && (
        <g className="graph-aside">
          <rect className="graph-count" x={x + width - 16} y={top - 9} width="26" height="18" rx="9" />
          <text className="graph-count-text" x={x + width - 3} y={top + 4}>
            ×{many}
          </text>
        </g>
      )}
    </>
  );
}

function accessibleName(
  node: GraphNode,
  outcome: string,
  visits: readonly StateVisit[] | undefined,
  start: boolean,
) {
  const name = `${node.name}, ${node.type}${start ? ", start state" : ""}`;
  if (outcome === "plain") return name;
  if (!visits) return `${name}, not visited`;
  const total = visits.reduce((sum, visit) => sum + (visit.durationMs ?? 0), 0);
  const times = visits.length > 1 ? `, ${visits.length} times` : "";
  return `${name}, ${outcome}${times}, ${duration(total)}`;
}

/** The next state in the direction of an arrow key; deviation from the direction costs double. */
function neighbour(key: string, from: PlacedNode, nodes: readonly PlacedNode[]): PlacedNode | null {
  const direction = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[key];
  if (!direction) return null;
  const [dx = 0, dy = 0] = direction;
  let best: { node: PlacedNode; cost: number } | null = null;
  for (const node of nodes) {
    if (node === from) continue;
    const x = node.x + node.width / 2 - from.x - from.width / 2;
    const y = node.y + node.height / 2 - from.y - from.height / 2;
    const along = x * dx + y * dy;
    const away = Math.abs(x * dy) + Math.abs(y * dx);
    if (along < 12) continue;
    const cost = along + away * 2;
    if (!best || cost < best.cost) best = { node, cost };
  }
  return best?.node ?? null;
}

/** The bounds of the run's path, or of the whole graph. */
function boxToShow(placed: GraphLayout, highlight: RunHighlight | null): Box {
  const nodes = placed.nodes.filter((each) => highlight?.states.has(each.node.name));
  if (nodes.length === 0) return { x: 0, y: 0, width: placed.width, height: placed.height };
  const left = Math.min(...nodes.map((each) => each.x)) - PATH_MARGIN;
  const top = Math.min(...nodes.map((each) => each.y)) - PATH_MARGIN;
  return {
    x: left,
    y: top,
    width: Math.max(...nodes.map((each) => each.x + each.width)) + PATH_MARGIN - left,
    height: Math.max(...nodes.map((each) => each.y + each.height)) + PATH_MARGIN - top,
  };
}

function innerEdges(graph: Graph): Graph["edges"] {
  return graph.nodes.flatMap((node) => (node.inner ? [...node.inner.edges, ...innerEdges(node.inner)] : []));
}

/** The part of the graph that a run has taken. */
function takenPath(graph: Graph, highlight: RunHighlight): Graph {
  const nodes = graph.nodes
    .filter((node) => highlight.states.has(node.name))
    .map((node) => (node.inner ? { ...node, inner: takenPath(node.inner, highlight) } : node))
    .map((node) => (node.inner && allNodes(node.inner).length === 0 ? { ...node, inner: null } : node));
  const edges = graph.edges
    .filter((edge) => highlight.edges.has(edgeKey(edge.from, edge.to, edge.kind)))
    .map((edge) => ({ ...edge, common: false }));
  return { ...graph, nodes, edges };
}
