/** Converts a trace to rows of the waterfall chart. Pure. */

import type { Segment, Trace } from "../contract";
import { plainName } from "../format";

export interface WaterfallRow {
  readonly segment: Segment;
  readonly name: string;
  readonly depth: number;
  /** In percent of the trace. */
  readonly left: number;
  readonly width: number;
  readonly hasChildren: boolean;
  readonly open: boolean;
}

export function waterfallRows(trace: Trace, folded: ReadonlySet<string>): WaterfallRow[] {
  const total = traceDuration(trace);
  const rows: WaterfallRow[] = [];
  const walk = (segment: Segment, depth: number) => {
    const open = !folded.has(segment.id);
    const left = Math.min(100, Math.max(0, (segment.offsetMs / total) * 100));
    // A segment without an end lasts until the end of the trace.
    const lasted = segment.durationMs ?? total - segment.offsetMs;
    rows.push({
      segment,
      name: segmentName(segment),
      depth,
      left,
      width: Math.min(100 - left, Math.max(0, (lasted / total) * 100)),
      hasChildren: segment.children.length > 0,
      open,
    });
    if (open) for (const child of segment.children) walk(child, depth + 1);
  };
  for (const root of trace.segments) walk(root, 0);
  return rows;
}

/** The trace's duration in ms, or more if a segment ends later; at least 1. */
export function traceDuration(trace: Trace): number {
  let end = trace.durationMs;
  const walk = (segment: Segment) => {
    end = Math.max(end, segment.offsetMs + (segment.durationMs ?? 0));
    for (const child of segment.children) walk(child);
  };
  for (const root of trace.segments) walk(root);
  return end > 0 ? end : 1;
}

export function segmentCount(trace: Trace): number {
  const count = (segment: Segment): number => segment.children.reduce((sum, child) => sum + count(child), 1);
  return trace.segments.reduce((sum, root) => sum + count(root), 0);
}

/** About `wanted` ticks of the scale, at multiples of 1, 2 or 5 times a power of ten. */
export function ticks(total: number, wanted = 6): number[] {
  const rough = total / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step);
}

function segmentName(segment: Segment): string {
  const name = segment.name.replace(/^## /, "");
  return segment.kind === "segment" ? plainName(name) : name;
}
