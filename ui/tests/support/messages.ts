/** Messages, channels and people for tests. */
import type { Channel, Message, MessageFrame, User } from "../../src/core/contract";
import { type ChatState, initialState } from "../../src/core/state/model";

export const alice: User = {
  userId: "u-alice",
  username: "alice",
  displayName: "Alice",
  status: "online",
  lastSeenAt: null,
};
export const bob: User = {
  userId: "u-bob",
  username: "bob",
  displayName: "Bob",
  status: "offline",
  lastSeenAt: null,
};

export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    channelId: "general",
    seq,
    messageId: `m${seq}`,
    clientMessageId: `c${seq}`,
    sender: { userId: bob.userId, displayName: bob.displayName },
    text: `text ${seq}`,
    mentions: null,
    sentAt: new Date(Date.UTC(2026, 0, 1, 12, 0, seq)).toISOString(),
    editedAt: null,
    deletedAt: null,
    deletedBy: null,
    reactions: [],
    traceId: null,
    unreadable: false,
    ...more,
  };
}

export function frame(seq: number, more: Partial<MessageFrame> = {}): MessageFrame {
  const { channelId, messageId, clientMessageId, sender, text, sentAt } = message(seq);
  return { type: "message", channelId, seq, messageId, clientMessageId, sender, text, sentAt, ...more };
}

export function channel(more: Partial<Channel> = {}): Channel {
  return {
    channelId: "general",
    kind: "public",
    name: "general",
    createdAt: "2026-01-01T00:00:00.000Z",
    createdBy: bob.userId,
    memberIds: [],
    memberCount: 2,
    lastSeq: 0,
    readSeq: 0,
    unread: 0,
    role: "member",
    ...more,
  };
}

export function stateWith(more: Partial<ChatState> = {}): ChatState {
  return {
    ...initialState,
    me: alice,
    people: { [alice.userId]: alice, [bob.userId]: bob },
    channels: { general: channel() },
    channelsProgress: "ready",
    ...more,
  };
}
