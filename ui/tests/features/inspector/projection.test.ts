import { describe, expect, it } from "vitest";
import { eventBuckets } from "../../../src/features/inspector/history/eventBuckets";
import { projectChannel } from "../../../src/features/inspector/history/projection";
import {
  at,
  connected,
  created,
  deleted,
  disconnected,
  edited,
  event,
  joined,
  left,
  reacted,
  sent,
} from "../../support/busEvents";

const only = (events: Parameters<typeof projectChannel>[0], count?: number) => {
  const [message] = projectChannel(events, count).messages;
  if (!message) throw new Error("there is no message");
  return message;
};

describe("messages", () => {
  const events = [sent("one", 1), sent("two", 2), edited("one", 3, "changed"), deleted("two", 4)];

  it("have the state after each event", () => {
    expect(projectChannel(events, 0).messages).toEqual([]);
    expect(projectChannel(events, 1).messages.map((message) => message.text)).toEqual(["one"]);
    expect(projectChannel(events, 2).messages.map((message) => message.text)).toEqual(["one", "two"]);
    expect(projectChannel(events, 3).messages.map((message) => message.text)).toEqual(["changed", "two"]);
    expect(projectChannel(events, 4).messages.map((message) => message.text)).toEqual(["changed", ""]);
    expect(projectChannel(events).messages[1]?.deletedBy).toBe("alice");
  });

  it("have the later of two edits, in any order", () => {
    expect(only([sent("one", 1), edited("one", 5, "second"), edited("one", 3, "first")]).text).toBe("second");
  });

  it("accept a change that arrives before the message", () => {
    const early = [edited("one", 3, "changed"), sent("one", 1)];
    expect(projectChannel(early, 1).messages).toEqual([]);
    expect(only(early).text).toBe("changed");
  });

  it("exist once, however often the event arrives", () => {
    const message = sent("one", 1);
    const retry = { ...sent("one", 2, "again"), eventId: "another" };
    expect(projectChannel([message, message, retry]).messages).toHaveLength(1);
    expect(only([message, message, retry]).text).toBe("one");
  });

  it("stay deleted: no edit restores the text, and the first deletion counts", () => {
    const message = only([
      sent("one", 1),
      deleted("one", 4, "bob"),
      deleted("one", 3),
      edited("one", 5, "back"),
    ]);
    expect(message.text).toBe("");
    expect(message.deletedAt).toBe(at(3));
    expect(message.deletedBy).toBe("alice");
  });

  it("are changed by their author only, as in the workflow", () => {
    expect(only([sent("one", 1), edited("one", 2, "forged", "mallory")]).text).toBe("one");
  });
});

describe("reactions", () => {
  it("exist if the latest change added them", () => {
    const events = [
      sent("one", 1),
      reacted("one", 2, "🎉", "bob"),
      reacted("one", 3, "🎉", "carol"),
      reacted("one", 5, "🎉", "bob", false),
      reacted("one", 4, "🎉", "bob"),
    ];
    expect(only(events, 3).reactions).toEqual([{ emoji: "🎉", userIds: ["bob", "carol"] }]);
    expect(only(events).reactions).toEqual([{ emoji: "🎉", userIds: ["carol"] }]);
  });
});

describe("members and presence", () => {
  it("join and leave", () => {
    const events = [created(1, ["alice"]), joined("bob", 2), left("alice", 3)];
    expect(projectChannel(events, 1).members.map((member) => member.userId)).toEqual(["alice"]);
    expect(projectChannel(events, 2).members.map((member) => member.userId)).toEqual(["alice", "bob"]);
    expect(projectChannel(events).members.map((member) => member.userId)).toEqual(["bob"]);
    expect(projectChannel(events).name).toBe("general");
  });

  it("are online while one connection is open", () => {
    const events = [
      created(1, ["alice"]),
      connected("alice", "a", 2),
      connected("alice", "b", 3),
      disconnected("alice", "a", 4),
      disconnected("alice", "b", 5),
    ];
    expect(projectChannel(events, 4).online.has("alice")).toBe(true);
    expect(projectChannel(events, 4).members[0]?.online).toBe(true);
    expect(projectChannel(events).online.has("alice")).toBe(false);
  });

  it("are not reopened by a connect event that arrives after the disconnect event", () => {
    expect(projectChannel([disconnected("alice", "a", 3), connected("alice", "a", 2)]).online.size).toBe(0);
  });

  it("type until the given time or until their message", () => {
    const typing = event("TypingStarted", 2, { userId: "bob", until: at(7) });
    expect(projectChannel([typing]).typing).toEqual(["bob"]);
    expect(projectChannel([typing, sent("one", 3, "x", "bob")]).typing).toEqual([]);
    expect(projectChannel([typing, sent("one", 8, "x", "alice")]).typing).toEqual([]);
  });
});

describe("the projection", () => {
  it("counts unreadable events and continues", () => {
    const past = projectChannel([
      event("MessageSent", 1, { messageId: "broken" }),
      event("Unheard", 2, {}),
      sent("one", 3),
    ]);
    expect(past.unreadable).toBe(2);
    expect(past.messages).toHaveLength(1);
  });

  it("takes twenty thousand events, the most that the inspector fetches", () => {
    const events = Array.from({ length: 20_000 }, (_, index) =>
      index % 4 === 3 ? reacted(`m${index - 1}`, index, "👍", "bob") : sent(`m${index}`, index),
    );
    expect(projectChannel(events).messages).toHaveLength(15_000);
  });

  it("is summarized in a limited number of buckets", () => {
    const events = [sent("one", 1), sent("two", 2), edited("one", 3, "x"), joined("bob", 4)];
    expect(eventBuckets(events, 2)).toEqual([
      { total: 2, counts: [["message", 2]] },
      {
        total: 2,
        counts: [
          ["change", 1],
          ["member", 1],
        ],
      },
    ]);
    expect(eventBuckets([], 2)).toEqual([]);
  });
});
