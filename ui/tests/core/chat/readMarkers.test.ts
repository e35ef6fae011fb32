/** Read markers are sent once for several messages, and less often in large channels. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Api } from "../../../src/core/api/api";
import { ApiError, type FailureCode } from "../../../src/core/api/errors";
import { ReadMarkers } from "../../../src/core/chat/readMarkers";
import type { Channel } from "../../../src/core/contract";
import { withReadSeq } from "../../../src/core/state/frames";
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
/** Why the server does not get a marker. */
let failure: FailureCode | null;
let markers: ReadMarkers;

function open(memberCount: number) {
  change(() => ({ ...initialState, channels: { general: channel(memberCount) } }));
  sent = [];
  failure = null;
  const markRead = async (_channelId: string, seq: number) => {
    sent.push(seq);
    if (failure) throw new ApiError(failure, "");
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

test("a marker that the server had when the page was opened is not sent, nor one before it", async () => {
  open(10);
  change((state) => withReadSeq(state, "general", 7));
  for (const seq of [6, 7, 6]) markers.markRead("general", seq);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual([]);
  markers.markRead("general", 8);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual([8]);
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

describe("a marker that cannot be sent", () => {
  beforeEach(async () => {
    open(10);
    failure = "UNREACHABLE";
    await read(3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([3]);
  });

  test("is sent again with the next socket", async () => {
    failure = null;
    markers.resume();
    markers.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([3, 3]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent).toEqual([3, 3]);
  });

  test("is sent again after a while, until the server gets it", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    failure = null;
    await vi.advanceTimersByTimeAsync(180_000);
    expect(sent).toEqual([3, 3, 3]);
  });

  test("does not delay the next one, which includes it", async () => {
    failure = null;
    markers.markRead("general", 4);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([3, 4]);
    markers.resume();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent).toEqual([3, 4]);
  });

  test("is not sent again after the end of the session", async () => {
    markers.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent).toEqual([3, 3]);
  });
});

test("a marker that the server refuses is not sent again", async () => {
  open(10);
  failure = "NOT_A_MEMBER";
  await read(3);
  markers.resume();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(sent).toEqual([3]);
});
