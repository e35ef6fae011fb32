import { describe, expect, it } from "vitest";
import { known, tell } from "../../../src/features/inspector/events/tell";
import {
  count,
  duration,
  exactMs,
  plainName,
  shortId,
  words,
  wordsOfWay,
} from "../../../src/features/inspector/format";
import { event, joined, left, reacted, sent } from "../../support/events";

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
  it("lose what CloudFormation adds", () => {
    expect(plainName("Parley-local-WebSocketApi-SendMessage33FB0275-7999FCF4F7DE9")).toBe("SendMessage");
    expect(plainName("dynamodb")).toBe("dynamodb");
  });

  it("of events are words", () => {
    expect(words("MessageSent")).toBe("Message sent");
    expect(words("timed out")).toBe("Timed out");
  });

  it("of things with a UUID are its first part", () => {
    expect(shortId("0be0df76-4807-5cd6-95c0-3e6d46d3e05e")).toBe("0be0df76");
    expect(shortId("general")).toBe("general");
  });

  it("count", () => {
    expect(count(1, "post")).toBe("1 post");
    expect(count(2, "post")).toBe("2 posts");
  });
});

describe("a message's way in a sentence", () => {
  const posts = { total: 3, delivered: 3, gone: 0, retried: 0 };

  it("says whom it reached", () => {
    expect(wordsOfWay(posts)).toBe("Delivered to 3 of 3 connections. Nothing is missing.");
    expect(wordsOfWay({ total: 3, delivered: 2, gone: 1, retried: 1 })).toBe(
      "Delivered to 2 of 3 connections, 1 connection had gone, 1 post took more than one try. Nothing is missing.",
    );
    expect(wordsOfWay({ ...posts, total: 0, delivered: 0 })).toMatch(/Nobody was connected/);
  });
});

describe("an event in a sentence", () => {
  const nameOf = (userId: string | null) => ({ bob: "Bob" })[userId ?? ""] ?? "somebody";

  it("says who did what", () => {
    expect(tell(sent("one", 1), nameOf)).toBe("alice sent a message");
    expect(tell(reacted("one", 1, "🎉", "bob"), nameOf)).toBe("Bob reacted with 🎉");
    expect(tell(joined("bob", 1), nameOf)).toBe("Bob joined");
    expect(tell(left("bob", 1), nameOf)).toBe("Bob left");
    expect(tell(left("carol", 1, "bob"), nameOf)).toBe("somebody left, and Bob owns the channel");
  });

  it("does not trust a poisoned one", () => {
    const poisoned = event("MessageSent", 1, { messageId: "one" });
    expect(known(poisoned)).toBeNull();
    expect(tell(poisoned, nameOf)).toBe("Message sent that cannot be read");
    expect(known({ ...poisoned, detail: null })).toBeNull();
    expect(known(event("toString", 1, {}))).toBeNull();
  });
});
