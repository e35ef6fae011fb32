import { describe, expect, it } from "vitest";
import { describeEvent, parseEvent } from "../../../src/features/inspector/events/describeEvent";
import {
  count,
  duration,
  exactMs,
  plainName,
  postSummary,
  shortId,
  words,
} from "../../../src/features/inspector/format";
import { event, joined, left, reacted, sent } from "../../support/busEvents";

describe("a duration", () => {
  it.each([
    [null, "…"],
    [0, "0 ms"],
    [0.01, "< 0.1 ms"],
    [1.04, "1.0 ms"],
    [9.96, "10 ms"],
    [27.4, "27 ms"],
    [999.6, "1.00 s"],
    [1_250, "1.25 s"],
    [125_000, "2 min 5 s"],
    [3_725_000, "1 h 2 min"],
    [-3, "−3.0 ms"],
  ])("of %s is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("to be added up has one decimal", () => expect(exactMs(26.975)).toBe("27.0 ms"));
});

describe("names", () => {
  it("omit the parts that CloudFormation adds", () => {
    expect(plainName("Parley-local-WebSocketApi-SendMessage33FB0275-7999FCF4F7DE9")).toBe("SendMessage");
    expect(plainName("dynamodb")).toBe("dynamodb");
  });

  it("of events are split into words", () => {
    expect(words("MessageSent")).toBe("Message sent");
    expect(words("timed out")).toBe("Timed out");
  });

  it("of UUIDs are the first part", () => {
    expect(shortId("0be0df76-4807-5cd6-95c0-3e6d46d3e05e")).toBe("0be0df76");
    expect(shortId("general")).toBe("general");
    expect(shortId("direct-4f0c1f8e-90c5-5c44-b5b3-8a1fd2a3d9a1")).toBe("direct-4f0c1f8e");
  });

  it("are counted", () => {
    expect(count(1, "post")).toBe("1 post");
    expect(count(2, "post")).toBe("2 posts");
  });
});

describe("the summary of a message's posts", () => {
  const posts = { total: 3, delivered: 3, gone: 0, retried: 0 };

  it("states how many connections received it", () => {
    expect(postSummary(posts)).toBe("Delivered to 3 of 3 connections.");
    expect(postSummary({ total: 3, delivered: 2, gone: 1, retried: 1 })).toBe(
      "Delivered to 2 of 3 connections, 1 connection had closed, 1 post needed retries.",
    );
    expect(postSummary({ ...posts, total: 0, delivered: 0 })).toMatch(/No connections were open/);
  });
});

describe("the description of an event", () => {
  const nameOf = (userId: string | null) => ({ bob: "Bob" })[userId ?? ""] ?? "someone";

  it("names the user and the action", () => {
    expect(describeEvent(sent("one", 1), nameOf)).toBe("alice sent a message");
    expect(describeEvent(reacted("one", 1, "🎉", "bob"), nameOf)).toBe("Bob reacted with 🎉");
    expect(describeEvent(joined("bob", 1), nameOf)).toBe("Bob joined");
    expect(describeEvent(left("bob", 1), nameOf)).toBe("Bob left");
    expect(describeEvent(left("carol", 1, "bob"), nameOf)).toBe("someone left, Bob is the new owner");
  });

  it("does not name the user before a rename, who has the new name by now", () => {
    const renamed = event("UserRenamed", 1, { userId: "bob", displayName: "Bob", renamedAt: "" });
    expect(describeEvent(renamed, nameOf)).toBe("A user is now called Bob");
  });

  it("handles an unreadable event", () => {
    const malformed = event("MessageSent", 1, { messageId: "one" });
    expect(parseEvent(malformed)).toBeNull();
    expect(describeEvent(malformed, nameOf)).toBe("Message sent that cannot be read");
    expect(parseEvent({ ...malformed, detail: null })).toBeNull();
    expect(parseEvent(event("toString", 1, {}))).toBeNull();
  });
});
