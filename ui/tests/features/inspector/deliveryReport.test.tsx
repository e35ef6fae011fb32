// @vitest-environment happy-dom
/** What the report of one message says about its delivery. */
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import type { MessageReport, RunDetail } from "../../../src/features/inspector/contract";
import { DeliveryReport } from "../../../src/features/inspector/delivery/DeliveryReport";

afterEach(cleanup);

const report: MessageReport = {
  messageId: "m-1",
  stage: "local",
  message: null,
  unreadable: null,
  event: null,
  archive: { name: "archive", state: "ENABLED", retentionDays: 1, holdsIt: true, note: "" },
  rule: { name: "rule", state: "ENABLED", target: "deliver", note: "" },
  runs: [],
  posts: [],
  queues: [],
  hops: [],
  total: null,
  traces: [],
  links: null,
  problems: [],
  unfinished: null,
};
const UNFINISHED = "The log has no end of run b19e0827 yet. Look again to see how it ends.";

function show(changes: Partial<MessageReport>): void {
  render(<DeliveryReport report={{ ...report, ...changes }} busy={false} onRefresh={() => undefined} />);
}

const run = {
  runId: "r-1",
  status: "SUCCEEDED",
  outcome: "delivered",
  mode: "live",
  replayed: false,
  troubled: false,
  trouble: null,
  startedAt: "2026-11-29T09:30:00.000Z",
  durationMs: 4,
  path: [],
  states: [],
  posts: [],
};
const withText = (text: string): Partial<MessageReport> => ({
  runs: [{ ...run, input: { detail: { data: { text } } } } as unknown as RunDetail],
});

test("a run that a repeated send caused is no replay", () => {
  const runs = [
    { ...run, runId: "r-1" },
    { ...run, runId: "r-2" },
    { ...run, runId: "r-3", replayed: true },
  ];
  show({ runs: runs as unknown as RunDetail[] });
  expect(screen.getAllByText("Run", { selector: "h4" })).toHaveLength(2);
  expect(screen.getAllByText("Replay", { selector: "h4" })).toHaveLength(1);
});

describe("the text of a message", () => {
  test("is shown as it was sent", () => {
    show(withText("good morning"));
    expect(screen.getByText("good morning")).toBeTruthy();
  });

  test("is left out when it is sealed", () => {
    show(withText("\u0001s1.bK7xwhKykfad"));
    expect(screen.queryByText(/bK7xwhKykfad/)).toBeNull();
  });
});

describe("what became of a message", () => {
  test("is said when all runs have ended", () => {
    show({});
    expect(screen.getByText(/nothing was posted/)).toBeTruthy();
  });

  test("is not known while a run goes on", () => {
    show({ unfinished: UNFINISHED });
    expect(screen.getByText(UNFINISHED)).toBeTruthy();
    expect(screen.queryByText(/nothing was posted/)).toBeNull();
  });

  test("has its problems listed while a run goes on", () => {
    show({ unfinished: UNFINISHED, problems: ["1 connection never received it."] });
    expect(screen.getByText(UNFINISHED)).toBeTruthy();
    expect(screen.getByRole("list", { name: "Problems" }).textContent).toContain("never received");
  });
});
