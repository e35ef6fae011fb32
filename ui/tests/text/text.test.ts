import { describe, expect, test } from "vitest";
import { hue, initials } from "../../src/components/Avatar";
import { mentionBefore, suggest } from "../../src/components/Composer";
import { rank } from "../../src/components/rank";
import { byteLength, MOST_BYTES } from "../../src/text/bytes";
import { ago, dayName } from "../../src/text/time";
import { alice, bob } from "../state/messages";

test.each([
  ["a", 1],
  ["ü", 2],
  ["€", 3],
  ["🎉", 4],
  ["x".repeat(MOST_BYTES), MOST_BYTES],
  ["🎉".repeat(MOST_BYTES / 4), MOST_BYTES],
])("bytes are counted as the server counts them (%#)", (text, bytes) => {
  expect(byteLength(text)).toBe(bytes);
});

describe("initials", () => {
  test.each([
    ["Alice", "A"],
    ["Alice B. Carter", "AC"],
    ["дмитрий соколов", "ДС"],
    ["陈伟", "陈"],
    ["<b>Mark</b>", "BB"],
    ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"],
    ["", "?"],
  ])("of %j are %j", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});

test("near ids have far colours", () => {
  const hues = ["user-1", "user-2", "user-3", "user-4"].map(hue);
  expect(new Set(hues).size).toBe(4);
  for (const value of hues) expect(value).toBeGreaterThanOrEqual(0);
});

describe("the word being completed", () => {
  test.each([
    ["hi @al", 6, "al"],
    ["@", 1, ""],
    ["(@bo", 4, "bo"],
    ["mail a@b", 8, null],
    ["@al and", 7, null],
  ])("in %j at %d is %j", (text, caret, word) => {
    expect(mentionBefore(text, caret)?.word ?? null).toBe(word);
  });
});

test("people are suggested by username or any part of their name, until one is named in full", () => {
  expect(suggest([alice, bob], "")).toEqual([alice, bob]);
  expect(suggest([alice, bob], "AL")).toEqual([alice]);
  expect(suggest([alice, bob], "alice")).toEqual([]);
  expect(suggest([{ ...bob, displayName: "Robert Smith" }], "sm")).toHaveLength(1);
});

test("the switcher puts whole beginnings first, then words, then anything", () => {
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

test("moments are told as people tell them", () => {
  const now = Date.UTC(2026, 5, 10, 12);
  expect(ago(new Date(now - 5_000).toISOString(), now)).toBe("just now");
  expect(ago(new Date(now - 5 * 60_000).toISOString(), now)).toMatch(/5/);
  expect(ago(new Date(now + 60_000).toISOString(), now)).toBe("just now");
  expect(dayName(new Date(now).toISOString(), now)).toMatch(/today/i);
  expect(dayName(new Date(now - 86_400_000).toISOString(), now)).toMatch(/yesterday/i);
});
