/** What the client knows, in one value that mirrors the contract. Changed by pure functions only. */
import type { Channel, Member, User } from "../contract";
import type { ConnectionStatus } from "../socket/machine";
import type { Outbox } from "../socket/outbox";
import type { KnownPresence } from "./presence";
import type { Timeline } from "./timeline";

export type ById<T> = Readonly<Record<string, T>>;
export type Progress = "loading" | "ready" | "failed";

export interface MemberList {
  readonly members: readonly Member[];
  readonly cursor: string | null;
  readonly progress: Progress;
}

export interface Toast {
  readonly id: number;
  readonly kind: "error" | "info";
  readonly text: string;
}

export interface ChatState {
  readonly me: User | null;
  readonly people: ById<User>;
  /** userId → what was known last of whether they are here. */
  readonly presence: ById<KnownPresence>;
  readonly peopleProgress: Progress;
  readonly channels: ById<Channel>;
  readonly channelsProgress: Progress;
  readonly timelines: ById<Timeline>;
  readonly members: ById<MemberList>;
  readonly outbox: Outbox;
  /** Own messages that were seen to arrive on this page: they carry the tick. */
  readonly delivered: ReadonlySet<string>;
  /** channelId → userId → when it ends, by this machine's clock. */
  readonly typing: ById<ById<number>>;
  /** Unread messages that name me, as far as they were seen live. */
  readonly mentions: ById<number>;
  readonly connection: { readonly status: ConnectionStatus; readonly since: number };
  readonly toasts: readonly Toast[];
}

export const initialState: ChatState = {
  me: null,
  people: {},
  presence: {},
  peopleProgress: "loading",
  channels: {},
  channelsProgress: "loading",
  timelines: {},
  members: {},
  outbox: [],
  delivered: new Set(),
  typing: {},
  mentions: {},
  connection: { status: "stopped", since: 0 },
  toasts: [],
};
