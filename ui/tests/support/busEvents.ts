/** Builders of archived events. */
import type { PublishedEvent } from "../../src/features/inspector/contract";

let eventCount = 0;

export const at = (second: number, ms = 0) =>
  new Date(Date.UTC(2026, 10, 24, 9, 30, second, ms)).toISOString();

export function event(detailType: string, second: number, data: Record<string, unknown>): PublishedEvent {
  eventCount += 1;
  const actor = String(data.userId ?? data.editedBy ?? data.deletedBy ?? "alice");
  return {
    eventId: `event-${eventCount}`,
    detailType,
    occurredAt: at(second),
    actor,
    correlationId: null,
    channelId: "general",
    messageId: typeof data.messageId === "string" ? data.messageId : null,
    traceId: null,
    size: 100,
    detail: { metadata: { occurredAt: at(second), actor }, data: { channelId: "general", ...data } },
  };
}

const summary = { channelId: "general", kind: "public", name: "general" };

export const sent = (messageId: string, second: number, text = messageId, userId = "alice") =>
  event("MessageSent", second, {
    messageId,
    clientMessageId: messageId,
    sender: { userId, displayName: userId },
    text,
    sentAt: at(second),
  });
export const edited = (messageId: string, second: number, text: string, editedBy = "alice") =>
  event("MessageEdited", second, { messageId, seq: 1, text, editedBy, editedAt: at(second) });
export const deleted = (messageId: string, second: number, deletedBy = "alice") =>
  event("MessageDeleted", second, { messageId, seq: 1, deletedBy, deletedAt: at(second) });
export const reacted = (messageId: string, second: number, emoji: string, userId: string, added = true) =>
  event(added ? "ReactionAdded" : "ReactionRemoved", second, {
    messageId,
    seq: 1,
    emoji,
    userId,
    reactedAt: at(second),
  });
export const created = (second: number, firstMemberIds: string[] = []) =>
  event("ChannelCreated", second, {
    channel: summary,
    userId: "alice",
    firstMemberIds,
    changedAt: at(second),
  });
export const joined = (userId: string, second: number) =>
  event("MemberJoined", second, { channel: summary, userId, changedBy: userId, changedAt: at(second) });
export const left = (userId: string, second: number, newOwnerId?: string) =>
  event("MemberLeft", second, {
    channel: summary,
    userId,
    changedBy: userId,
    changedAt: at(second),
    ...(newOwnerId && { newOwnerId }),
  });
export const connected = (userId: string, connectionId: string, second: number) =>
  event("UserConnected", second, { userId, connectionId, connectedAt: at(second) });
export const disconnected = (userId: string, connectionId: string, second: number) =>
  event("UserDisconnected", second, { userId, connectionId, disconnectedAt: at(second), reason: "closed" });
