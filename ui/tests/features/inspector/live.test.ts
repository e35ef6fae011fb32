import { describe, expect, it, vi } from "vitest";
import { parseRoute } from "../../../src/core/router";
import type { RunSummary } from "../../../src/features/inspector/contract";
import { InspectorApi, queryString } from "../../../src/features/inspector/inspectorApi";
import { LiveFeed, mergeNewest } from "../../../src/features/inspector/live/feed";
import { parseInspectorRoute } from "../../../src/features/inspector/routes";
import { matchesEvent, matchesRun, NO_FILTER, sortRuns } from "../../../src/features/inspector/runs/matching";
import { sent } from "../../support/busEvents";

describe("new items", () => {
  const idOf = (item: { id: string }) => item.id;
  const timeOf = (item: { time: number }) => String(item.time);
  const merge = (
    before: { id: string; time: number }[],
    came: { id: string; time: number }[],
    most?: number,
  ) => mergeNewest(before, came, idOf, timeOf, most);

  it("are inserted by time, newest first, each once", () => {
    const before = [
      { id: "c", time: 5 },
      { id: "a", time: 1 },
    ];
    const came = [
      { id: "b", time: 3 },
      { id: "d", time: 7 },
      { id: "c", time: 5 },
    ];
    expect(merge(before, came).map(idOf)).toEqual(["d", "c", "b", "a"]);
  });

  it("evict the oldest", () => {
    expect(merge([{ id: "a", time: 1 }], [{ id: "b", time: 2 }], 1).map(idOf)).toEqual(["b"]);
  });

  it("change nothing when there are none", () => {
    const before = [{ id: "a", time: 1 }];
    expect(merge(before, [])).toBe(before);
  });
});

describe("the live feed", () => {
  it("reads events wherever the stream is split", async () => {
    vi.useFakeTimers();
    const event = JSON.stringify(sent("m1", 1));
    const text = `: hello\n\nevent: event\ndata: ${event}\n\nevent: gap\ndata: {"missed": 2}\n\n`;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const character of text) controller.enqueue(new TextEncoder().encode(character));
      },
    });
    vi.stubGlobal("fetch", async () => new Response(body, { status: 200 }));
    const feed = new LiveFeed(new InspectorApi("/inspector-api", { idToken: async () => "token" }));
    const leave = feed.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(500);
    expect(feed.read().events.map(({ messageId }) => messageId)).toEqual(["m1"]);
    expect(feed.read().missed).toBe(2);
    leave();
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("publishes in batches and stops reading while too much is pending", async () => {
    vi.useFakeTimers();
    let pulled = 0;
    const chunk = () =>
      Array.from({ length: 300 }, (_, index) => {
        const message = sent(`m${index}`, index);
        return `event: event\ndata: ${JSON.stringify(message)}\n\n`;
      }).join("");
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new TextEncoder().encode(chunk()));
        },
      },
      { highWaterMark: 0 },
    );
    vi.stubGlobal("fetch", async () => new Response(body, { status: 200 }));
    const feed = new LiveFeed(new InspectorApi("/inspector-api", { idToken: async () => "token" }));
    let updates = 0;
    const leave = feed.subscribe(() => {
      updates += 1;
    });
    await vi.advanceTimersByTimeAsync(200);
    const before = pulled;
    expect(before).toBeLessThan(6);
    expect(feed.read().status).toBe("live");
    await vi.advanceTimersByTimeAsync(100);
    expect(feed.read().events.length).toBeGreaterThan(400);
    expect(updates).toBeLessThan(4);
    expect(pulled).toBeLessThan(before + 6);
    leave();
    await vi.advanceTimersByTimeAsync(1_500);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
});

describe("filters", () => {
  const run = {
    detailType: "MessageSent",
    channelId: "general",
    userId: "alice",
    status: "SUCCEEDED",
  } as RunSummary;
  const failed = { ...run, runId: "f", status: "FAILED", troubled: true } as RunSummary;

  it("match runs by type, status, channel and user", () => {
    expect(matchesRun(run, NO_FILTER)).toBe(true);
    expect(matchesRun(run, { ...NO_FILTER, type: "MessageEdited" })).toBe(false);
    expect(matchesRun(run, { ...NO_FILTER, channelId: "other" })).toBe(false);
    expect(matchesRun(run, { ...NO_FILTER, userId: "bob" })).toBe(false);
    expect(matchesRun(run, { ...NO_FILTER, status: "failed" })).toBe(false);
    expect(matchesRun(failed, { ...NO_FILTER, status: "failed" })).toBe(true);
    expect(matchesRun(failed, { ...NO_FILTER, status: "troubled" })).toBe(true);
  });

  it("sort failed runs first and keep the order otherwise", () => {
    expect(sortRuns([run, failed], true)).toEqual([failed, run]);
    expect(sortRuns([run, failed], false)).toEqual([run, failed]);
  });

  it("match a user's events and events about the user", () => {
    const event = sent("one", 1);
    expect(matchesEvent(event, { ...NO_FILTER, userId: "alice" })).toBe(true);
    expect(matchesEvent(event, { ...NO_FILTER, userId: "bob" })).toBe(false);
    const about = { ...event, detail: { data: { userId: "bob" } } };
    expect(matchesEvent(about, { ...NO_FILTER, userId: "bob" })).toBe(true);
  });
});

describe("routes", () => {
  it("lead to a view and an item in it", () => {
    expect(parseInspectorRoute("")).toEqual({ view: "runs", runId: null });
    expect(parseInspectorRoute("/runs/0be0-1")).toEqual({ view: "runs", runId: "0be0-1" });
    expect(parseInspectorRoute("/messages/m1")).toEqual({ view: "delivery", messageId: "m1" });
    expect(parseInspectorRoute("/channels/general")).toEqual({ view: "history", channelId: "general" });
    expect(parseInspectorRoute("/events")).toEqual({ view: "events" });
    expect(parseInspectorRoute("/runs/<script>")).toEqual({ view: "runs", runId: null });
  });

  it("belong to the inspector below /inspector only", () => {
    expect(parseRoute("/inspector")).toEqual({ page: "inspector", subpath: "" });
    expect(parseRoute("/inspector/runs/x")).toEqual({ page: "inspector", subpath: "/runs/x" });
    expect(parseRoute("/inspectors")).toEqual({ page: "home" });
  });

  it("omit empty query parameters", () => {
    expect(queryString({ type: ["a", "b"], since: "", until: null, limit: 5 })).toBe(
      "?type=a&type=b&limit=5",
    );
    expect(queryString({})).toBe("");
  });
});
