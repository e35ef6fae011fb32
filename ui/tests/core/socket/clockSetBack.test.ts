/** The clock of the user's machine is set back by an hour: nothing waits for that hour. */
import { expect, test } from "vitest";
import {
  afterFrame,
  afterTick,
  type Changes,
  CONFIRM_AFTER_MS,
  dueChanges,
  unconfirmedChanges,
  withNew,
  withSending,
} from "../../../src/core/socket/changes";
import {
  ACK_TIMEOUT_MS,
  DELIVERY_TIMEOUT_MS,
  due,
  markSending,
  type OutboxEvent,
  reduceOutbox,
  unconfirmed,
} from "../../../src/core/socket/outbox";

const NOW = Date.UTC(2026, 0, 1, 12);
const SET_BACK = NOW - 60 * 60_000;
const WAIT_MS = 2_000;

const written: OutboxEvent = {
  type: "written",
  message: { clientMessageId: "a", channelId: "general", text: "x", writtenAt: NOW },
};
const sending = markSending(reduceOutbox([], written, NOW), "a", NOW);

test("a message that came too early is sent again", () => {
  const code = "RATE_LIMITED";
  const refused = {
    type: "refused",
    clientMessageId: "a",
    code,
    message: "Wait.",
    retryAfterMs: WAIT_MS,
  } as const;
  const outbox = reduceOutbox(sending, refused, NOW);
  expect(due(outbox, NOW + WAIT_MS - 1)).toEqual([]);
  expect(due(outbox, NOW + WAIT_MS)).toHaveLength(1);
  expect(due(outbox, SET_BACK)).toHaveLength(1);
});

test("a message whose ack is lost is sent again, and one that is not delivered is looked for", () => {
  const [queued] = reduceOutbox(sending, { type: "tick" }, SET_BACK);
  expect(queued?.state).toBe("queued");
  expect(reduceOutbox(sending, { type: "tick" }, NOW + ACK_TIMEOUT_MS)).toBe(sending);
  const sent = reduceOutbox(sending, { type: "acked", clientMessageId: "a" }, NOW);
  expect(unconfirmed(sent, NOW + DELIVERY_TIMEOUT_MS)).toEqual([]);
  expect(unconfirmed(sent, SET_BACK)).toHaveLength(1);
});

test("a change that came too early, or whose ack is lost, is sent again", () => {
  const command = { action: "addReaction", channelId: "general", seq: 1, emoji: "👍" } as const;
  const flying: Changes = withSending(withNew([], { id: "1", command, messageId: "m1" }, NOW), "1", NOW);
  const { action, channelId, seq } = command;
  const refusal = { type: "error", code: "RATE_LIMITED", message: "Wait.", action, channelId, seq } as const;
  const { changes } = afterFrame(flying, { ...refusal, retryAfterMs: WAIT_MS }, "u-alice", NOW);
  expect(dueChanges(changes, NOW + WAIT_MS - 1)).toEqual([]);
  expect(dueChanges(changes, SET_BACK)).toHaveLength(1);
  expect(afterTick(flying, SET_BACK).changes[0]?.state).toBe("queued");
  const ack = { type: "ack", action: "addReaction", messageId: "m1" } as const;
  const acked = afterFrame(flying, ack, "u-alice", NOW).changes;
  expect(unconfirmedChanges(acked, NOW + CONFIRM_AFTER_MS)).toEqual([]);
  expect(unconfirmedChanges(acked, SET_BACK)).toHaveLength(1);
});
