/** The state of the client. Changed by pure functions only. */
import type {
  Channel,
  ChannelFrame,
  Member,
  MessageDeletedFrame,
  MessageEditedFrame,
  ReactionFrame,
  User,
} from "../contract";
import type { Changes } from "../socket/changes";
import type { ConnectionStatus } from "../socket/machine";
import type { Outbox } from "../socket/outbox";
import type { EditDraft } from "./drafts";
import type { KnownPresence, Rename } from "./presence";
import type { Timeline } from "./timeline";

export type ById<T> = Readonly<Record<string, T>>;
export type Progress = "loading" | "ready" | "failed";

/** A frame that changes a message. */
export type MessageChangeFrame = MessageEditedFrame | MessageDeletedFrame | ReactionFrame;

export interface MemberList {
  readonly members: readonly Member[];
  readonly cursor: string | null;
  readonly progress: Progress;
  /** How many members cannot be shown, because their stored rows are damaged. */
  readonly unreadable?: number;
}

/** What failed, what the user did, or what happened without them. */
export type ToastKind = "error" | "done" | "info";

export interface Toast {
  readonly id: number;
  readonly kind: ToastKind;
  readonly text: string;
}

export interface Connectedness {
  readonly status: ConnectionStatus;
  /** In ms by the client's clock. */
  readonly since: number;
  /** The start of the interruption; several with short connections in between count as one. Null if stable. */
  readonly interruptedAt: number | null;
}

export interface ChatState {
  readonly me: User | null;
  readonly people: ById<User>;
  /** userId → the latest known presence. */
  readonly presence: ById<KnownPresence>;
  /** userId → the latest name that a frame posted. */
  readonly renames: ById<Rename>;
  readonly peopleProgress: Progress;
  readonly channels: ById<Channel>;
  readonly channelsProgress: Progress;
  /** How many of the user's channels cannot be shown, because their stored rows are damaged. */
  readonly unreadableChannels: number;
  readonly timelines: ById<Timeline>;
  /** The channel on screen, if the user reads it away from the end of its window. */
  readonly readingBack: string | null;
  readonly members: ById<MemberList>;
  readonly outbox: Outbox;
  /** The user's edits, deletions and reactions that are not carried out yet. */
  readonly changes: Changes;
  /** channelId → text in the composer that was not sent. */
  readonly drafts: ById<string>;
  /** `editKey` → an edit that was not saved. */
  readonly edits: ById<EditDraft>;
  /** channelId → userId → end of typing, in ms by the client's clock. */
  readonly typing: ById<ById<number>>;
  /** channelId → userId → time of their last recent message, in ms by the server's clock. */
  readonly lastSent: ById<ById<number>>;
  /** channelId → changes of messages that have not arrived yet. */
  readonly earlyChanges: ById<readonly MessageChangeFrame[]>;
  /** A user's reaction to a message → the time of its latest change, of the reactions that changed last. */
  readonly reactionTimes: ById<string>;
  /** A user in a channel → their latest joining or leaving since the channels were loaded, of those that changed last. */
  readonly membershipChanges: ById<Pick<ChannelFrame, "change" | "changedAt">>;
  /** channelId → seqs after the read marker whose messages are known to be deleted: they do not count as unread. */
  readonly deletedUnread: ById<ReadonlySet<number>>;
  /** channelId → seqs of unread messages that mention the user: those the server listed, and newer ones. */
  readonly mentions: ById<ReadonlySet<number>>;
  readonly connection: Connectedness;
  readonly toasts: readonly Toast[];
}

export const initialState: ChatState = {
  me: null,
  people: {},
  presence: {},
  renames: {},
  peopleProgress: "loading",
  channels: {},
  channelsProgress: "loading",
  unreadableChannels: 0,
  timelines: {},
  readingBack: null,
  members: {},
  outbox: [],
  changes: [],
  drafts: {},
  edits: {},
  typing: {},
  lastSent: {},
  earlyChanges: {},
  reactionTimes: {},
  membershipChanges: {},
  deletedUnread: {},
  mentions: {},
  connection: { status: "stopped", since: 0, interruptedAt: null },
  toasts: [],
};
