/**
 * Projects archived events to the state of a channel, with the same rules as the workflow: the latest edit wins, the
 * first deletion stays, of adding and removing a reaction the later one counts. Events may be duplicate or out of order.
 * Pure.
 */

import type { PublishedEvent } from "../contract";
import { parseEvent } from "../events/describeEvent";

export interface PastMessage {
  readonly messageId: string;
  readonly sender: { readonly userId: string; readonly displayName: string };
  readonly text: string;
  readonly sentAt: string;
  /** From an edit, deletion or reaction; MessageSent is published before the seq is assigned. */
  readonly seq: number | null;
  readonly editedAt: string | null;
  readonly deletedAt: string | null;
  readonly deletedBy: string | null;
  readonly reactions: readonly { readonly emoji: string; readonly userIds: readonly string[] }[];
}

export interface PastMember {
  readonly userId: string;
  readonly joinedAt: string;
  readonly online: boolean;
}

export interface PastChannel {
  readonly name: string;
  readonly kind: string;
  readonly messages: readonly PastMessage[];
  readonly members: readonly PastMember[];
  readonly online: ReadonlySet<string>;
  readonly typing: readonly string[];
  /** The number of events that could not be parsed. */
  readonly unreadable: number;
}

interface Changes {
  sent: { sender: { userId: string; displayName: string }; text: string; sentAt: string } | null;
  seq: number | null;
  edits: { text: string; editedAt: string; editedBy: string }[];
  deletion: { deletedAt: string; deletedBy: string } | null;
  reactions: Map<string, { emoji: string; userId: string; present: boolean; reactedAt: string }>;
}

/** The channel after the first `count` of the events. */
export function projectChannel(events: readonly PublishedEvent[], count = events.length): PastChannel {
  const seen = new Set<string>();
  const messages = new Map<string, Changes>();
  const order: string[] = [];
  const memberships = new Map<string, { member: boolean; changedAt: string }>();
  const connections = new Map<string, { userId: string; open: boolean }>();
  const typing = new Map<string, string>();
  let name = "";
  let kind = "";
  let unreadable = 0;
  let now = "";

  const changesOf = (messageId: string): Changes => {
    const found = messages.get(messageId);
    if (found) return found;
    const made: Changes = { sent: null, seq: null, edits: [], deletion: null, reactions: new Map() };
    messages.set(messageId, made);
    return made;
  };
  const setMember = (userId: string, member: boolean, changedAt: string) => {
    const before = memberships.get(userId);
    if (!before || before.changedAt <= changedAt) memberships.set(userId, { member, changedAt });
  };

  for (const event of events.slice(0, count)) {
    if (seen.has(event.eventId)) continue;
    seen.add(event.eventId);
    now = event.occurredAt > now ? event.occurredAt : now;
    const read = parseEvent(event);
    if (!read) {
      unreadable += 1;
      continue;
    }
    switch (read.kind) {
      case "MessageSent": {
        const { messageId, sender, text, sentAt } = read.data;
        const changes = changesOf(messageId);
        // A retry of the client has the same id: the first event was stored.
        if (changes.sent) break;
        changes.sent = { sender, text, sentAt };
        order.push(messageId);
        typing.delete(sender.userId);
        break;
      }
      case "MessageEdited": {
        const changes = changesOf(read.data.messageId);
        changes.seq = read.data.seq ?? changes.seq;
        changes.edits.push(read.data);
        break;
      }
      case "MessageDeleted": {
        const changes = changesOf(read.data.messageId);
        changes.seq = read.data.seq ?? changes.seq;
        if (!changes.deletion || read.data.deletedAt < changes.deletion.deletedAt)
          changes.deletion = read.data;
        break;
      }
      case "ReactionAdded":
      case "ReactionRemoved": {
        const { messageId, emoji, userId, reactedAt, seq } = read.data;
        const changes = changesOf(messageId);
        changes.seq = seq ?? changes.seq;
        const key = `${emoji}#${userId}`;
        const before = changes.reactions.get(key);
        if (!before || before.reactedAt <= reactedAt) {
          changes.reactions.set(key, { emoji, userId, present: read.kind === "ReactionAdded", reactedAt });
        }
        break;
      }
      case "ChannelCreated":
        name = read.data.channel.name;
        kind = read.data.channel.kind;
        for (const userId of read.data.firstMemberIds ?? []) setMember(userId, true, read.data.changedAt);
        break;
      case "MemberJoined":
      case "MemberLeft":
        name ||= read.data.channel.name;
        kind ||= read.data.channel.kind;
        setMember(read.data.userId, read.kind === "MemberJoined", read.data.changedAt);
        break;
      case "UserConnected": {
        const { connectionId, userId } = read.data;
        // The disconnect event may arrive first; the connection is not opened again.
        if (!connections.has(connectionId)) connections.set(connectionId, { userId, open: true });
        break;
      }
      case "UserDisconnected":
        connections.set(read.data.connectionId, { userId: read.data.userId, open: false });
        break;
      case "TypingStarted":
        typing.set(read.data.userId, read.data.until);
        break;
      case "UserRenamed":
      case "ChannelRead":
        break;
    }
  }

  const online = new Set<string>();
  for (const { userId, open } of connections.values()) if (open) online.add(userId);
  return {
    name,
    kind,
    messages: order.flatMap((messageId) => {
      const message = projectMessage(messageId, messages.get(messageId));
      return message ? [message] : [];
    }),
    members: [...memberships]
      .filter(([, { member }]) => member)
      .map(([userId, { changedAt }]) => ({ userId, joinedAt: changedAt, online: online.has(userId) })),
    online,
    typing: [...typing].filter(([, until]) => until > now).map(([userId]) => userId),
    unreadable,
  };
}

function projectMessage(messageId: string, changes: Changes | undefined): PastMessage | null {
  if (!changes?.sent) return null;
  const { sent, seq, edits, deletion, reactions } = changes;
  let { text } = sent;
  let editedAt: string | null = null;
  for (const edit of edits) {
    // As in the workflow: only by the author, only before the deletion, the latest of several.
    if (edit.editedBy !== sent.sender.userId) continue;
    if (deletion && edit.editedAt > deletion.deletedAt) continue;
    if (editedAt === null || edit.editedAt >= editedAt) ({ text, editedAt } = edit);
  }
  const byEmoji = new Map<string, string[]>();
  for (const { emoji, userId, present } of [...reactions.values()].sort(byReactionTime)) {
    if (present) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), userId]);
  }
  return {
    messageId,
    sender: sent.sender,
    text: deletion ? "" : text,
    sentAt: sent.sentAt,
    seq,
    editedAt,
    deletedAt: deletion?.deletedAt ?? null,
    deletedBy: deletion?.deletedBy ?? null,
    reactions: [...byEmoji].map(([emoji, userIds]) => ({ emoji, userIds })),
  };
}

function byReactionTime(a: { reactedAt: string }, b: { reactedAt: string }): number {
  return a.reactedAt < b.reactedAt ? -1 : a.reactedAt > b.reactedAt ? 1 : 0;
}
