import { describe, expect, test } from "vitest";
import { findMentions, mentions } from "../../../src/core/text/mentions";

describe("mentions", () => {
  test.each([
    ["@alice hello", true],
    ["hello @Alice", true],
    ["(@alice)", true],
    ["thanks, @alice.", true],
    ["mail alice@alice.example", false],
    ["@alicent", false],
    ["`@alice`", false],
    ["```\n@alice\n```", false],
    ["@@alice", false],
  ])("%j names alice: %s", (text, named) => {
    expect(mentions(text, "alice")).toBe(named);
  });

  test("are found with their positions", () => {
    expect(findMentions("a @bo and @jo.hn!")).toEqual([
      { username: "bo", start: 2, end: 5 },
      { username: "jo.hn", start: 10, end: 16 },
    ]);
  });
});
