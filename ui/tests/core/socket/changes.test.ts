/** What a message shows of a change that was acknowledged. */
import { expect, test } from "vitest";
import type { Message } from "../../../src/core/contract";
import { type ChangeCommand, outcomeIn } from "../../../src/core/socket/changes";
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
