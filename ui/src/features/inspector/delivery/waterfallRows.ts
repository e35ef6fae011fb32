/** A trace as rows: depth, place and length of each bar, what is folded away. Pure. */
import { plainName } from "../format";
import type { Segment, Trace } from "../wire";

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
    // One without an end lasts to the end of what is known.
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

/** The time that the drawing covers: the trace's own, or more where a segment ends later. */
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

/** Round moments for the scale: 1, 2 or 5 times a power of ten, about `wanted` of them. */
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
