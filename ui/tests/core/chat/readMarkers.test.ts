/** Read markers are sent once for several messages, and less often in large channels. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../../src/core/api/api";
import { ReadMarkers } from "../../../src/core/chat/readMarkers";
import type { Channel } from "../../../src/core/contract";
import { initialState } from "../../../src/core/state/model";
import { change } from "../../../src/core/state/store";

const channel = (memberCount: number): Channel => ({
  channelId: "general",
  kind: "public",
  name: "general",
  createdAt: "2026-01-01T00:00:00.000Z",
  createdBy: "parley",
  memberIds: [],
  memberCount,
  lastSeq: 1_000,
  readSeq: 0,
  unread: 1_000,
  role: "member",
});

let sent: number[];
let markers: ReadMarkers;

function open(memberCount: number) {
  change(() => ({ ...initialState, channels: { general: channel(memberCount) } }));
  sent = [];
  const markRead = async (_channelId: string, seq: number) => {
    sent.push(seq);
    return { readSeq: seq };
  };
  markers = new ReadMarkers({ markRead } as unknown as Api);
}

/** Read one message every 100 ms. */
async function read(count: number) {
  for (let seq = 1; seq <= count; seq += 1) {
    markers.markRead("general", seq);
    await vi.advanceTimersByTimeAsync(100);
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a marker is sent while messages keep coming, once for several of them", async () => {
  open(10);
  await read(20);
  expect(sent.length).toBeGreaterThan(2);
  expect(sent.length).toBeLessThan(7);
});

test("the more members, the longer a marker waits", async () => {
  open(10_000);
  await read(300);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([300]);
});

test("closing the page sends a marker that waits", async () => {
  open(10_000);
  await read(3);
  markers.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual([3]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([3]);
});
