/** A graph of the dashboard as a chart's data: all lines over the same periods. Pure. */
import { LANGUAGE } from "../../../core/text/language";
import type { DashboardGraph, DashboardReport } from "../contract";

/** A line that has values. `index` is its place in the graph, by which it is coloured. */
export interface ChartLine {
  readonly label: string;
  readonly index: number;
  /** One for each time; null where the period has no data. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** The starts of the periods, in seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  /** The labels of the lines without values. */
  readonly without: readonly string[];
  /** The limits that are near enough to the values to be drawn. */
  readonly limits: readonly (readonly [string, number])[];
  /** Whether a value reaches a limit. */
  readonly exceeded: boolean;
}

/** A limit is drawn once the values reach this share of it: far above them, it would press them to the bottom. */
const NEAR = 1 / 4;

export function chartData(graph: DashboardGraph, report: DashboardReport): ChartData {
  const times = periods(report);
  const known = graph.lines.map((line, index) => {
    const byTime = new Map(line.times.map((time, at) => [Date.parse(time) / 1_000, line.values[at]]));
    return { label: line.label, index, values: times.map((time) => byTime.get(time) ?? null) };
  });
  const lines = known.filter((line) => line.values.some((value) => value !== null));
  const top = Math.max(0, ...lines.map((line) => highest(line) ?? 0));
  const limits = Object.entries(graph.limits);
  return {
    times,
    lines,
    without: known.filter((line) => !lines.includes(line)).map((line) => line.label),
    limits: limits.filter(([, limit]) => lines.length > 0 && top >= limit * NEAR),
    exceeded: limits.some(([, limit]) => lines.length > 0 && top >= limit),
  };
}

/** All periods of the report, and those of values at its ends. */
function periods(report: DashboardReport): readonly number[] {
  const step = report.periodSeconds;
  const first = Math.floor(Date.parse(report.since) / 1_000 / step) * step;
  const last = Date.parse(report.until) / 1_000;
  const times = new Set<number>();
  for (let time = first; time < last; time += step) times.add(time);
  for (const graph of report.graphs)
    for (const line of graph.lines) for (const time of line.times) times.add(Date.parse(time) / 1_000);
  return [...times].sort((a, b) => a - b);
}

export function highest(line: ChartLine): number | null {
  const values = line.values.filter((value) => value !== null);
  return values.length ? Math.max(...values) : null;
}

export function latest(line: ChartLine): number | null {
  return line.values.findLast((value) => value !== null) ?? null;
}

/** The places of values between two periods without data, which no line connects: they are drawn as points. */
export function isolated(values: readonly (number | null | undefined)[]): number[] {
  const places: number[] = [];
  values.forEach((value, at) => {
    if (value != null && values[at - 1] == null && values[at + 1] == null) places.push(at);
  });
  return places;
}

const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat(LANGUAGE, { maximumSignificantDigits: 3 });

/** "0.0123", "4.57", "321", "12,346": three digits, but whole numbers are not rounded. */
export function metricValue(value: number | null | undefined): string {
  if (value == null) return "–";
  return Math.abs(value) >= 100 || Number.isInteger(value) ? whole.format(value) : precise.format(value);
}
