// Generated from the typed models by `make docs`. Do not edit.

/** The event of a command is on the bus. Sending the same message again returns the same messageId. */
export interface Ack {
  type: "ack";
  action: string;
  clientMessageId?: string;
  messageId?: string;
}

/** Add the caller's reaction to a message. */
export interface AddReaction {
  action: "addReaction";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  emoji: string;
}

/** A channel as one user sees it. If the user is not a member, `role` is null and `unread` is 0. */
export interface Channel {
  channelId: string;
  kind: ChannelKind;
  name: string;
  /** ISO 8601, UTC, milliseconds */
  createdAt: string;
  /** The user's subject in the user pool */
  createdBy: string;
  /** Both users of a direct channel; otherwise empty */
  memberIds: readonly string[];
  memberCount: number;
  lastSeq: number;
  readSeq: number;
  unread: number;
  role: Role | null;
}

/** A channel was created with its first members: its creator, both users (direct) or none (by Parley). */
export interface ChannelCreated {
  channelId: string;
  channel: ChannelSummary;
  /** The user's subject in the user pool */
  userId: string;
  firstMemberIds: readonly string[];
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
}

/** A channel was created, or a member joined or left. `newOwnerId` is set if the owner left. */
export interface ChannelFrame {
  type: "channel";
  change: "created" | "joined" | "left";
  channel: ChannelSummary;
  /** The user's subject in the user pool */
  userId: string;
  displayName?: string;
  /** The user's subject in the user pool */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
  /** The user's subject in the user pool */
  newOwnerId?: string;
}

/** Who may join a channel: any user (public), users added by a member (private), or two users only (direct). */
export type ChannelKind = "public" | "private" | "direct";

/** The unread messages of a channel that mention the caller, ascending: the newest, if there are many. */
export interface ChannelMentions {
  channelId: string;
  seqs: readonly number[];
}

/** `GET /channels`. `cursor` is null on the last page. */
export interface ChannelPage {
  items: readonly Channel[];
  cursor: string | null;
  /** How many more there are, whose stored rows are damaged */
  unreadable: number;
}

/** A user has read a channel up to a seq. */
export interface ChannelRead {
  channelId: string;
  /** The user's subject in the user pool */
  userId: string;
  readSeq: number;
}

/** The part of a channel that events contain. A direct channel has two members and no name. */
export interface ChannelSummary {
  channelId: string;
  kind: ChannelKind;
  name: string;
  /** ISO 8601, UTC, milliseconds */
  createdAt: string;
  /** The user's subject in the user pool */
  createdBy: string;
  memberIds: readonly string[];
}

/** Delete the caller's own message, or any message as the channel's owner. */
export interface DeleteMessage {
  action: "deleteMessage";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
}

/** Change the text of the caller's own message. */
export interface EditMessage {
  action: "editMessage";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  /** 1 to 8192 bytes of UTF-8; no control characters but tabs and line breaks */
  text: string;
}

/** The body of every error response. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  correlationId: string | null;
}

/** The codes of `error` frames and of REST errors. */
export type ErrorCode = "INVALID_FRAME" | "INVALID_REQUEST" | "UNKNOWN_ACTION" | "NOT_A_MEMBER" | "NOT_FOUND" | "FORBIDDEN" | "NAME_TAKEN" | "TEXT_TOO_LONG" | "RATE_LIMITED" | "TOO_MANY_REFUSALS" | "SESSION_EXPIRED" | "INTERNAL";

/** A command was refused. Repeats the fields of the command, as far as they could be parsed.

The socket stays open, except after SESSION_EXPIRED and TOO_MANY_REFUSALS. */
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
  /** The user's subject in the user pool */
  userId: string;
  username: string;
  displayName: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
  role: Role;
  /** ISO 8601, UTC, milliseconds */
  joinedAt: string;
}

/** A user became a member of a channel. `changedBy` is another user if the member was added. */
export interface MemberJoined {
  channelId: string;
  channel: ChannelSummary;
  /** The user's subject in the user pool */
  userId: string;
  displayName: string;
  /** The user's subject in the user pool */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
}

/** A user left a channel, or `changedBy` removed them. `newOwnerId` is set if the owner left. */
export interface MemberLeft {
  channelId: string;
  channel: ChannelSummary;
  /** The user's subject in the user pool */
  userId: string;
  /** The user's subject in the user pool */
  changedBy: string;
  /** ISO 8601, UTC, milliseconds */
  changedAt: string;
  /** The user's subject in the user pool */
  newOwnerId?: string;
}

/** `GET /channels/{channelId}/members`. `cursor` is null on the last page. */
export interface MemberPage {
  items: readonly Member[];
  cursor: string | null;
  /** How many more there are, whose stored rows are damaged */
  unreadable: number;
}

/** `GET /mentions`: the channels with such messages. */
export interface MentionPage {
  items: readonly ChannelMentions[];
}

/** A message as stored. A deleted message keeps its seq and loses its text. */
export interface Message {
  channelId: string;
  seq: number;
  messageId: string;
  clientMessageId: string;
  sender: Person;
  text: string;
  mentions: readonly string[] | null;
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
  editedAt: string | null;
  deletedAt: string | null;
  deletedBy: string | null;
  reactions: readonly ReactionCount[];
  traceId: string | null;
  /** Its stored row is damaged: shown at its seq, as deleted, without its content */
  unreadable: boolean;
}

/** A message was deleted. It keeps its seq. */
export interface MessageDeleted {
  messageId: string;
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  /** The user's subject in the user pool */
  deletedBy: string;
  /** ISO 8601, UTC, milliseconds */
  deletedAt: string;
}

/** A message was deleted. */
export interface MessageDeletedFrame {
  type: "messageDeleted";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  messageId: string;
  /** The user's subject in the user pool */
  deletedBy: string;
  /** ISO 8601, UTC, milliseconds */
  deletedAt: string;
}

/** The author changed the text of a message. */
export interface MessageEdited {
  messageId: string;
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  text: string;
  /** The usernames that the text mentions, in lower case; of members or not */
  mentions?: readonly string[];
  /** The user's subject in the user pool */
  editedBy: string;
  /** ISO 8601, UTC, milliseconds */
  editedAt: string;
}

/** The text of a message was changed. */
export interface MessageEditedFrame {
  type: "messageEdited";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  messageId: string;
  text: string;
  /** The usernames that the text mentions, in lower case; of members or not */
  mentions?: readonly string[];
  /** The user's subject in the user pool */
  editedBy: string;
  /** ISO 8601, UTC, milliseconds */
  editedAt: string;
}

/** A persisted message. `seq` is its position in the channel. */
export interface MessageFrame {
  type: "message";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  messageId: string;
  clientMessageId: string;
  sender: Person;
  text: string;
  /** The usernames that the text mentions, in lower case; of members or not */
  mentions?: readonly string[];
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
  /** Set if it is posted after it was edited */
  editedAt?: string;
  traceId?: string;
}

/** `GET /channels/{channelId}/messages`, ascending by seq. `hasMore` is about the requested direction. */
export interface MessagePage {
  items: readonly Message[];
  hasMore: boolean;
  /** With `search`: continue with before=searchedTo */
  searchedTo: number | null;
}

/** A user sent a message. Its seq is assigned when it is persisted. */
export interface MessageSent {
  messageId: string;
  clientMessageId: string;
  channelId: string;
  sender: Person;
  text: string;
  /** The usernames that the text mentions, in lower case; of members or not */
  mentions?: readonly string[];
  /** ISO 8601, UTC, milliseconds */
  sentAt: string;
}

/** The metadata of an event. It repeats the trace header because the archive does not keep the bus's own. */
export interface Metadata {
  /** The same in every copy of the event */
  eventId: string;
  /** ISO 8601, UTC, milliseconds */
  occurredAt: string;
  /** The version in which the event was published */
  schemaVersion: number;
  /** The lowest version whose readers understand it; without it, `schemaVersion` */
  readableFrom?: number;
  /** The id of the user who caused it; `parley` for the channel `general`, or `operator` */
  actor: string;
  /** The id of the request or invocation that caused it */
  correlationId: string;
  /** X-Ray's, as `Root=…;Parent=…;Sampled=…` */
  traceHeader?: string;
}

/** The new display name of one user. */
export interface NameChange {
  /** The user's subject in the user pool */
  userId: string;
  displayName: string;
}

/** The users whose display name changed. */
export interface NamesFrame {
  type: "names";
  changes: readonly NameChange[];
}

/** `POST /channels`. */
export interface NewChannel {
  name: string;
  kind?: "public" | "private";
}

/** `POST /direct-messages`: open the direct channel with another user. */
export interface NewDirectMessage {
  /** The user's subject in the user pool */
  userId: string;
}

/** The command ended. Without this event it was killed. */
export interface OperationEnded {
  operationId: string;
  /** The ARN of the caller's AWS identity; on a local stage user@host */
  operator: string;
  command: string;
  outcome: "done" | "failed";
  /** The exit codes of docs/operations.md */
  exitCode: number;
  /** ISO 8601, UTC, milliseconds */
  endedAt: string;
}

/** An operator started a command that changes the stage. */
export interface OperationStarted {
  operationId: string;
  /** The ARN of the caller's AWS identity; on a local stage user@host */
  operator: string;
  command: string;
  options: Readonly<Record<string, string>>;
  /** ISO 8601, UTC, milliseconds */
  startedAt: string;
}

/** A user as other users see them. */
export interface Person {
  /** The user's subject in the user pool */
  userId: string;
  displayName: string;
}

/** Keep the connection open. API Gateway answers without a function. */
export interface Ping {
  action: "ping";
}

/** The answer to `ping`. */
export interface Pong {
  type: "pong";
}

/** The new presence of one user. `lastSeenAt` is when they were last known to be online. */
export interface PresenceChange {
  /** The user's subject in the user pool */
  userId: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
}

/** The users whose presence changed. */
export interface PresenceFrame {
  type: "presence";
  changes: readonly PresenceChange[];
}

/** `PUT /me`. */
export interface Profile {
  displayName: string;
}

/** A user added a reaction to a message. */
export interface ReactionAdded {
  messageId: string;
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  emoji: string;
  /** The user's subject in the user pool */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** One emoji on a message, and the users who added it. */
export interface ReactionCount {
  emoji: string;
  userIds: readonly string[];
}

/** A reaction was added or removed. */
export interface ReactionFrame {
  type: "reaction";
  change: "added" | "removed";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  messageId: string;
  emoji: string;
  /** The user's subject in the user pool */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** A user removed a reaction from a message. */
export interface ReactionRemoved {
  messageId: string;
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  emoji: string;
  /** The user's subject in the user pool */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  reactedAt: string;
}

/** `PUT /channels/{channelId}/read-marker`. */
export interface ReadMarker {
  seq: number;
}

/** The user's read marker in a channel, posted to the user's own connections. */
export interface ReadMarkerFrame {
  type: "readMarker";
  channelId: string;
  readSeq: number;
}

/** The caller's read marker in a channel. */
export interface ReadPosition {
  channelId: string;
  readSeq: number;
}

/** Remove the caller's reaction from a message. */
export interface RemoveReaction {
  action: "removeReaction";
  channelId: string;
  /** A message's position in its channel, from 1 */
  seq: number;
  emoji: string;
}

/** The role of a member. The owner may remove other members and delete their messages. */
export type Role = "owner" | "member";

/** Send a message to a channel. */
export interface SendMessage {
  action: "sendMessage";
  /** A UUID chosen by the client; sending it again is the same message */
  clientMessageId: string;
  channelId: string;
  /** 1 to 8192 bytes of UTF-8; no control characters but tabs and line breaks */
  text: string;
}

/** Show the caller as typing in a channel. It ends after a few seconds. */
export interface StartTyping {
  action: "startTyping";
  channelId: string;
}

/** `POST /tickets`: a ticket opens one socket, before it expires. */
export interface Ticket {
  ticket: string;
  /** ISO 8601, UTC, milliseconds */
  expiresAt: string;
  /** ISO 8601, UTC, milliseconds */
  sessionExpiresAt: string;
}

/** A user is typing, until `until`. */
export interface TypingFrame {
  type: "typing";
  channelId: string;
  /** The user's subject in the user pool */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  until: string;
}

/** A user is typing, until `until` or until their message, whichever comes first. */
export interface TypingStarted {
  channelId: string;
  /** The user's subject in the user pool */
  userId: string;
  /** ISO 8601, UTC, milliseconds */
  until: string;
}

/** A user with their presence. */
export interface User {
  /** The user's subject in the user pool */
  userId: string;
  username: string;
  displayName: string;
  status: "online" | "offline";
  lastSeenAt: string | null;
}

/** A connection opened. */
export interface UserConnected {
  /** The user's subject in the user pool */
  userId: string;
  connectionId: string;
  /** ISO 8601, UTC, milliseconds */
  connectedAt: string;
}

/** A connection ended: it closed, or a post to it was answered 410 (gone). */
export interface UserDisconnected {
  /** The user's subject in the user pool */
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

/** A user changed their display name. */
export interface UserRenamed {
  /** The user's subject in the user pool */
  userId: string;
  displayName: string;
  /** ISO 8601, UTC, milliseconds */
  renamedAt: string;
}

export type ClientFrame = SendMessage | EditMessage | DeleteMessage | AddReaction | RemoveReaction | StartTyping | Ping;

export type ServerFrame = Ack | ErrorFrame | Pong | MessageFrame | MessageEditedFrame | MessageDeletedFrame | ReactionFrame | ChannelFrame | PresenceFrame | NamesFrame | TypingFrame | ReadMarkerFrame;
