import { expect, test } from "vitest";
import { rank } from "../../../src/features/search/rank";

test("the switcher ranks prefixes first, then word prefixes, then substrings", () => {
  const targets = ["plan-release", "release", "prerelease", "random"].map((title) => ({
    title,
    sub: "channel",
    unread: 0,
  }));
  expect(rank(targets, "rel").map((target) => target.title)).toEqual([
    "release",
    "plan-release",
    "prerelease",
  ]);
});
