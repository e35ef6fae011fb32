/**
 * The user's changes of messages (edits, deletions, reactions) as a pure state machine, as `outbox.ts` is for messages:
 * each is sent until the server acknowledges it, and shown at once. A refused change is no longer shown.
 *
 * A message has one change in flight, because the server's answers name the message and not the change. A repetition has
 * no further effect.
 */
import type { ClientFrame, ErrorCode, Message, ServerFrame } from "../contract";
import { hasPassed, mustWait } from "../elapsed";
import { ACK_TIMEOUT_MS } from "./outbox";
import { MAX_ATTEMPTS, retryAfter } from "./retryAfter";

/** An acknowledged change whose frame does not arrive for this long is looked up, and again after the same time. */
export const CONFIRM_AFTER_MS = 10_000;
/** The workflow tries to carry out a change for two minutes and a half at most. */
export const GIVE_UP_AFTER_MS = 150_000;
/** An edit counts as later than an ack only beyond this difference, because clocks are compared: see `clock.ts`. */
const CLOCK_TOLERANCE_MS = 3_000;

export type ChangeCommand = Extract<
  ClientFrame,
  { action: "editMessage" | "deleteMessage" | "addReaction" | "removeReaction" }
>;

export interface Change {
  readonly id: string;
  readonly command: ChangeCommand;
  /** The id of the message, which an ack names; null if the message is not loaded. */
  readonly messageId: string | null;
  readonly state: "queued" | "sending" | "sent";
  readonly attempts: number;
  /** Do not send before this time, in ms since the epoch. */
  readonly notBefore: number;
  readonly madeAt: number;
  /** When it was made, sent, acknowledged, refused for now, or looked up. */
  readonly since: number;
  /** When it was acknowledged; null before. */
  readonly ackedAt: number | null;
}

export type Changes = readonly Change[];

export interface Refusal {
  readonly change: Change;
  readonly code: ErrorCode | "NO_ANSWER";
  readonly message: string;
}

export function withNew(
  changes: Changes,
  made: Pick<Change, "id" | "command" | "messageId">,
  now: number,
): Changes {
  const unsent = { state: "queued", attempts: 0, notBefore: 0, ackedAt: null } as const;
  return [...changes, { ...made, ...unsent, madeAt: now, since: now }];
}

/** Parse a stored change, which is sent again. Null if it cannot be read. */
export function parseChange(text: string | null): Change | null {
  try {
    const stored = JSON.parse(text ?? "null") as Change | null;
    if (!stored?.id || !stored.command?.channelId || !stored.madeAt) return null;
    return { ...stored, state: "queued", attempts: 0, notBefore: 0, ackedAt: null };
  } catch {
    return null;
  }
}

export function without(changes: Changes, id: string): Changes {
  return changes.filter((change) => change.id !== id);
}

/** The changes to send now: the first of each message, unless one is in flight. */
export function dueChanges(changes: Changes, now: number): Change[] {
  const busy = new Set<string>();
  return changes.filter((change) => {
    const key = messageKey(change.command);
    if (busy.has(key)) return false;
    busy.add(key);
    return change.state === "queued" && !mustWait(change.notBefore, change.since, now);
  });
}

export function withSending(changes: Changes, id: string, now: number): Changes {
  return update(changes, id, (change) => ({
    ...change,
    state: "sending",
    attempts: change.attempts + 1,
    since: now,
  }));
}

/** A new socket is in use: what was in flight may be lost. */
export function afterNewSocket(changes: Changes): Changes {
  return changes.map((change) =>
    change.state === "sending" ? { ...change, state: "queued", attempts: 0 } : change,
  );
}

/** Send again what was not acknowledged in time. */
export function afterTick(changes: Changes, now: number): { changes: Changes; refusals: Refusal[] } {
  const isOverdue = (change: Change) =>
    change.state === "sending" && hasPassed(change.since, ACK_TIMEOUT_MS, now);
  if (!changes.some(isOverdue)) return { changes, refusals: [] };
  const failed = changes.filter((change) => isOverdue(change) && change.attempts >= MAX_ATTEMPTS);
  const rest = changes.filter((change) => !failed.includes(change));
  return {
    changes: rest.map((change) => (isOverdue(change) ? { ...change, state: "queued" } : change)),
    refusals: failed.map((change) => ({ change, code: "NO_ANSWER", message: "The server did not answer." })),
  };
}

/** Acknowledged changes that must be looked up. */
export function unconfirmedChanges(changes: Changes, now: number): Change[] {
  return changes.filter(
    (change) => change.state === "sent" && hasPassed(change.since, CONFIRM_AFTER_MS, now),
  );
}

/** What a message shows of a change that was acknowledged. `deleted`: an edit can no longer be carried out. */
export type Outcome = "done" | "deleted" | "pending";

/** `ackedAt` is by the server's clock. A change that a later one has replaced is done. */
export function outcomeIn(message: Message, command: ChangeCommand, me: string, ackedAt: number): Outcome {
  const isEdit = command.action === "editMessage";
  if (message.deletedAt !== null) return isEdit ? "deleted" : "done";
  if (command.action === "deleteMessage") return "pending";
  if (isEdit) {
    const isReplaced = Date.parse(message.editedAt ?? "") > ackedAt + CLOCK_TOLERANCE_MS;
    return isReplaced || message.text === command.text ? "done" : "pending";
  }
  const isPresent = message.reactions.some(
    ({ emoji, userIds }) => emoji === command.emoji && userIds.includes(me),
  );
  return isPresent === (command.action === "addReaction") ? "done" : "pending";
}

/** The refusal of a change that was acknowledged and cannot be carried out, or was not in time. */
export function refusalAfterAck(change: Change, outcome: "deleted" | "pending"): Refusal {
  return outcome === "deleted"
    ? { change, code: "NOT_FOUND", message: "The message was deleted." }
    : { change, code: "NO_ANSWER", message: "The server accepted it, but did not carry it out. Try again." };
}

/** Apply a frame of the server: an ack, a refusal, or the change itself. */
export function afterFrame(
  changes: Changes,
  frame: ServerFrame,
  me: string,
  now: number,
): { changes: Changes; refusal: Refusal | null } {
  switch (frame.type) {
    case "ack": {
      const change = changes.find(
        ({ state, command, messageId }) =>
          state === "sending" &&
          command.action === frame.action &&
          (messageId === null || messageId === frame.messageId),
      );
      return {
        changes: change
          ? update(changes, change.id, (each) => ({ ...each, state: "sent", since: now, ackedAt: now }))
          : changes,
        refusal: null,
      };
    }
    case "error": {
      const change = changes.find(
        ({ state, command }) =>
          state === "sending" &&
          command.action === frame.action &&
          command.channelId === frame.channelId &&
          command.seq === frame.seq,
      );
      if (!change) return { changes, refusal: null };
      const wait = retryAfter(frame.code, frame.retryAfterMs, change.attempts);
      if (wait !== null)
        return {
          changes: update(changes, change.id, (each) => ({
            ...each,
            state: "queued",
            notBefore: now + wait,
            since: now,
          })),
          refusal: null,
        };
      return {
        changes: without(changes, change.id),
        refusal: { change, code: frame.code, message: frame.message },
      };
    }
    case "messageEdited":
    case "messageDeleted":
    case "reaction": {
      const done = changes.find(({ state, command }) => state !== "queued" && carriesOut(frame, command, me));
      return { changes: done ? without(changes, done.id) : changes, refusal: null };
    }
    default:
      return { changes, refusal: null };
  }
}

function carriesOut(
  frame: Extract<ServerFrame, { type: "messageEdited" | "messageDeleted" | "reaction" }>,
  command: ChangeCommand,
  me: string,
): boolean {
  if (frame.channelId !== command.channelId || frame.seq !== command.seq) return false;
  switch (frame.type) {
    case "messageDeleted":
      return command.action === "deleteMessage";
    case "messageEdited":
      return command.action === "editMessage" && frame.editedBy === me && frame.text === command.text;
    case "reaction":
      return (
        (command.action === "addReaction" || command.action === "removeReaction") &&
        (command.action === "addReaction") === (frame.change === "added") &&
        frame.userId === me &&
        frame.emoji === command.emoji
      );
  }
}

export function messageKey({ channelId, seq }: Pick<ChangeCommand, "channelId" | "seq">): string {
  return `${channelId}/${seq}`;
}

function update(changes: Changes, id: string, by: (change: Change) => Change): Changes {
  return changes.map((change) => (change.id === id ? by(change) : change));
}
