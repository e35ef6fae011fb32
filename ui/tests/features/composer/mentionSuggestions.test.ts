import { describe, expect, test } from "vitest";
import { mentionBefore, suggest } from "../../../src/features/composer/mentions";
import { alice, bob } from "../../support/messages";

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

test("people are suggested by username or any part of their name, until the username is complete", () => {
  expect(suggest([alice, bob], "")).toEqual([alice, bob]);
  expect(suggest([alice, bob], "AL")).toEqual([alice]);
  expect(suggest([alice, bob], "alice")).toEqual([]);
  expect(suggest(Array(20).fill(alice), "")).toHaveLength(6);
  expect(suggest([{ ...bob, displayName: "Robert Smith" }], "sm")).toHaveLength(1);
});
