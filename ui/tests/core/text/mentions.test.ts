import { expect, test } from "vitest";
import { findMentions, mentionsUser } from "../../../src/core/text/mentions";

test("mentions are found with their positions", () => {
  expect(findMentions("a @bo and @jo.hn!")).toEqual([
    { username: "bo", start: 2, end: 5 },
    { username: "jo.hn", start: 10, end: 16 },
  ]);
});

test("the server lists mentions in lower case", () => {
  expect(mentionsUser({ mentions: ["alice"] }, { username: "Alice" })).toBe(true);
  expect(mentionsUser({ mentions: ["alice"] }, { username: "bob" })).toBe(false);
  expect(mentionsUser({ mentions: null }, { username: "bob" })).toBe(false);
});
