// @vitest-environment happy-dom
/** The inspector's service map, with fixed responses. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type {
  CallStatistics,
  FoundTraces,
  ServiceMap,
  Trace,
} from "../../../src/features/inspector/contract";
import { advance, click, openChat, server, setUpChat, user } from "../../support/chatPage";

await import("../../../src/features/inspector/InspectorScreen");
await import("../../../src/features/inspector/services/ServicesView");

setUpChat();

const local = { inspector: true, inspectorApi: "/inspector-api" };
const region = (name: string) => within(screen.getByRole("region", { name }));
const TRACE = "1-69241c00-000000000000000000000001";

const statistics = (changes: Partial<CallStatistics> = {}): CallStatistics => ({
  calls: 60,
  perMinute: 1,
  errors: 0,
  throttles: 0,
  faults: 0,
  p50Ms: 20,
  p95Ms: 48,
  ...changes,
});

const map: ServiceMap = {
  since: "2026-11-24T09:00:00.000Z",
  until: "2026-11-24T10:00:00.000Z",
  everything: true,
  services: [
    { id: 0, name: "send", type: "client", isClient: true, statistics: statistics({ calls: 0 }) },
    {
      id: 1,
      name: "Parley-test-WebSocketApi-SendMessage33FB0275-1A",
      type: "AWS::Lambda::Function",
      isClient: false,
      statistics: statistics({ faults: 3 }),
    },
    {
      id: 2,
      name: "Parley-test-Delivery-Deliver72E7B226-1A",
      type: "AWS::StepFunctions::StateMachine",
      isClient: false,
      statistics: statistics(),
    },
  ],
  calls: [
    { from: 0, to: 1, statistics: statistics() },
    { from: 1, to: 2, statistics: statistics({ calls: 57, p50Ms: null, p95Ms: null }) },
  ],
};

const found: FoundTraces = {
  items: [{ traceId: TRACE, startedAt: "2026-11-24T09:59:00.000Z", durationMs: 81, failed: true }],
  truncated: false,
};

const trace: Trace = {
  traceId: TRACE,
  startedAt: "2026-11-24T09:59:00.000Z",
  durationMs: 81,
  connected: true,
  segments: [],
};

let asked: string[] = [];

function answer(services: ServiceMap = map): void {
  asked = [];
  server.intercept = (_method, path) => {
    if (!path.startsWith("/inspector-api/")) return null;
    const own = decodeURIComponent(path.replace("/inspector-api/", ""));
    asked.push(own);
    const body = own.startsWith("services") ? services : own === `traces/${TRACE}` ? trace : found;
    return new Response(JSON.stringify(body));
  };
}

const rows = (name: string) =>
  region(name)
    .getAllByRole("row")
    .slice(1)
    .map((row) => [...row.children].map((cell) => cell.textContent));

test("the tables have what the map shows", async () => {
  answer();
  await openChat("/inspector/services", local);
  expect(document.title).toBe("Service map · Inspector · Parley");
  expect(screen.getByText(/This stage records every trace\./)).toBeTruthy();
  expect(rows("Services")).toEqual([
    ["Deliver", "workflow", "60", "1", "20 ms", "48 ms", "0"],
    ["SendMessage", "function", "60", "1", "20 ms", "48 ms", "3"],
  ]);
  expect(rows("Calls")).toEqual([
    ["Clients", "SendMessage", "60", "1", "20 ms", "48 ms", "0"],
    ["SendMessage", "Deliver", "57", "1", "–", "–", "0"],
  ]);
  expect(
    region("Service map")
      .getAllByRole("button")
      .map((button) => button.textContent),
  ).toEqual([
    "Clientsoutside AWS",
    "Deliverworkflow1/min · p95 48 ms",
    "SendMessagefunction1/min · p95 48 ms3 failed calls",
  ]);
});

test("a service has its newest traces, and a trace its waterfall and the way back", async () => {
  answer();
  await openChat("/inspector/services", local);
  await click(region("Service map").getByRole("button", { name: /^SendMessage/ }));
  const panel = within(screen.getByRole("complementary", { name: "SendMessage" }));
  expect(asked.at(-1)).toBe("traces?service=Parley-test-WebSocketApi-SendMessage33FB0275-1A&since=1h");
  await click(within(panel.getByRole("list", { name: "Newest traces" })).getByRole("link"));
  expect(screen.getByRole("region", { name: `Trace ${TRACE}` })).toBeTruthy();
  await click(screen.getByRole("link", { name: "Service map", current: false }));
  expect(region("Services").getAllByRole("row")).toHaveLength(3);
});

test("the panel is closed by keyboard, and another time closes it too", async () => {
  answer();
  await openChat("/inspector/services", local);
  await click(region("Services").getByRole("button", { name: "Deliver" }));
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("complementary", { name: "Deliver" })).toBeNull();
  await click(region("Services").getByRole("button", { name: "Deliver" }));
  await user.selectOptions(screen.getByRole("combobox", { name: "Time" }), "15m");
  await advance();
  expect(asked.filter((each) => each.startsWith("services"))).toEqual([
    "services?since=1h",
    "services?since=15m",
  ]);
  expect(screen.queryByRole("complementary", { name: "Deliver" })).toBeNull();
});

test("without traces the page says so, and that AWS records a sample", async () => {
  answer({ ...map, everything: false, services: [], calls: [] });
  await openChat("/inspector/services", local);
  expect(screen.getByText("No traces in this time")).toBeTruthy();
  expect(screen.getByText(/AWS records a sample of the traces/)).toBeTruthy();
});
