/**
 * Messages on their way out, as a pure machine. Promises: each is sent until the server has it, in the order
 * written per channel, under one clientMessageId, so that a repeat is the same message. Keeping it across a
 * reload is for `outboxStorage.ts`; sockets and timers are for the caller.
 *
 * A channel has one message in flight at a time, until it is delivered: acks alone say nothing of the order
 * in which the bus hands events on.
 */
import type { ErrorCode, SendMessage } from "../contract";

/** Without an ack by then the same frame goes out again. */
export const ACK_TIMEOUT_MS = 8_000;
/** Acked, but not seen: by then the next message may go, and history is asked for this one. */
export const DELIVERY_TIMEOUT_MS = 10_000;
export const MAX_ATTEMPTS = 5;

export interface Outgoing {
  readonly clientMessageId: string;
  readonly channelId: string;
  readonly text: string;
  readonly writtenAt: number;
  readonly state: "queued" | "sending" | "sent" | "failed";
  readonly attempts: number;
  /** Not before this moment: the server asked for patience. */
  readonly notBefore: number;
  /** When it was last sent or acked. */
  readonly since: number;
  readonly failure: string | null;
}

export type Outbox = readonly Outgoing[];

export type OutboxEvent =
  | {
      readonly type: "written";
      readonly message: Pick<Outgoing, "clientMessageId" | "channelId" | "text" | "writtenAt">;
    }
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
  /** The socket is another one: what was in flight may be lost. */
  | { readonly type: "reconnected" }
  | { readonly type: "tick" };

/** How many go out by themselves once there is a connection: neither refused, nor with the server already. */
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
      }));

    case "reconnected":
      return outbox.map((item) =>
        item.state === "sending" || item.state === "sent" ? { ...item, state: "queued", attempts: 0 } : item,
      );

    case "tick":
      return outbox.some((item) => overdue(item, now))
        ? outbox.map((item) => (overdue(item, now) ? sendAgain(item) : item))
        : outbox;
  }
}

/** Which messages may go out now: the first of each channel, if none is in flight there. */
export function due(outbox: Outbox, now: number): Outgoing[] {
  const busy = new Set<string>();
  const ready: Outgoing[] = [];
  for (const item of outbox) {
    if (item.state === "failed" || busy.has(item.channelId)) continue;
    // A delivery that is long in coming does not hold up the rest.
    if (item.state === "sent" && now - item.since > DELIVERY_TIMEOUT_MS) continue;
    busy.add(item.channelId);
    if (item.state === "queued" && item.notBefore <= now) ready.push(item);
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

/** Acked some time ago and not seen yet: ask history for it. */
export function unconfirmed(outbox: Outbox, now: number): Outgoing[] {
  return outbox.filter((item) => item.state === "sent" && now - item.since > DELIVERY_TIMEOUT_MS);
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
  return item.state === "sending" && now - item.since > ACK_TIMEOUT_MS;
}

function sendAgain(item: Outgoing): Outgoing {
  return item.attempts >= MAX_ATTEMPTS
    ? { ...item, state: "failed", failure: "The server did not answer." }
    : { ...item, state: "queued" };
}

function afterRefusal(
  item: Outgoing,
  refusal: Extract<OutboxEvent, { type: "refused" }>,
  now: number,
): Outgoing {
  switch (refusal.code) {
    case "RATE_LIMITED":
      // Patience is not failure: the message keeps its turn.
      return { ...item, state: "queued", attempts: 0, notBefore: now + (refusal.retryAfterMs ?? 1_000) };
    case "SESSION_EXPIRED":
      // Goes out again on the socket that takes over.
      return { ...item, state: "queued", notBefore: now + 1_000 };
    case "INTERNAL":
      return item.attempts >= MAX_ATTEMPTS
        ? { ...item, state: "failed", failure: refusal.message }
        : { ...item, state: "queued", notBefore: now + 500 * 2 ** item.attempts };
    default:
      return { ...item, state: "failed", failure: refusal.message };
  }
}

function updateItem(outbox: Outbox, clientMessageId: string, by: (item: Outgoing) => Outgoing): Outbox {
  return outbox.map((item) => (item.clientMessageId === clientMessageId ? by(item) : item));
}
