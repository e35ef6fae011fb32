import { describe, expect, test } from "vitest";
import type { User } from "../../../src/core/contract";
import { namesOf } from "../../../src/core/state/names";
import { withPresence } from "../../../src/core/state/presence";
import { stateWith } from "../../support/messages";

const user = (username: string, displayName: string, status: User["status"] = "offline"): User => ({
  userId: `u-${username}`,
  username,
  displayName,
  status,
  lastSeenAt: null,
});
const people = (...users: User[]) => Object.fromEntries(users.map((each) => [each.userId, each]));
const shown = (...users: User[]) => {
  const names = namesOf(people(...users));
  return users.map(({ userId }) => names.ofUser(userId));
};

describe("names are shown", () => {
  test("with the username if another name looks the same", () => {
    expect(shown(user("bob", "Bob"), user("bob2", "bob"), user("carol", "Carol"))).toEqual([
      "Bob (@bob)",
      "bob (@bob2)",
      "Carol",
    ]);
    expect(
      shown(user("a", "Bob"), user("b", "B\u200dob"), user("c", "Bo\u200bb"), user("d", "Bo\u0301b")),
    ).toEqual(["Bob (@a)", "B\u200dob (@b)", "Bob (@c)", "Bo\u0301b (@d)"]);
  });

  test("as the username if they show nothing", () => {
    expect(shown(user("bob", "\u200b\u2060"), user("carol", "\u3164"))).toEqual(["@bob", "@carol"]);
  });

  test("without invisible characters and stacks of marks, but with joined emoji and letters", () => {
    expect(shown(user("bob", `\u202eB\u00ado\u0301${"\u0300".repeat(150)}b`))).toEqual([
      "Bo\u0301\u0300\u0300\u0300b",
    ]);
    expect(shown(user("flag", "👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️"), user("fa", "می‌خواهم"))).toEqual(["👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️", "می‌خواهم"]);
  });
});

test("users are listed online first, then by name", () => {
  const all = [
    user("d", "dora"),
    user("b", "Bob", "online"),
    user("a", "Äda"),
    user("c", "carol 10", "online"),
    user("e", "carol 9"),
  ];
  const names = namesOf(people(...all));
  expect(names.onlineFirst(all).map(({ username }) => username)).toEqual(["b", "c", "a", "e", "d"]);
});

test("names of a thousand users are compared once, not each time that presence changes", () => {
  let reads = 0;
  const all = Array.from({ length: 1_000 }, (_, index) => {
    const { displayName, ...rest } = user(`u${index}`, `Person ${(index * 7_919) % 1_000}`);
    return Object.defineProperty(rest, "displayName", {
      enumerable: true,
      get: () => {
        reads += 1;
        return displayName;
      },
    }) as User;
  });
  let state = stateWith({ people: people(...all) });
  const list = () => namesOf(state.people).onlineFirst(Object.values(state.people));
  expect(list()[0]?.username).toBe("u0");
  const before = namesOf(state.people);
  reads = 0;
  state = withPresence(state, [{ userId: "u-u500", status: "online", lastSeenAt: null }], 1);
  expect(list()[0]?.username).toBe("u500");
  expect(namesOf(state.people)).toBe(before);
  // Each name is read a few times, to see that it is the same: a sort reads it about twenty times.
  expect(reads).toBeLessThan(3_000);
});
