import { describe, expect, test } from "vitest";
import type { Outgoing } from "../../../src/core/socket/outbox";
import { buildRows } from "../../../src/features/message/rows";
import { alice, message } from "../../support/messages";

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 12, minutes)).toISOString();
const rows = (
  messages: ReturnType<typeof message>[],
  newSince: number | null = null,
  outgoing: Outgoing[] = [],
) => buildRows({ messages, outgoing, me: alice.userId, newSince });
const outgoing = (clientMessageId: string): Outgoing => ({
  clientMessageId,
  channelId: "general",
  text: "x",
  writtenAt: Date.parse(at(3)),
  state: "sending",
  attempts: 1,
  notBefore: 0,
  since: 0,
  failure: null,
});

describe("groups", () => {
  test("contain a user's messages within five minutes", () => {
    const made = rows([
      message(1, { sentAt: at(0) }),
      message(2, { sentAt: at(4) }),
      message(3, { sentAt: at(10) }),
      message(4, { sentAt: at(11), sender: alice }),
    ]);
    expect(made.map((row) => row.startsGroup)).toEqual([true, false, true, true]);
  });

  test("an outgoing message joins the user's last message", () => {
    const made = rows([message(1, { sentAt: at(1), sender: alice })], null, [outgoing("x"), outgoing("y")]);
    expect(made.map((row) => row.startsGroup)).toEqual([true, false, false]);
    const afterBob = rows([message(1, { sentAt: at(1) })], null, [outgoing("x"), outgoing("y")]);
    expect(afterBob.map((row) => row.startsGroup)).toEqual([true, true, false]);
  });
});

test("a day is shown once", () => {
  const made = rows([message(1), message(2), message(3, { sentAt: "2026-01-09T12:00:00.000Z" })]);
  expect(made.map((row) => row.day !== null)).toEqual([true, false, true]);
});

describe('the "New" line', () => {
  test("precedes the first new message of another user", () => {
    const made = rows([message(1), message(2), message(3, { sender: alice }), message(4)], 2);
    expect(made.map((row) => row.firstNew)).toEqual([false, false, false, true]);
  });

  test("is missing without new messages", () => {
    expect(rows([message(1)], null).some((row) => row.firstNew)).toBe(false);
    expect(rows([message(1)], 1).some((row) => row.firstNew)).toBe(false);
  });
});

test("a delivered message keeps the key of its outgoing message", () => {
  const [echo] = rows([], null, [outgoing("c9")]);
  const [delivered] = rows([message(9, { sender: alice })]);
  expect(echo?.key).toBe(delivered?.key);
});
