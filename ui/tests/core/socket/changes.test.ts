/** What finishes a change: its frame, or what the message shows of it after its acknowledgement. */
import { expect, test } from "vitest";
import type { Message, ServerFrame } from "../../../src/core/contract";
import {
  afterFrame,
  afterNewSocket,
  afterTick,
  type ChangeCommand,
  dueChanges,
  outcomeIn,
  withNew,
  withSending,
} from "../../../src/core/socket/changes";
import { ACK_TIMEOUT_MS } from "../../../src/core/socket/outbox";
import { MAX_ATTEMPTS } from "../../../src/core/socket/retryAfter";
import { alice, bob, message } from "../../support/messages";

const ACKED_AT = Date.UTC(2026, 0, 1, 12);
const at = (ms: number) => new Date(ACKED_AT + ms).toISOString();
const place = { channelId: "general", seq: 1 };
const edit: ChangeCommand = { action: "editMessage", ...place, text: "new" };
const remove: ChangeCommand = { action: "deleteMessage", ...place };
const like: ChangeCommand = { action: "addReaction", ...place, emoji: "🎉" };
const unlike: ChangeCommand = { action: "removeReaction", ...place, emoji: "🎉" };

const deleted = { text: "", deletedAt: at(0), deletedBy: bob.userId };
const liked = (...userIds: string[]) => ({ reactions: [{ emoji: "🎉", userIds }] });

test.each<[string, ChangeCommand, Partial<Message>, string]>([
  ["an edit, its text", edit, { text: "new", editedAt: at(-50) }, "done"],
  ["an edit, the text before", edit, { text: "old" }, "pending"],
  ["an edit, an earlier edit", edit, { text: "old", editedAt: at(-60_000) }, "pending"],
  ["an edit, one that may be earlier", edit, { text: "other", editedAt: at(2_000) }, "pending"],
  ["an edit, a later edit", edit, { text: "other", editedAt: at(4_000) }, "done"],
  ["an edit, a deletion", edit, deleted, "deleted"],
  ["a deletion", remove, deleted, "done"],
  ["a deletion, the message before", remove, {}, "pending"],
  ["a reaction, that of the user", like, liked(bob.userId, alice.userId), "done"],
  ["a reaction, that of another user", like, liked(bob.userId), "pending"],
  ["a reaction, a deletion", like, deleted, "done"],
  ["a removed reaction, that of another user", unlike, liked(bob.userId), "done"],
  ["a removed reaction, that of the user", unlike, liked(alice.userId), "pending"],
])("of %s", (_what, command, more, outcome) => {
  expect(outcomeIn(message(1, more), command, alice.userId, ACKED_AT)).toBe(outcome);
});

const edited = (text: string, editedBy = alice.userId): ServerFrame => ({
  type: "messageEdited",
  ...place,
  messageId: "m1",
  text,
  editedBy,
  editedAt: at(0),
});
const reacted = (change: "added" | "removed", emoji: string, userId = alice.userId): ServerFrame => ({
  type: "reaction",
  ...place,
  messageId: "m1",
  emoji,
  userId,
  change,
  reactedAt: at(0),
});
const removed: ServerFrame = {
  type: "messageDeleted",
  ...place,
  messageId: "m1",
  deletedBy: alice.userId,
  deletedAt: at(0),
};

/** What is left of a change in flight after a frame: itself, or nothing. */
function afterFrameOf(command: ChangeCommand, frame: ServerFrame) {
  const made = withNew([], { id: "change", command, messageId: "m1" }, ACKED_AT);
  const before = withSending(made, "change", ACKED_AT);
  return { before, ...afterFrame(before, frame, alice.userId, ACKED_AT) };
}

test.each<[string, ChangeCommand, ServerFrame]>([
  ["an edit", edit, edited("new")],
  ["a deletion", remove, removed],
  ["a reaction", like, reacted("added", "🎉")],
  ["a removed reaction", unlike, reacted("removed", "🎉")],
])("the frame of %s finishes it", (_what, command, frame) => {
  expect(afterFrameOf(command, frame)).toMatchObject({ changes: [], refusal: null });
});

test.each<[string, ChangeCommand, ServerFrame]>([
  ["a second edit, by the frame of the first", edit, edited("old")],
  ["an edit, by the same edit of another user", edit, edited("new", bob.userId)],
  ["an edit, by that of another message", edit, { ...edited("new"), seq: 2 } as ServerFrame],
  ["an edit, by that of another channel", edit, { ...edited("new"), channelId: "tea" } as ServerFrame],
  ["an edit, by a deletion", edit, removed],
  ["a deletion, by an edit", remove, edited("new")],
  ["a reaction, by that of another user", like, reacted("added", "🎉", bob.userId)],
  ["a reaction, by another emoji", like, reacted("added", "👍")],
  ["a reaction, by its removal", like, reacted("removed", "🎉")],
  ["a removed reaction, by the reaction", unlike, reacted("added", "🎉")],
])("not finished: %s", (_what, command, frame) => {
  const { before, changes, refusal } = afterFrameOf(command, frame);
  expect(changes).toEqual(before);
  expect(refusal).toBeNull();
});

test("a change that is not acknowledged is sent again, and refused after the last attempt", () => {
  let changes = withNew([], { id: "change", command: edit, messageId: "m1" }, 0);
  let now = 0;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    expect(dueChanges(changes, now).map(({ id }) => id)).toEqual(["change"]);
    changes = withSending(changes, "change", now);
    now += ACK_TIMEOUT_MS + 1;
    const after = afterTick(changes, now);
    const isLast = attempt === MAX_ATTEMPTS;
    expect(after.refusals.map(({ code }) => code)).toEqual(isLast ? ["NO_ANSWER"] : []);
    expect(after.changes).toHaveLength(isLast ? 0 : 1);
    changes = after.changes;
  }
});

test("a message has one change in flight, and other messages theirs", () => {
  let changes = withNew([], { id: "like", command: like, messageId: "m1" }, 0);
  changes = withNew(changes, { id: "unlike", command: unlike, messageId: "m1" }, 0);
  changes = withNew(changes, { id: "other", command: { ...edit, seq: 2 }, messageId: "m2" }, 0);
  expect(dueChanges(changes, 0).map(({ id }) => id)).toEqual(["like", "other"]);
  changes = withSending(changes, "like", 0);
  expect(dueChanges(changes, 0).map(({ id }) => id)).toEqual(["other"]);
});

test("a change that waits for its turn is not finished by a second frame of an earlier one", () => {
  let changes = withNew([], { id: "unlike", command: unlike, messageId: "m1" }, 0);
  changes = withNew(changes, { id: "like", command: like, messageId: "m1" }, 0);
  changes = withSending(changes, "unlike", 0);
  expect(afterFrame(changes, reacted("added", "🎉"), alice.userId, 1).changes).toEqual(changes);
});

test("a change in flight is sent again on a new socket, with all its attempts", () => {
  let changes = withNew([], { id: "change", command: edit, messageId: "m1" }, 0);
  for (let socket = 0; socket < 2 * MAX_ATTEMPTS; socket += 1)
    changes = afterNewSocket(withSending(changes, "change", 0));
  expect(dueChanges(changes, 0)).toMatchObject([{ id: "change", attempts: 0 }]);
});

test("a refusal and an ack are of the change of their message", () => {
  const other: ChangeCommand = { ...edit, seq: 2 };
  let changes = withNew([], { id: "first", command: edit, messageId: "m1" }, 0);
  changes = withNew(changes, { id: "second", command: other, messageId: "m2" }, 0);
  for (const id of ["first", "second"]) changes = withSending(changes, id, 0);
  const ack: ServerFrame = { type: "ack", action: "editMessage", messageId: "m2" };
  expect(afterFrame(changes, ack, alice.userId, 1).changes.map(({ state }) => state)).toEqual([
    "sending",
    "sent",
  ]);
  const error: ServerFrame = { type: "error", ...other, code: "FORBIDDEN", message: "No." };
  const refused = afterFrame(changes, error, alice.userId, 1);
  expect(refused.changes.map(({ id }) => id)).toEqual(["first"]);
  expect(refused.refusal).toMatchObject({ change: { id: "second" }, code: "FORBIDDEN" });
});
