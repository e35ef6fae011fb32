/** A state of the graph, as a button. */
import type { KeyboardEvent } from "react";
import { classNames } from "../../../kit/classNames";
import type { StateExecution } from "../contract";
import { duration } from "../format";
import type { GraphNode } from "./definition";
import type { PlacedNode } from "./layout";
import type { RunHighlight } from "./runHighlight";
import styles from "./WorkflowGraph.module.css";

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

interface StateNodeProps {
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

export function StateNode(props: StateNodeProps) {
  const { placed, highlight, start, catchesAll, selected, tabbable, onSelect, onKeyDown, onElement } = props;
  const { node, x, y, width, container } = placed;
  const height = container ? 34 : placed.height;
  const own = highlight?.states.get(node.name);
  const outcome = highlight ? (own?.outcome ?? "none") : "plain";
  const many = own && own.executions.length > 1 ? own.executions.length : null;
  const top = container ? y + 2 : y;
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: an SVG has no button element. */}
      <g
        ref={onElement}
        role="button"
        className={classNames(styles.state, container && styles.containerState)}
        data-state={node.name}
        data-outcome={outcome}
        tabIndex={tabbable ? 0 : -1}
        aria-pressed={selected}
        aria-label={accessibleName(node, outcome, own?.executions, start)}
        onClick={onSelect}
        onKeyDown={onKeyDown}
      >
        {node.comment && <title>{node.comment}</title>}
        {!container && <rect className={styles.box} x={x} y={y} width={width} height={height} rx="8" />}
        {container && (
          <rect className={styles.box} x={x + 2} y={top} width={width - 4} height={height} rx="8" />
        )}
        <svg
          x={x + 10}
          y={top + height / 2 - 8}
          width="16"
          height="16"
          viewBox="0 0 16 16"
          aria-hidden="true"
        >
          <path className={styles.glyph} d={glyphs[node.type] ?? glyphs.Pass} />
        </svg>
        <text className={styles.name} x={x + 32} y={top + height / 2 + 4.5}>
          {node.name}
        </text>
        {catchesAll && (
          <path className={styles.catches} d={`M${x + width - 9} ${top + height / 2 - 5}l-4 6h5l-4 6`} />
        )}
      </g>
      {start && (
        <text className={styles.start} x={x + 4} y={top - 6}>
          start
        </text>
      )}
      {many !== null && (
        <g className={styles.aside}>
          <rect className={styles.count} x={x + width - 16} y={top - 9} width="26" height="18" rx="9" />
          <text className={styles.countText} x={x + width - 3} y={top + 4}>
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
  executions: readonly StateExecution[] | undefined,
  start: boolean,
) {
  const name = `${node.name}, ${node.type}${start ? ", start state" : ""}`;
  if (outcome === "plain") return name;
  if (!executions) return `${name}, not entered`;
  const total = executions.reduce((sum, execution) => sum + (execution.durationMs ?? 0), 0);
  const times = executions.length > 1 ? `, ${executions.length} times` : "";
  return `${name}, ${outcome}${times}, ${duration(total)}`;
}
