/** People and members are loaded again once for several reasons, and the later, the more clients do so at the same moment. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Api } from "../../../src/core/api/api";
import { Channels } from "../../../src/core/chat/channels";
import type { Channel, User } from "../../../src/core/contract";
import { initialState } from "../../../src/core/state/model";
import { change, store } from "../../../src/core/state/store";

const PAGE = 100;

const user = (number: number, status: User["status"] = "offline"): User => ({
  userId: `u-${number}`,
  username: `user${number}`,
  displayName: `User ${number}`,
  status,
  lastSeenAt: null,
});

let directory: User[];
let pages: string[];
let channels: Channels;

/** The people of a directory of this size are loaded. */
async function load(size: number) {
  change(() => initialState);
  directory = Array.from({ length: size }, (_, number) => user(number));
  pages = [];
  const page = (name: string) => async (cursor?: string | null) => {
    pages.push(name);
    const from = Number(cursor ?? 0);
    const items = directory.slice(from, from + PAGE);
    return { items, cursor: from + PAGE < directory.length ? String(from + PAGE) : null, unreadable: 0 };
  };
  const api = {
    users: page("users"),
    members: (_channelId: string, cursor: string | null) => page("members")(cursor),
  };
  channels = new Channels(api as unknown as Api, () => undefined);
  await channels.loadPeople();
  pages = [];
  // The next response is a later one.
  await vi.advanceTimersByTimeAsync(1);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  channels.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("after an interruption", () => {
  test("one page of people is loaded again at once", async () => {
    await load(100);
    directory[7] = user(7, "online");
    channels.refreshPeople();
    await vi.advanceTimersByTimeAsync(0);
    expect(pages).toEqual(["users"]);
    expect(store.getState().people["u-7"]?.status).toBe("online");
  });

  test("more people are loaded again once for all reasons, after a time that grows with their number", async () => {
    await load(500);
    channels.refreshPeople();
    channels.refreshUnknownPeople();
    channels.refreshPeople();
    await vi.advanceTimersByTimeAsync(14_999);
    expect(pages).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pages).toHaveLength(5);
    channels.refreshPeople();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pages).toHaveLength(10);
  });

  test("those that are held of a larger directory are loaded again within ten minutes", async () => {
    await load(1_500);
    channels.refreshPeople();
    await vi.advanceTimersByTimeAsync(299_999);
    expect(pages).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(pages).toHaveLength(10);
  });

  test("nothing is loaded any more after the chat has ended", async () => {
    await load(500);
    channels.refreshPeople();
    channels.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(pages).toEqual([]);
  });
});

test("a new user does not let everyone load a directory that is larger than what is held", async () => {
  await load(1_500);
  channels.refreshUnknownPeople();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(pages).toEqual([]);
});

describe("members who have changed", () => {
  test.each([
    [10, 0],
    [2_000, 5_000],
  ])("are loaded again once, in a channel of %i after %i ms", async (memberCount, after) => {
    await load(10);
    change((state) => ({
      ...state,
      channels: { general: { channelId: "general", memberCount } as Channel },
      members: { general: { members: [], cursor: null, progress: "ready" } },
    }));
    if (after > 0) {
      channels.refreshChangedMembers("general");
      await vi.advanceTimersByTimeAsync(after - 1);
      expect(pages).toEqual([]);
    }
    channels.refreshChangedMembers("general");
    await vi.advanceTimersByTimeAsync(1);
    expect(pages).toEqual(["members"]);
  });

  test("during a request for the list are loaded when it is answered", async () => {
    await load(10);
    channels.stop();
    const answers: (() => void)[] = [];
    const members = () => {
      const items = directory.map((each) => ({
        ...each,
        role: "member",
        joinedAt: "2026-01-01T00:00:00.000Z",
      }));
      return new Promise((resolve) => {
        answers.push(() => resolve({ items, cursor: null, unreadable: 0 }));
      });
    };
    channels = new Channels({ members } as unknown as Api, () => undefined);
    void channels.loadMembers("general");
    directory.push(user(10));
    channels.refreshChangedMembers("general");
    channels.refreshChangedMembers("general");
    for (let at = 0; at < answers.length; at += 1) {
      answers[at]?.();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(store.getState().members.general?.members.map(({ userId }) => userId)).toContain("u-10");
    expect(answers).toHaveLength(2);
  });

  test("are not loaded if the list was not", async () => {
    await load(10);
    channels.refreshChangedMembers("general");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pages).toEqual([]);
  });
});
