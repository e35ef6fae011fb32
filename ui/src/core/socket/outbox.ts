/**
 * The outbox as a pure state machine. Each message is sent until the server has it, in the order written per channel,
 * under one clientMessageId, so that a retry is the same message. `outboxStorage.ts` keeps it across a reload.
 *
 * A channel has one message in flight until it is delivered, because acks do not imply the order in which the bus
 * delivers events.
 */
import type { ErrorCode, SendMessage } from "../contract";
import { hasPassed, mustWait } from "../elapsed";
import { isTooEarly, MAX_ATTEMPTS, retryAfter } from "./retryAfter";

/** Without an ack for this long, the frame is sent again. */
export const ACK_TIMEOUT_MS = 8_000;
/** If an acked message is not delivered for this long, the next one is sent and history is checked for it. */
export const DELIVERY_TIMEOUT_MS = 10_000;
/** An unsent message that is older than this when a socket opens is sent only after the user confirms it. */
export const ASK_AFTER_MS = 60 * 60_000;

export interface Outgoing {
  readonly clientMessageId: string;
  readonly channelId: string;
  readonly text: string;
  readonly writtenAt: number;
  readonly state: "queued" | "sending" | "sent" | "failed";
  readonly attempts: number;
  /** Do not send before this time, in ms since the epoch. */
  readonly notBefore: number;
  /** When it was last sent, acked or refused. */
  readonly since: number;
  readonly failure: string | null;
}

export type Outbox = readonly Outgoing[];

export type OutboxEvent =
  | {
      readonly type: "written";
      readonly message: Pick<Outgoing, "clientMessageId" | "channelId" | "text" | "writtenAt">;
    }
  /** Stored by a tab that was closed. */
  | { readonly type: "adopted"; readonly messages: Outbox }
  | { readonly type: "acked"; readonly clientMessageId: string }
  | { readonly type: "delivered"; readonly clientMessageId: string }
  | {
      readonly type: "refused";
      readonly clientMessageId: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly type: "retried"; readonly clientMessageId: string }
  | { readonly type: "discarded"; readonly clientMessageId: string }
  /** A new socket is in use: messages in flight may be lost. */
  | { readonly type: "reconnected" }
  | { readonly type: "tick" };

/** The number of messages that are neither acknowledged nor failed. */
export function countUnsent(outbox: Outbox): number {
  return outbox.filter(({ state }) => state === "queued" || state === "sending").length;
}

export function reduceOutbox(outbox: Outbox, event: OutboxEvent, now: number): Outbox {
  switch (event.type) {
    case "written":
      return outbox.some((item) => item.clientMessageId === event.message.clientMessageId)
        ? outbox
        : [
            ...outbox,
            { ...event.message, state: "queued", attempts: 0, notBefore: 0, since: now, failure: null },
          ];

    case "adopted": {
      const known = new Set(outbox.map((item) => item.clientMessageId));
      const added = event.messages.filter((item) => !known.has(item.clientMessageId));
      return [...outbox, ...added.map((item) => afterReconnect(item, now))];
    }

    case "acked":
      return updateItem(outbox, event.clientMessageId, (item) =>
        item.state === "failed" ? item : { ...item, state: "sent", since: now },
      );

    case "delivered":
    case "discarded":
      return outbox.some((item) => item.clientMessageId === event.clientMessageId)
        ? outbox.filter((item) => item.clientMessageId !== event.clientMessageId)
        : outbox;

    case "refused":
      return updateItem(outbox, event.clientMessageId, (item) => afterRefusal(item, event, now));

    case "retried":
      return updateItem(outbox, event.clientMessageId, (item) => ({
        ...item,
        state: "queued",
        attempts: 0,
        notBefore: 0,
        failure: null,
        // The user wants it to be sent now.
        writtenAt: now,
      }));

    case "reconnected":
      return outbox.map((item) => afterReconnect(item, now));

    case "tick":
      return outbox.some((item) => overdue(item, now))
        ? outbox.map((item) => (overdue(item, now) ? sendAgain(item) : item))
        : outbox;
  }
}

/** The messages to send now: the first of each channel, unless one is in flight there. */
export function due(outbox: Outbox, now: number): Outgoing[] {
  const busy = new Set<string>();
  const ready: Outgoing[] = [];
  for (const item of outbox) {
    if (item.state === "failed" || busy.has(item.channelId)) continue;
    // A late delivery does not block the next message.
    if (item.state === "sent" && hasPassed(item.since, DELIVERY_TIMEOUT_MS, now)) continue;
    busy.add(item.channelId);
    if (item.state === "queued" && !mustWait(item.notBefore, item.since, now)) ready.push(item);
  }
  return ready;
}

export function markSending(outbox: Outbox, clientMessageId: string, now: number): Outbox {
  return updateItem(outbox, clientMessageId, (item) => ({
    ...item,
    state: "sending",
    attempts: item.attempts + 1,
    since: now,
  }));
}

/** Messages that were acked but not delivered in time. */
export function unconfirmed(outbox: Outbox, now: number): Outgoing[] {
  return outbox.filter((item) => item.state === "sent" && hasPassed(item.since, DELIVERY_TIMEOUT_MS, now));
}

export function toFrame(item: Outgoing): SendMessage {
  return {
    action: "sendMessage",
    clientMessageId: item.clientMessageId,
    channelId: item.channelId,
    text: item.text,
  };
}

function overdue(item: Outgoing, now: number): boolean {
  return item.state === "sending" && hasPassed(item.since, ACK_TIMEOUT_MS, now);
}

function sendAgain(item: Outgoing): Outgoing {
  return item.attempts >= MAX_ATTEMPTS
    ? { ...item, state: "failed", failure: "The server did not answer." }
    : { ...item, state: "queued" };
}

function afterReconnect(item: Outgoing, now: number): Outgoing {
  if (item.state === "failed") return item;
  // An acknowledged message is on its way already.
  if (item.state !== "sent" && now - item.writtenAt > ASK_AFTER_MS)
    return { ...item, state: "failed", failure: "It was written more than an hour ago." };
  return { ...item, state: "queued", attempts: 0 };
}

function afterRefusal(
  item: Outgoing,
  refusal: Extract<OutboxEvent, { type: "refused" }>,
  now: number,
): Outgoing {
  const wait = retryAfter(refusal.code, refusal.retryAfterMs, item.attempts);
  if (wait === null) return { ...item, state: "failed", failure: refusal.message };
  // The message keeps its place.
  const attempts = isTooEarly(refusal.code) ? 0 : item.attempts;
  return { ...item, state: "queued", attempts, notBefore: now + wait, since: now };
}

function updateItem(outbox: Outbox, clientMessageId: string, by: (item: Outgoing) => Outgoing): Outbox {
  return outbox.map((item) => (item.clientMessageId === clientMessageId ? by(item) : item));
}
