/** Graphs of the dashboard as data of charts. */
import { expect, test } from "vitest";
import type { DashboardGraph, DashboardReport } from "../../../src/features/inspector/contract";
import {
  chartData,
  highest,
  isolated,
  latest,
  metricValue,
} from "../../../src/features/inspector/metrics/chartData";

const minute = (at: number) => new Date(Date.UTC(2026, 10, 24, 9, at)).toISOString();
const seconds = (at: number) => Date.parse(minute(at)) / 1_000;

function graph(limits: Record<string, number>, ...lines: [string, Record<number, number>][]): DashboardGraph {
  return {
    title: "Sent",
    whenRed: "",
    limits,
    lines: lines.map(([label, points]) => ({
      label,
      times: Object.keys(points).map((at) => minute(Number(at))),
      values: Object.values(points),
      problem: null,
    })),
  };
}

const report = (graphs: DashboardGraph[]): DashboardReport => ({
  stage: "test",
  since: minute(0),
  until: new Date(Date.parse(minute(4)) + 30_000).toISOString(),
  periodSeconds: 60,
  graphs,
  alarms: [],
  transitions: [],
});

const read = (of: DashboardGraph) => chartData(of, report([of]));

test("a period without data is a gap, and all lines have the same periods", () => {
  const data = read(graph({}, ["sent", { 1: 4, 3: 0 }], ["delivered", { 1: 8 }], ["failed", {}]));
  expect(data.times).toEqual([0, 1, 2, 3, 4].map(seconds));
  expect(data.lines).toEqual([
    { label: "sent", index: 0, values: [null, 4, null, 0, null] },
    { label: "delivered", index: 1, values: [null, 8, null, null, null] },
  ]);
  expect(data.without).toEqual(["failed"]);
});

test("the latest and the highest value leave gaps out", () => {
  const [line] = read(graph({}, ["sent", { 1: 4, 3: 2 }])).lines;
  expect(line && [latest(line), highest(line)]).toEqual([2, 4]);
});

test.each([
  [{ alarm: 100 }, 3, [], false],
  [{ alarm: 100 }, 40, [["alarm", 100]], false],
  [{ alarm: 100 }, 100, [["alarm", 100]], true],
])("a limit is drawn once the values come near: %o and %d", (limits, value, drawn, exceeded) => {
  const data = read(graph(limits, ["oldest", { 2: value }]));
  expect([data.limits, data.exceeded]).toEqual([drawn, exceeded]);
});

test("a limit of a graph without values is not exceeded", () => {
  expect(read(graph({ none: 0 }, ["delivery", {}])).exceeded).toBe(false);
});

test("values that no line connects are found", () => {
  expect(isolated([1, null, 2, 3, null, 4])).toEqual([0, 5]);
});

test.each([
  [null, "–"],
  [0, "0"],
  [0.012345, "0.0123"],
  [4.567, "4.57"],
  [321.6, "322"],
  [12345, "12,345"],
])("%d is written as %s", (value, text) => {
  expect(metricValue(value)).toBe(text);
});
