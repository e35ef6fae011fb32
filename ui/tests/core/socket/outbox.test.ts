import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../src/core/contract";
import {
  ACK_TIMEOUT_MS,
  ASK_AFTER_MS,
  countUnsent,
  DELIVERY_TIMEOUT_MS,
  due,
  markSending,
  type Outbox,
  type OutboxEvent,
  reduceOutbox,
  toFrame,
  unconfirmed,
} from "../../../src/core/socket/outbox";
import { OutboxStorage } from "../../../src/core/socket/outboxStorage";
import { MAX_ATTEMPTS } from "../../../src/core/socket/retryAfter";
import { memoryStorage } from "../../support/browser";

const written = (clientMessageId: string, channelId = "general"): OutboxEvent => ({
  type: "written",
  message: { clientMessageId, channelId, text: `text of ${clientMessageId}`, writtenAt: 1 },
});

function having(events: readonly OutboxEvent[], now = 0, from: Outbox = []): Outbox {
  return events.reduce((outbox, event) => reduceOutbox(outbox, event, now), from);
}

const ids = (items: readonly { clientMessageId: string }[]) => items.map((item) => item.clientMessageId);

test("rejected and acknowledged messages are not counted as unsent", () => {
  const refused: OutboxEvent = { type: "refused", clientMessageId: "a", code: "FORBIDDEN", message: "No." };
  const outbox = having([written("a"), written("b"), written("c", "random"), refused]);
  expect(countUnsent(outbox)).toBe(2);
  expect(countUnsent(having([{ type: "acked", clientMessageId: "c" }], 0, markSending(outbox, "c", 0)))).toBe(
    1,
  );
});

describe("order", () => {
  test("one message of a channel is in flight until it is delivered", () => {
    let outbox = having([written("a"), written("b"), written("c", "random")]);
    expect(ids(due(outbox, 0))).toEqual(["a", "c"]);
    outbox = markSending(outbox, "a", 0);
    expect(ids(due(outbox, 0))).toEqual(["c"]);
    outbox = having([{ type: "acked", clientMessageId: "a" }], 0, outbox);
    expect(ids(due(outbox, 0))).toEqual(["c"]);
    outbox = having([{ type: "delivered", clientMessageId: "a" }], 0, outbox);
    expect(ids(due(outbox, 0))).toEqual(["b", "c"]);
  });

  test("a late delivery does not block the next message and is looked up", () => {
    let outbox = having([written("a"), written("b")]);
    outbox = having([{ type: "acked", clientMessageId: "a" }], 0, markSending(outbox, "a", 0));
    const late = DELIVERY_TIMEOUT_MS + 1;
    expect(ids(due(outbox, late))).toEqual(["b"]);
    expect(ids(unconfirmed(outbox, late))).toEqual(["a"]);
  });

  test("a failed message does not block the next", () => {
    const refused: OutboxEvent = { type: "refused", clientMessageId: "a", code: "FORBIDDEN", message: "No." };
    expect(ids(due(having([written("a"), written("b"), refused]), 0))).toEqual(["b"]);
  });
});

describe("repeats", () => {
  test("messages in flight are sent again on a new socket with the same id", () => {
    let outbox = markSending(having([written("a")]), "a", 0);
    outbox = having([{ type: "reconnected" }], 0, outbox);
    const [item] = due(outbox, 0);
    expect(item && toFrame(item)).toEqual({
      action: "sendMessage",
      clientMessageId: "a",
      channelId: "general",
      text: "text of a",
    });
  });

  test("a message that is sent on many sockets keeps all its attempts", () => {
    let outbox = having([written("a")]);
    for (let socket = 0; socket < 2 * MAX_ATTEMPTS; socket += 1)
      outbox = having([{ type: "reconnected" }], 0, markSending(outbox, "a", 0));
    expect(due(outbox, 0)).toMatchObject([{ clientMessageId: "a", attempts: 0 }]);
  });

  test("a message without an ack is sent again and fails after the last attempt", () => {
    let outbox = having([written("a")]);
    let now = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      expect(ids(due(outbox, now))).toEqual(["a"]);
      outbox = markSending(outbox, "a", now);
      now += ACK_TIMEOUT_MS + 1;
      outbox = reduceOutbox(outbox, { type: "tick" }, now);
    }
    expect(outbox[0]).toMatchObject({ state: "failed", failure: "The server did not answer." });
    expect(due(reduceOutbox(outbox, { type: "retried", clientMessageId: "a" }, now), now)).toHaveLength(1);
  });

  test("an old message is not sent without a question, unless the server has acknowledged it", () => {
    const outbox = having(
      [{ type: "acked", clientMessageId: "a" }],
      1,
      having([written("a"), written("b")], 1),
    );
    const returned = having([{ type: "reconnected" }], ASK_AFTER_MS + 2, outbox);
    expect(returned).toMatchObject([
      { clientMessageId: "a", state: "queued" },
      { clientMessageId: "b", state: "failed", failure: "It was written more than an hour ago." },
    ]);
    expect(having([{ type: "reconnected" }], ASK_AFTER_MS + 1, outbox)).toMatchObject([
      { state: "queued" },
      { state: "queued" },
    ]);
    // Sending it again is the answer to the question.
    const confirmed = having([{ type: "retried", clientMessageId: "b" }], ASK_AFTER_MS + 2, returned);
    const [, again] = having([{ type: "reconnected" }], ASK_AFTER_MS + 3, confirmed);
    expect(again).toMatchObject({ state: "queued", failure: null });
  });

  test("the same message written twice is stored once", () => {
    expect(having([written("a"), written("a")])).toHaveLength(1);
  });

  test("a tick without overdue messages changes nothing", () => {
    const outbox = markSending(having([written("a")]), "a", 0);
    expect(reduceOutbox(outbox, { type: "tick" }, 10)).toBe(outbox);
  });
});

describe("refusals", () => {
  const refuse = (code: string, retryAfterMs?: number) =>
    having(
      [{ type: "refused", clientMessageId: "a", code: code as never, message: "Because.", retryAfterMs }],
      1_000,
      markSending(having([written("a")]), "a", 0),
    );

  test("a rate limit delays the message and does not fail it", () => {
    const outbox = refuse("RATE_LIMITED", 2_000);
    expect(due(outbox, 2_999)).toEqual([]);
    expect(ids(due(outbox, 3_000))).toEqual(["a"]);
  });

  test("a failure of the server delays the message, the longer the more often", () => {
    expect(refuse("INTERNAL")[0]).toMatchObject({ notBefore: 1_000 + 1_000 });
    const again = having(
      [{ type: "refused", clientMessageId: "a", code: "INTERNAL", message: "Because." }],
      2_000,
      markSending(refuse("INTERNAL"), "a", 2_000),
    );
    expect(again[0]).toMatchObject({ notBefore: 2_000 + 2_000 });
  });

  /** A message that is refused at each of so many attempts. */
  function refusedAgain(code: ErrorCode, times: number): Outbox {
    let outbox = having([written("a")]);
    for (let now = 0; now < times; now += 1) {
      const refused: OutboxEvent = { type: "refused", clientMessageId: "a", code, message: "Because." };
      outbox = having([refused], now, markSending(outbox, "a", now));
    }
    return outbox;
  }

  test("rate limits never fail a message, and failures of the server do after the last attempt", () => {
    expect(refusedAgain("RATE_LIMITED", 2 * MAX_ATTEMPTS)[0]).toMatchObject({ state: "queued" });
    expect(refusedAgain("INTERNAL", MAX_ATTEMPTS - 1)[0]).toMatchObject({ state: "queued" });
    expect(refusedAgain("INTERNAL", MAX_ATTEMPTS)[0]).toMatchObject({ state: "failed", failure: "Because." });
    // What a rate limit delayed has all its attempts left.
    const { attempts } = refusedAgain("RATE_LIMITED", MAX_ATTEMPTS)[0] ?? {};
    expect(attempts).toBe(0);
  });

  test.each(["NOT_A_MEMBER", "TEXT_TOO_LONG", "INVALID_FRAME", "FORBIDDEN"])(
    "%s fails, with the reason",
    (code) => {
      expect(refuse(code)[0]).toMatchObject({ state: "failed", failure: "Because." });
    },
  );

  test.each(["SESSION_EXPIRED", "INTERNAL"])("%s is tried again", (code) => {
    expect(ids(due(refuse(code), 60_000))).toEqual(["a"]);
  });
});

describe("across a reload", () => {
  test("undelivered messages are restored in order, for the same user only", () => {
    const storage = memoryStorage();
    const outbox = having([
      { type: "written", message: { clientMessageId: "b", channelId: "general", text: "2", writtenAt: 2 } },
      { type: "written", message: { clientMessageId: "a", channelId: "general", text: "1", writtenAt: 1 } },
    ]);
    new OutboxStorage("alice", storage).save(markSending(outbox, "a", 5));
    const found = new OutboxStorage("alice", storage).load();
    expect(found.map((item) => [item.clientMessageId, item.state])).toEqual([
      ["a", "queued"],
      ["b", "queued"],
    ]);
    expect(new OutboxStorage("bob", storage).load()).toEqual([]);
  });

  test("delivered messages are removed; failed ones keep their reason until they are sent again", () => {
    const storage = memoryStorage();
    const keeper = new OutboxStorage("alice", storage);
    let outbox = having([written("a"), written("b")]);
    keeper.save(outbox);
    outbox = having(
      [
        { type: "delivered", clientMessageId: "a" },
        { type: "refused", clientMessageId: "b", code: "FORBIDDEN", message: "No." },
      ],
      0,
      outbox,
    );
    keeper.save(outbox);
    expect(new OutboxStorage("alice", storage).load()).toMatchObject([
      { clientMessageId: "b", state: "failed" },
    ]);
    keeper.save(having([{ type: "retried", clientMessageId: "b" }], 0, outbox));
    expect(new OutboxStorage("alice", storage).load()).toMatchObject([
      { clientMessageId: "b", state: "queued" },
    ]);
  });

  test("two tabs do not overwrite each other's messages", () => {
    const storage = memoryStorage();
    const one = new OutboxStorage("alice", storage);
    const two = new OutboxStorage("alice", storage);
    one.save(having([written("a")]));
    two.save(having([written("b")]));
    one.save([]);
    expect(ids(new OutboxStorage("alice", storage).load())).toEqual(["b"]);
  });

  test("another tab has sent or discarded a message if its entry is removed, not if it is changed", () => {
    const storage = new OutboxStorage("alice", memoryStorage());
    const event = (key: string, newValue: string | null) => ({ key, newValue }) as StorageEvent;
    expect(storage.removedId(event("parley.outbox.alice.a", null))).toBe("a");
    expect(storage.removedId(event("parley.outbox.alice.a", "{}"))).toBeNull();
    expect(storage.removedId(event("parley.outbox.bob.a", null))).toBeNull();
  });

  test("an unreadable entry is skipped", () => {
    const storage = memoryStorage();
    storage.setItem("parley.outbox.alice.x", "{broken");
    storage.setItem("parley.outbox.alice.y", "{}");
    expect(new OutboxStorage("alice", storage).load()).toEqual([]);
  });
});
