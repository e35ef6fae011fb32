/** What one presence frame costs with a thousand people: the list sorted again, and the names prepared once. */
import { bench, describe } from "vitest";
import type { User } from "../../src/core/contract";
import { namesOf } from "../../src/core/state/names";
import { withPresence } from "../../src/core/state/presence";
import { compareNames } from "../../src/core/text/collation";
import { stateWith } from "../support/messages";

const people = Object.fromEntries(
  Array.from({ length: 1_000 }, (_, index): [string, User] => {
    const userId = `u-${index}`;
    const displayName = `${["Zoë", "Åsa", "bob", "Ève"][index % 4]} ${(index * 7_919) % 1_000}`;
    return [userId, { userId, username: `p${index}`, displayName, status: "offline", lastSeenAt: null }];
  }),
);
const state = stateWith({ people });
const options = { sensitivity: "base", numeric: true } as const;
const byStatus = (a: User, b: User) => Number(b.status === "online") - Number(a.status === "online");
const changed = (index: number) =>
  withPresence(state, [{ userId: `u-${index % 1_000}`, status: "online", lastSeenAt: null }], index).people;
let turn = 0;

describe("a presence frame with 1,000 people", () => {
  bench("localeCompare in each comparison", () => {
    Object.values(changed(turn++)).sort(
      (a, b) => byStatus(a, b) || a.displayName.localeCompare(b.displayName, undefined, options),
    );
  });
  bench("one collator", () => {
    Object.values(changed(turn++)).sort(
      (a, b) => byStatus(a, b) || compareNames(a.displayName, b.displayName),
    );
  });
  bench("names compared once", () => {
    const users = changed(turn++);
    namesOf(users).onlineFirst(Object.values(users));
  });
});

describe("the first list of 1,000 people", () => {
  bench("names prepared and sorted", () => {
    const users = { ...people, [`x${turn}`]: { ...(people["u-1"] as User), userId: `x${turn++}` } };
    namesOf(users).onlineFirst(Object.values(users));
  });
});
