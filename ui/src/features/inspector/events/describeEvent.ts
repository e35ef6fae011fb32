/** Parses archived events and describes them in a sentence. Pure. */
import type {
  ChannelCreated,
  MemberJoined,
  MemberLeft,
  MessageDeleted,
  MessageEdited,
  MessageSent,
  ReactionAdded,
  ReactionRemoved,
  UserConnected,
  UserDisconnected,
} from "../../../core/contract";
import type { PublishedEvent } from "../contract";
import { words } from "../format";

/** The data of each event type. */
export interface EventData {
  readonly MessageSent: MessageSent;
  readonly MessageEdited: MessageEdited;
  readonly MessageDeleted: MessageDeleted;
  readonly ReactionAdded: ReactionAdded;
  readonly ReactionRemoved: ReactionRemoved;
  readonly ChannelCreated: ChannelCreated;
  readonly MemberJoined: MemberJoined;
  readonly MemberLeft: MemberLeft;
  readonly UserConnected: UserConnected;
  readonly UserDisconnected: UserDisconnected;
  readonly UserRenamed: { readonly userId: string; readonly displayName: string };
  readonly TypingStarted: { readonly channelId: string; readonly userId: string; readonly until: string };
  readonly ChannelRead: { readonly channelId: string; readonly userId: string; readonly readSeq: number };
}

export type KnownEvent = {
  readonly [Kind in keyof EventData]: { readonly kind: Kind; readonly data: EventData[Kind] };
}[keyof EventData];

const requiredFields: { readonly [Kind in keyof EventData]: readonly string[] } = {
  MessageSent: ["messageId", "sender", "text", "sentAt"],
  MessageEdited: ["messageId", "text", "editedBy", "editedAt"],
  MessageDeleted: ["messageId", "deletedBy", "deletedAt"],
  ReactionAdded: ["messageId", "emoji", "userId", "reactedAt"],
  ReactionRemoved: ["messageId", "emoji", "userId", "reactedAt"],
  ChannelCreated: ["channel", "userId", "changedAt"],
  MemberJoined: ["channel", "userId", "changedAt"],
  MemberLeft: ["channel", "userId", "changedAt"],
  UserRenamed: ["userId", "displayName"],
  UserConnected: ["userId", "connectionId"],
  UserDisconnected: ["userId", "connectionId"],
  TypingStarted: ["userId", "until"],
  ChannelRead: ["userId", "readSeq"],
};

/** The event by its detail-type; null if the type is unknown or required fields are missing. */
export function parseEvent(event: PublishedEvent): KnownEvent | null {
  if (!Object.hasOwn(requiredFields, event.detailType)) return null;
  const kind = event.detailType as keyof EventData;
  const data = event.detail?.data;
  if (typeof data !== "object" || data === null) return null;
  const fields = data as Record<string, unknown>;
  if (requiredFields[kind].some((field) => fields[field] === undefined || fields[field] === null))
    return null;
  return { kind, data } as unknown as KnownEvent;
}

export function describeEvent(event: PublishedEvent, nameOf: (userId: string | null) => string): string {
  const read = parseEvent(event);
  if (!read) return `${words(event.detailType) || "Event"} that cannot be read`;
  switch (read.kind) {
    case "MessageSent":
      return `${read.data.sender.displayName} sent a message`;
    case "MessageEdited":
      return `${nameOf(read.data.editedBy)} edited a message`;
    case "MessageDeleted":
      return `${nameOf(read.data.deletedBy)} deleted a message`;
    case "ReactionAdded":
      return `${nameOf(read.data.userId)} reacted with ${read.data.emoji}`;
    case "ReactionRemoved":
      return `${nameOf(read.data.userId)} removed ${read.data.emoji}`;
    case "ChannelCreated":
      return `${nameOf(read.data.userId)} created the channel`;
    case "MemberJoined":
      return read.data.changedBy && read.data.changedBy !== read.data.userId
        ? `${nameOf(read.data.changedBy)} added ${nameOf(read.data.userId)}`
        : `${nameOf(read.data.userId)} joined`;
    case "MemberLeft": {
      const { changedBy, userId, newOwnerId } = read.data;
      const text =
        changedBy && changedBy !== userId
          ? `${nameOf(changedBy)} removed ${nameOf(userId)}`
          : `${nameOf(userId)} left`;
      return newOwnerId ? `${text}, ${nameOf(newOwnerId)} is the new owner` : text;
    }
    case "UserConnected":
      return `${nameOf(read.data.userId)} opened a connection`;
    case "UserDisconnected":
      return `A connection of ${nameOf(read.data.userId)} ${read.data.reason === "gone" ? "was found closed" : "closed"}`;
    case "UserRenamed":
      // The name before is not in the event.
      return `A user is now called ${read.data.displayName}`;
    case "TypingStarted":
      return `${nameOf(read.data.userId)} is typing`;
    case "ChannelRead":
      return `${nameOf(read.data.userId)} read up to ${read.data.readSeq}`;
  }
}

export type EventCategory = "message" | "change" | "reaction" | "member" | "presence" | "other";

/** The category of an event, which determines its colour. */
export function eventCategory(detailType: string): EventCategory {
  if (detailType === "MessageSent") return "message";
  if (detailType.startsWith("Message")) return "change";
  if (detailType.startsWith("Reaction")) return "reaction";
  if (detailType.startsWith("Member") || detailType === "ChannelCreated") return "member";
  if (detailType.startsWith("User")) return "presence";
  return "other";
}
