import { describe, expect, it } from "vitest";
import type { Post, Segment, Trace } from "../../../src/features/inspector/contract";
import { countPosts, sumOfHops, worstFirst } from "../../../src/features/inspector/delivery/postCounts";
import {
  segmentCount,
  ticks,
  traceDuration,
  waterfallRows,
} from "../../../src/features/inspector/delivery/waterfallRows";

const post = segment("post", 21, 5);
const workflow = segment("Parley-local-Delivery-Deliver72E7B226-C4279B2CE2C17", 11, 19, [post], "segment");
const root = segment(
  "Parley-local-WebSocketApi-SendMessage33FB0275-7999FCF4F7DE9",
  0,
  18,
  [workflow],
  "segment",
);
const trace: Trace = {
  traceId: "1-a-b",
  startedAt: "2026-11-24T09:30:00.000Z",
  durationMs: 25,
  connected: true,
  segments: [root],
};

describe("a trace as rows", () => {
  it("are in depth-first order, with bars positioned in the whole trace", () => {
    const rows = waterfallRows(trace, new Set());
    expect(rows.map(({ name, depth }) => [name, depth])).toEqual([
      ["SendMessage", 0],
      ["Deliver", 1],
      ["post", 2],
    ]);
    expect(rows[0]).toMatchObject({ left: 0, width: 60, hasChildren: true, open: true });
    expect(rows[2]?.left).toBeCloseTo(70);
    expect(rows[2]?.width).toBeCloseTo(16.67, 1);
  });

  it("cover segments that outlast their parent", () => {
    expect(traceDuration(trace)).toBe(30);
    expect(traceDuration({ ...trace, durationMs: 0, segments: [] })).toBe(1);
  });

  it("omit collapsed segments", () => {
    const rows = waterfallRows(trace, new Set([workflow.id]));
    expect(rows.map(({ name }) => name)).toEqual(["SendMessage", "Deliver"]);
    expect(rows[1]?.open).toBe(false);
    expect(segmentCount(trace)).toBe(3);
  });

  it("draw a segment without an end to the end of the trace", () => {
    const open = { ...trace, segments: [root, { ...segment("open", 20, 0), durationMs: null }] };
    expect(waterfallRows(open, new Set()).at(-1)?.width).toBeCloseTo(33.3, 1);
  });

  it("have a scale of round times", () => {
    expect(ticks(30)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(ticks(1_234)).toEqual([0, 500, 1_000]);
  });
});

describe("post counts", () => {
  const posts = [
    posted("delivered"),
    posted("delivered", 2),
    posted("gone"),
    posted("undelivered", 3),
    posted("unknown"),
  ];

  it("include every post", () => {
    expect(countPosts(posts)).toEqual({
      total: 5,
      delivered: 2,
      gone: 1,
      slow: 0,
      retried: 2,
      undelivered: 1,
      unknown: 1,
    });
  });

  it("list failures first", () => {
    expect(worstFirst(posts).map(({ outcome }) => outcome)).toEqual([
      "undelivered",
      "unknown",
      "gone",
      "delivered",
      "delivered",
    ]);
    expect(worstFirst(posts)[3]?.retries).toBe(2);
  });

  it("sum up the hops", () => {
    const hop = { name: "bus", label: "", startedAt: "", offsetMs: 0, clock: "log" } as const;
    expect(sumOfHops([9.894, 1.388, 6.036].map((durationMs) => ({ ...hop, durationMs })))).toBeCloseTo(
      17.318,
    );
  });
});

function segment(
  name: string,
  offsetMs: number,
  durationMs: number,
  children: Segment[] = [],
  kind: Segment["kind"] = "subsegment",
): Segment {
  return {
    id: `${name}@${offsetMs}`,
    name,
    origin: null,
    kind,
    offsetMs,
    durationMs,
    annotations: {},
    failed: false,
    caught: false,
    error: null,
    children,
  };
}

function posted(outcome: Post["outcome"], retries = 0): Post {
  return { connectionId: outcome, userId: null, displayName: null, outcome, retries, batch: 0, reason: null };
}
