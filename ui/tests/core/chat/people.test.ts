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

  test("a list that cannot be loaded again stays", async () => {
    await load(10);
    directory = [];
    const users = () => Promise.reject(new Error("made up"));
    channels = new Channels({ users } as unknown as Api, () => undefined);
    await channels.loadPeople();
    expect(store.getState().peopleProgress).toBe("ready");
    expect(Object.keys(store.getState().people)).toHaveLength(10);
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

describe("the members of a large channel", () => {
  const shown = () => store.getState().members.general;
  let fails: boolean;

  beforeEach(async () => {
    await load(350);
    fails = false;
    const members = async (_channelId: string, cursor: string | null) => {
      pages.push(cursor ?? "first");
      if (fails) throw new Error("made up");
      const from = Number(cursor ?? 0);
      // A member who has joined since is listed first, so that a page may begin with the last one of the page before.
      const items = directory.slice(Math.max(0, from - 1), from + PAGE);
      return { items, cursor: from + PAGE < 350 ? String(from + PAGE) : null, unreadable: 1 };
    };
    channels = new Channels({ members } as unknown as Api, () => undefined);
    await channels.loadMembers("general");
  });

  test("are listed once each, page by page, and requested once", async () => {
    await Promise.all([
      channels.loadMembers("general", { more: true }),
      channels.loadMembers("general", { more: true }),
    ]);
    expect(pages).toEqual(["first", "100"]);
    expect(new Set(shown()?.members.map(({ userId }) => userId)).size).toBe(200);
    expect(shown()).toMatchObject({ cursor: "200", unreadable: 2, members: { length: 200 } });
  });

  test("stay after a page that could not be loaded, and continue with that page", async () => {
    fails = true;
    await channels.loadMembers("general", { more: true });
    expect(shown()).toMatchObject({ progress: "failed", cursor: "100", members: { length: 100 } });
    fails = false;
    await channels.loadMembers("general", { more: true });
    expect(shown()).toMatchObject({ progress: "ready", cursor: "200", members: { length: 200 } });
  });

  test("are refreshed as far as they are loaded, and 300 at most", async () => {
    change((state) => ({
      ...state,
      channels: { general: { channelId: "general", memberCount: 2_000 } as Channel },
    }));
    pages = [];
    await channels.refreshMembers("general");
    expect(pages).toEqual(["first"]);
    for (let page = 0; page < 3; page += 1) await channels.loadMembers("general", { more: true });
    pages = [];
    await channels.refreshMembers("general");
    expect(pages).toEqual(["first", "100", "200"]);
  });
});
