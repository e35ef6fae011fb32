/** Shows the user's changes of messages before the server has carried them out. */
import type { Message } from "../contract";
import { type Changes, messageKey } from "../socket/changes";
import { withReaction } from "./frames";

/** The messages with the changes of the user applied; the same array if there are none. */
export function withChanges(messages: readonly Message[], changes: Changes, me: string): readonly Message[] {
  if (changes.length === 0) return messages;
  const changed = new Set(changes.map(({ command }) => messageKey(command)));
  if (!messages.some((message) => changed.has(messageKey(message)))) return messages;
  return messages.map((message) =>
    changed.has(messageKey(message)) ? withChangesOf(message, changes, me) : message,
  );
}

function withChangesOf(message: Message, changes: Changes, me: string): Message {
  let after = message;
  for (const { command, since } of changes) {
    if (after.deletedAt !== null || messageKey(command) !== messageKey(message)) continue;
    const at = new Date(since).toISOString();
    switch (command.action) {
      case "editMessage":
        after = { ...after, text: command.text, editedAt: at };
        break;
      case "deleteMessage":
        after = { ...after, text: "", reactions: [], deletedAt: at, deletedBy: me };
        break;
      case "addReaction":
      case "removeReaction": {
        const added = command.action === "addReaction";
        after = { ...after, reactions: withReaction(after.reactions, command.emoji, me, added) };
      }
    }
  }
  return after;
}
