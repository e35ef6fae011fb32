// Generated from the typed models by `make docs`. Do not edit.

/** The event of an action is on the bus. A repeat of the same send gets the same messageId. */
export interface Ack {
  type: "ack";
  action: string;
  clientMessageId?: string;
  messageId?: string;
}

/** React to a message. */
export interface AddReaction {
  action: "addReaction";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  emoji: string;
}

/** A channel as one user sees it. `role` is null where the user is not a member, and then nothing is unread. */
export interface Channel {
  channelId: string;
  kind: ChannelKind;
  name: string;
  /** ISO 8601, UTC, milliseconds */
  createdAt: string;
  /** The user pool's subject */
  createdBy: string;
  /** Both people of a direct channel; else empty */
  memberIds: readonly string[];
  memberCount: number;
  lastSeq: number;
  readSeq: number;
  unread: number;
  role: "owner" | "member" | null;
}

/** A channel exists, with its first members: its creator, both people if direct, nobody if made by Parley. */
export interface ChannelCreated {
  channelId: string;
  channel: ChannelSummary;
  /** The user pool's subject */
  userId: string;
  firstMemberIds: readonly string[];
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
}

/** A channel came to be, or a member came or went. `new_owner_id` is who owns it now, if its owner went. */
export interface ChannelFrame {
  type: "channel";
  change: "created" | "joined" | "left";
  channel: ChannelSummary;
  /** The user pool's subject */
  userId: string;
  displayName?: string;
  /** The user pool's subject */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
  /** The user pool's subject */
  newOwnerId?: string;
}

/** Who may find and join a channel: everybody, those added by a member, or two people only. */
export type ChannelKind = "public" | "private" | "direct";

/** `GET /channels`. `cursor` is null on the last page. */
export interface ChannelPage {
  items: readonly Channel[];
  cursor: string | null;
}

/** A user has read a channel up to a seq. */
export interface ChannelRead {
  channelId: string;
  /** The user pool's subject */
  userId: string;
  readSeq: number;
}

/** What an event tells of a channel. A direct channel has no name but two members. */
export interface ChannelSummary {
  channelId: string;
  kind: ChannelKind;
  name: string;
  /** ISO 8601, UTC, milliseconds */
  createdAt: string;
  /** The user pool's subject */
  createdBy: string;
  memberIds: readonly string[];
}

/** Take back one's own message, or, as the channel's owner, anybody's. */
export interface DeleteMessage {
  action: "deleteMessage";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
}

/** Change the text of one's own message. */
export interface EditMessage {
  action: "editMessage";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  /** 1 to 8192 bytes of UTF-8 */
  text: string;
}

/** The body of every refusal. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  correlationId: string | null;
}

/** The codes of `error` frames and of REST errors. */
export type ErrorCode = "INVALID_FRAME" | "INVALID_REQUEST" | "UNKNOWN_ACTION" | "NOT_A_MEMBER" | "NOT_FOUND" | "FORBIDDEN" | "NAME_TAKEN" | "TEXT_TOO_LONG" | "RATE_LIMITED" | "SESSION_EXPIRED" | "INTERNAL";

/** An action was not taken. The socket stays open. What of the frame could be read tells which is meant. */
export interface ErrorFrame {
  type: "error";
  code: ErrorCode;
  message: string;
  action?: string;
  clientMessageId?: string;
  channelId?: string;
  seq?: number;
  retryAfterMs?: number;
  correlationId?: string;
}

/** A user as a member of one channel. */
export interface Member {
  /** The user pool's subject */
  userId: string;
  username: string;
  displayName: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
  role: "owner" | "member";
  /** ISO 8601, UTC, milliseconds */
  joinedAt: string;
}

/** A user is a member of a channel from now on; `changed_by` is somebody else if they were added. */
export interface MemberJoined {
  channelId: string;
  channel: ChannelSummary;
  /** The user pool's subject */
  userId: string;
  displayName: string;
  /** The user pool's subject */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
}

/** A user is a member no longer, by `changed_by`'s hand. If its owner left, the channel is `new_owner_id`'s. */
export interface MemberLeft {
  channelId: string;
  channel: ChannelSummary;
  /** The user pool's subject */
  userId: string;
  /** The user pool's subject */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
  /** The user pool's subject */
  newOwnerId?: string;
}

/** `GET /channels/{channelId}/members`. `cursor` is null on the last page. */
export interface MemberPage {
  items: readonly Member[];
  cursor: string | null;
}

/** A message as stored. A deleted one keeps its place and loses its text. */
export interface Message {
  channelId: string;
  seq: number;
  messageId: string;
  clientMessageId: string;
  sender: Person;
  text: string;
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
  editedAt: string | null;
  deletedAt: string | null;
  deletedBy: string | null;
  reactions: readonly ReactionCount[];
  traceId: string | null;
}

/** A message was taken back; its place in the order stays. */
export interface MessageDeleted {
  messageId: string;
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  /** The user pool's subject */
  deletedBy: string;
  /** ISO 8601, UTC, milliseconds */
  deletedAt: string;
}

/** A message was taken back. */
export interface MessageDeletedFrame {
  type: "messageDeleted";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  messageId: string;
  /** The user pool's subject */
  deletedBy: string;
  /** ISO 8601, UTC, milliseconds */
  deletedAt: string;
}

/** The author gave a message another text. */
export interface MessageEdited {
  messageId: string;
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  text: string;
  /** The user pool's subject */
  editedBy: string;
  /** ISO 8601, UTC, milliseconds */
  editedAt: string;
}

/** A message has another text. */
export interface MessageEditedFrame {
  type: "messageEdited";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  messageId: string;
  text: string;
  /** The user pool's subject */
  editedBy: string;
  /** ISO 8601, UTC, milliseconds */
  editedAt: string;
}

/** A message, persisted, at its place in the channel's order. */
export interface MessageFrame {
  type: "message";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  messageId: string;
  clientMessageId: string;
  sender: Person;
  text: string;
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
  traceId?: string;
}

/** `GET /channels/{channelId}/messages`, ascending by seq. `hasMore` is in the direction asked for. */
export interface MessagePage {
  items: readonly Message[];
  hasMore: boolean;
  /** With `search`: ask on with before=searchedTo */
  searchedTo: number | null;
}

/** Somebody said something. Its seq is assigned when it is persisted. */
export interface MessageSent {
  messageId: string;
  clientMessageId: string;
  channelId: string;
  sender: Person;
  text: string;
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
}

/** What every event tells of itself. `trace_header` is repeated here because archives drop the bus's own. */
export interface Metadata {
  eventId: string;
  /** ISO 8601, UTC, milliseconds */
  occurredAt: string;
  schemaVersion: number;
  /** The user pool's subject */
  actor: string;
  correlationId: string;
  traceHeader?: string;
}

/** `POST /channels`. */
export interface NewChannel {
  name: string;
  kind?: "public" | "private";
}

/** `POST /direct-messages`: the channel with one other person, found or made. */
export interface NewDirectMessage {
  /** The user pool's subject */
  userId: string;
}

/** Who did something, as others see them. */
export interface Person {
  /** The user pool's subject */
  userId: string;
  displayName: string;
}

/** Keep the connection open; API Gateway answers by itself. */
export interface Ping {
  action: "ping";
}

/** The answer to `ping`. */
export interface Pong {
  type: "pong";
}

/** One user's presence. `last_seen_at` is when they were last known to be online. */
export interface PresenceChange {
  /** The user pool's subject */
  userId: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
}

/** Who came and went, many in one frame. */
export interface PresenceFrame {
  type: "presence";
  changes: readonly PresenceChange[];
}

/** `PUT /me`. */
export interface Profile {
  displayName: string;
}

/** Somebody reacted to a message. */
export interface ReactionAdded {
  messageId: string;
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  emoji: string;
  /** The user pool's subject */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** One emoji on a message and who put it there. */
export interface ReactionCount {
  emoji: string;
  userIds: readonly string[];
}

/** A reaction came or went. */
export interface ReactionFrame {
  type: "reaction";
  change: "added" | "removed";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  messageId: string;
  emoji: string;
  /** The user pool's subject */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** Somebody took a reaction back. */
export interface ReactionRemoved {
  messageId: string;
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  emoji: string;
  /** The user pool's subject */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** `PUT /channels/{channelId}/read-marker`. */
export interface ReadMarker {
  seq: number;
}

/** How far the user has read, told to the user's own connections. */
export interface ReadMarkerFrame {
  type: "readMarker";
  channelId: string;
  readSeq: number;
}

/** How far the caller has read a channel. */
export interface ReadPosition {
  channelId: string;
  readSeq: number;
}

/** Take one's reaction back. */
export interface RemoveReaction {
  action: "removeReaction";
  channelId: string;
  /** A message's place in its channel, from 1 */
  seq: number;
  emoji: string;
}

/** Say something in a channel. */
export interface SendMessage {
  action: "sendMessage";
  /** A UUID that the client chose; a repeat of it is the same message */
  clientMessageId: string;
  channelId: string;
  /** 1 to 8192 bytes of UTF-8 */
  text: string;
}

/** Say that one is typing; it ends by itself. */
export interface StartTyping {
  action: "startTyping";
  channelId: string;
}

/** `POST /tickets`: opens one socket, once, until it expires. */
export interface Ticket {
  ticket: string;
  /** ISO 8601, UTC, milliseconds */
  expiresAt: string;
  /** ISO 8601, UTC, milliseconds */
  sessionExpiresAt: string;
}

/** Somebody is typing, until then. */
export interface TypingFrame {
  type: "typing";
  channelId: string;
  /** The user pool's subject */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  until: string;
}

/** Somebody is typing, until the moment given or their message, whichever comes first. */
export interface TypingStarted {
  channelId: string;
  /** The user pool's subject */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  until: string;
}

/** A person, with their presence. */
export interface User {
  /** The user pool's subject */
  userId: string;
  username: string;
  displayName: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
}

/** A connection opened. */
export interface UserConnected {
  /** The user pool's subject */
  userId: string;
  connectionId: string;
  /** ISO 8601, UTC, milliseconds */
  connectedAt: string;
}

/** A connection ended: it closed, or a post found it gone. */
export interface UserDisconnected {
  /** The user pool's subject */
  userId: string;
  connectionId: string;
  /** ISO 8601, UTC, milliseconds */
  disconnectedAt: string;
  reason: "closed" | "gone";
}

/** `GET /users`, by display name. `cursor` is null on the last page. */
export interface UserPage {
  items: readonly User[];
  cursor: string | null;
}

export type ClientFrame = SendMessage | EditMessage | DeleteMessage | AddReaction | RemoveReaction | StartTyping | Ping;

export type ServerFrame = Ack | ErrorFrame | Pong | MessageFrame | MessageEditedFrame | MessageDeletedFrame | ReactionFrame | ChannelFrame | PresenceFrame | TypingFrame | ReadMarkerFrame;
