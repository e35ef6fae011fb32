/** The service map's data, names and layout. */
import { expect, test } from "vitest";
import type { CallStatistics, Service, ServiceMap } from "../../../src/features/inspector/contract";
import {
  failedShare,
  flowPath,
  layoutMap,
  NODE_HEIGHT,
  NODE_WIDTH,
  withOneClient,
} from "../../../src/features/inspector/services/mapLayout";
import { perMinute } from "../../../src/features/inspector/services/ServiceTables";
import { serviceKind, serviceName } from "../../../src/features/inspector/services/serviceNames";

const statistics = (changes: Partial<CallStatistics> = {}): CallStatistics => ({
  calls: 10,
  perMinute: 1,
  errors: 0,
  throttles: 0,
  faults: 0,
  p50Ms: 5,
  p95Ms: 9,
  ...changes,
});

const service = (id: number, name: string, type = "AWS::Lambda::Function"): Service => ({
  id,
  name,
  type,
  isClient: type === "client",
  statistics: statistics(),
});

const call = (from: number, to: number) => ({ from, to, statistics: statistics() });

const map: ServiceMap = {
  since: "2026-11-24T09:00:00.000Z",
  until: "2026-11-24T10:00:00.000Z",
  everything: true,
  services: [
    service(0, "send", "client"),
    service(1, "send"),
    service(2, "api", "client"),
    service(3, "api"),
    service(4, "Members", "AWS::DynamoDB::Table"),
  ],
  calls: [call(0, 1), call(2, 3), call(1, 4), call(3, 4)],
};

test("X-Ray's clients are one, which calls what each of them called", () => {
  const one = withOneClient(map);
  expect(one.services.map(serviceName)).toEqual(["api", "Clients", "Members", "send"]);
  expect(one.calls.map(({ from, to }) => [from, to])).toEqual([
    [0, 1],
    [0, 3],
    [1, 4],
    [3, 4],
  ]);
});

test("a map without clients stays as it is", () => {
  const inner = { ...map, services: map.services.filter((each) => !each.isClient), calls: [call(1, 4)] };
  expect(withOneClient(inner).calls).toEqual([call(1, 4)]);
});

test("who calls is left of what is called, and no two services overlap", () => {
  const { nodes, edges, width, height } = layoutMap(withOneClient(map));
  const place = new Map(nodes.map((node) => [node.service.id, node]));
  for (const { call: each } of edges) {
    const [from, to] = [place.get(each.from), place.get(each.to)];
    expect((from?.x ?? 0) + NODE_WIDTH).toBeLessThan(to?.x ?? 0);
  }
  for (const a of nodes) {
    expect(a.x >= 0 && a.y >= 0 && a.x + NODE_WIDTH <= width && a.y + NODE_HEIGHT <= height).toBe(true);
    for (const b of nodes)
      expect(a === b || Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
  }
});

test("a line flows to the right, and makes a bow to the left", () => {
  expect(
    flowPath([
      { x: 0, y: 0 },
      { x: 100, y: 50 },
    ]),
  ).toBe("M0 0C50 0 50 50 100 50");
  expect(
    flowPath([
      { x: 100, y: 0 },
      { x: 0, y: 50 },
    ]),
  ).toBe("M100 0C160 0 -60 50 0 50");
  expect(flowPath([])).toBe("");
});

test("services that call each other, or themselves, are laid out", () => {
  const circle = { ...map, services: map.services.slice(3), calls: [call(3, 4), call(4, 3), call(3, 3)] };
  expect(layoutMap(circle).edges).toHaveLength(3);
});

test.each([
  [
    "Parley-local-WebSocketApi-SendMessage33FB0275-8908A40FB88D0",
    "AWS::Lambda::Function",
    "SendMessage",
    "function",
  ],
  ["Parley-dev-Data-Members33FB0275-1ABC", "AWS::DynamoDB::Table", "Members", "table"],
  ["dynamodb", "AWS::dynamodb", "DynamoDB", "batches, transactions"],
  ["bucket", "AWS::S3::Bucket", "bucket", "S3 Bucket"],
  ["anything", "client", "Clients", "outside AWS"],
])("%s of the type %s is called %s, %s", (name, type, title, kind) => {
  const each = service(0, name, type);
  expect([serviceName(each), serviceKind(each)]).toEqual([title, kind]);
});

test.each([
  [0, "0"],
  [0.02, "< 0.1"],
  [0.44, "0.4"],
  [12.6, "13"],
])("%d calls per minute are written as %s", (rate, text) => {
  expect(perMinute(statistics({ perMinute: rate }))).toBe(text);
});

test("the share of failed calls counts refused ones too", () => {
  expect(failedShare(statistics({ errors: 2, faults: 3 }))).toBe(0.5);
  expect(failedShare(statistics({ calls: 0 }))).toBe(0);
});
