import { expect, test } from "vitest";
import { rank } from "../../../src/features/search/rank";

const ranked = (titles: readonly string[], term: string) =>
  rank(
    titles.map((title) => ({ title, sub: "channel", unread: 0 })),
    term,
  ).map(({ title }) => title);

test("the switcher ranks prefixes first, then word prefixes, then substrings", () => {
  expect(ranked(["plan-release", "release", "prerelease", "random"], "rel")).toEqual([
    "release",
    "plan-release",
    "prerelease",
  ]);
});

test("the switcher finds words in any order", () => {
  expect(ranked(["Zoë Smith", "Zoë Jones", "Smithers"], "smith zoe")).toEqual(["Zoë Smith"]);
});
