/** The graph of the workflow, with the path of the selected run. States are buttons, reachable by keyboard. */
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { classNames } from "../../../kit/classNames";
import { IconButton } from "../../../kit/IconButton";
import { isNarrow } from "../../../kit/narrow";
import common from "../common.module.css";
import type { StateExecution } from "../contract";
import type { Graph } from "./definition";
import { layoutGraph, type PlacedNode } from "./layout";
import { neighbour } from "./neighbour";
import { edgeKey, highlightRun } from "./runHighlight";
import { StateNode } from "./StateNode";
import { boxToShow, innerEdges, takenPath } from "./takenPath";
import { type Box, isTooWide, useFrame, useViewport } from "./useViewport";
import styles from "./WorkflowGraph.module.css";

interface WorkflowGraphProps {
  readonly name: string;
  readonly graph: Graph;
  readonly executions: readonly StateExecution[] | null;
  readonly selected: string | null;
  readonly onSelect: (state: string) => void;
}

export function WorkflowGraph({ name, graph, executions, selected, onSelect }: WorkflowGraphProps) {
  const [errorPaths, setErrorPaths] = useState(false);
  /** Null until the user chooses. */
  const [chosenPathOnly, setPathOnly] = useState<boolean | null>(null);
  const { frame, size } = useFrame();
  const id = useId();
  const edges = useMemo(() => [...graph.edges, ...innerEdges(graph)], [graph]);
  const highlight = useMemo(() => (executions ? highlightRun(executions, edges) : null), [executions, edges]);
  const whole = useMemo(() => layoutGraph(graph), [graph]);
  // Where the path would be cut off, or too small to read, it is shown without the states around it.
  const pathOnly =
    chosenPathOnly ?? (isNarrow() || (size.width > 0 && isTooWide(boxToShow(whole, highlight), size)));
  const placed = useMemo(
    () => (pathOnly && highlight ? layoutGraph(takenPath(graph, highlight)) : whole),
    [graph, highlight, pathOnly, whole],
  );
  const target = useMemo<Box>(() => boxToShow(placed, highlight), [placed, highlight]);
  const { view, showAll, zoom, pointer, show } = useViewport(target, { frame, size });
  const order = useMemo(() => [...placed.nodes].sort((a, b) => a.y - b.y || a.x - b.x), [placed]);
  const current = order.some((each) => each.node.name === selected)
    ? selected
    : (order[0]?.node.name ?? null);
  const buttons = useRef(new Map<string, SVGGElement>());

  /** On the run's path, down and up go to the state that the run entered next or before; left and right leave it. */
  const next = (key: string, from: PlacedNode) => {
    const path = [...(highlight?.states.keys() ?? [])];
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const entered =
      path.includes(from.node.name) && step ? path[path.indexOf(from.node.name) + step] : undefined;
    return order.find((each) => each.node.name === entered) ?? neighbour(key, from, order);
  };

  const move = (event: KeyboardEvent, from: PlacedNode) => {
    const to = next(event.key, from);
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
    <section className={styles.graph} aria-label={`Workflow ${name}`}>
      <div className={styles.frame} ref={frame} {...pointer}>
        {/* biome-ignore lint/a11y/useSemanticElements: an SVG has no other way to be a group. */}
        <svg
          className={classNames(styles.drawing, highlight && styles.ofRun)}
          width={size.width}
          height={size.height}
          viewBox={`${view.x} ${view.y} ${Math.max(1, size.width / view.scale)} ${Math.max(1, size.height / view.scale)}`}
          role="group"
          aria-label={`States of ${name}. Arrow keys go from state to state.`}
        >
          <defs>
            {(["plain", "taken", "error"] as const).map((kind) => (
              <marker
                key={kind}
                id={`${id}-${kind}`}
                className={styles.arrow}
                data-kind={kind}
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
                className={styles.container}
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
                edge.kind === "catch" && (taken || !highlight) ? "error" : taken ? "taken" : "plain";
              return (
                <g key={key} className={classNames(styles.edge, taken && styles.taken)} data-kind={edge.kind}>
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
            <StateNode
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
      <div className={styles.tools} role="toolbar" aria-label="View of the workflow">
        {highlight && (
          <label className={common.toggle}>
            <input
              type="checkbox"
              checked={pathOnly}
              onChange={(event) => setPathOnly(event.target.checked)}
            />
            Taken path only
          </label>
        )}
        <label className={`${common.toggle} ${styles.errors}`}>
          <input
            type="checkbox"
            checked={errorPaths}
            onChange={(event) => setErrorPaths(event.target.checked)}
          />
          Error paths
        </label>
        <IconButton icon="minus" label="Zoom out" title={undefined} onClick={() => zoom(1 / 1.3)} />
        <IconButton icon="plus" label="Zoom in" title={undefined} onClick={() => zoom(1.3)} />
        <IconButton icon="fit" label="Zoom to fit" title="Fit" onClick={showAll} />
      </div>
    </section>
  );
}
