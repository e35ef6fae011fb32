// @vitest-environment happy-dom
/** The inspector's page of metrics. Charts are drawn on a canvas, which this DOM does not have: a real browser tests them. */
import { screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { DashboardReport } from "../../../src/features/inspector/contract";
import { alarmTitle } from "../../../src/features/inspector/metrics/alarmTitle";
import { advance, click, openChat, server, setUpChat, user } from "../../support/chatPage";

vi.mock("uplot", () => ({
  default: class {
    setSize(): void {}
    redraw(): void {}
    destroy(): void {}
  },
}));

await import("../../../src/features/inspector/InspectorScreen");
await import("../../../src/features/inspector/metrics/MetricsView");

setUpChat();

const local = { inspector: true, inspectorApi: "/inspector-api" };
const region = (name: string) => within(screen.getByRole("region", { name }));

const report: DashboardReport = {
  stage: "local",
  since: "2026-11-24T09:00:00.000Z",
  until: "2026-11-24T10:00:00.000Z",
  periodSeconds: 60,
  graphs: [
    {
      title: "Sent to delivered (ms)",
      whenRed: "Above a second: *look* with `parley follow MESSAGE_ID`",
      limits: { "p95 at most": 1_000 },
      lines: [
        { label: "p50", times: ["2026-11-24T09:30:00.000Z"], values: [41], problem: null },
        { label: "p95", times: ["2026-11-24T09:30:00.000Z"], values: [1_200], problem: null },
        { label: "p99", times: [], values: [], problem: null },
      ],
    },
    {
      title: "Dead letters",
      whenRed: "",
      limits: {},
      lines: [{ label: "delivery", times: [], values: [], problem: "CloudWatch has no such function" }],
    },
  ],
  alarms: [],
  transitions: [],
};

const raised = {
  name: "Parley-local-DeadLetters",
  state: "ALARM",
  description: "Look and repair: docs/runbook.md#dead-letters",
  reason: "Threshold Crossed",
  changedAt: "2026-11-24T09:31:00.000Z",
} as const;

let asked: string[] = [];

function answer(changes: Partial<DashboardReport> = {}): void {
  asked = [];
  server.intercept = (_method, path) => {
    if (!path.startsWith("/inspector-api/metrics")) return null;
    asked.push(path.split("?")[1] ?? "");
    return new Response(JSON.stringify({ ...report, ...changes }));
  };
}

test.each([
  ["Parley-my-stage-Observability-DeliveryDeadLettersAlarm50D757CD-D8CBAE343BA37", "Delivery dead letters"],
  ["Parley-my-stage-Unhealthy", "Unhealthy"],
  ["An alarm by hand", "An alarm by hand"],
])("the title of the alarm %s is %s", (name, title) => {
  expect(alarmTitle(name, "my-stage")).toBe(title);
});

test("each graph has its values, its limit and what to do", async () => {
  answer();
  await openChat("/inspector/metrics", local);
  expect(document.title).toBe("Metrics · Inspector · Parley");
  const graph = region("Sent to delivered (ms)");
  expect(graph.getByText("over the limit")).toBeTruthy();
  expect(graph.getByRole("img").getAttribute("aria-label")).toContain("Chart of p50, p95");
  expect(graph.getAllByRole("row").map((row) => row.textContent)).toEqual([
    "LineLatestHighest",
    "p504141",
    "p951,2001,200",
  ]);
  expect(graph.getByText("No data: p99")).toBeTruthy();
  expect(graph.getByText("Limit: 1,000 (p95 at most)")).toBeTruthy();
  expect(graph.getByText("parley follow MESSAGE_ID").tagName).toBe("CODE");
});

test("a graph without values says so, with the reason", async () => {
  answer();
  await openChat("/inspector/metrics", local);
  const graph = region("Dead letters");
  expect(graph.getByText("No data in this time.")).toBeTruthy();
  expect(graph.getByText("delivery: CloudWatch has no such function")).toBeTruthy();
  expect(graph.queryByRole("img")).toBeNull();
});

test("raised alarms are shown with what to do, and changes of state are listed", async () => {
  answer({
    alarms: [raised, { ...raised, name: "Parley-local-Failed", state: "OK" }],
    transitions: [
      { name: raised.name, at: raised.changedAt, before: "OK", after: "ALARM", reason: "Threshold Crossed" },
    ],
  });
  await openChat("/inspector/metrics", local);
  const alarms = region("Alarms");
  expect(alarms.getByText("Look and repair: docs/runbook.md#dead-letters")).toBeTruthy();
  const changes = within(alarms.getByRole("list", { name: "Changes of state" }));
  expect(changes.getByRole("listitem").textContent).toMatch(/Dead lettersOKtoraised$/);
  expect(alarms.getByText("States of all alarms (2)")).toBeTruthy();
});

test("a stage without raised alarms says how many there are", async () => {
  answer({ alarms: [{ ...raised, state: "OK" }] });
  await openChat("/inspector/metrics", local);
  expect(screen.getByText("None of 1 alarm is raised.")).toBeTruthy();
  expect(screen.getByText("No alarm changed its state in this time.")).toBeTruthy();
});

test("the page is read again every half minute, on demand, and for another time", async () => {
  answer();
  await openChat("/inspector/metrics", local);
  expect(asked).toEqual(["since=1h"]);
  await advance(30_000);
  await advance();
  expect(asked).toHaveLength(2);
  await click(screen.getByRole("button", { name: "Refresh" }));
  expect(asked).toHaveLength(3);
  await user.selectOptions(screen.getByRole("combobox", { name: "Time" }), "1d");
  await advance();
  expect(asked.at(-1)).toBe("since=1d");
});
