/**
 * The state change of each server frame: one pure function per frame. A frame of the contract that is not handled here
 * is a compile error. `core/chat` fetches data where a frame requires it.
 */
import type {
  Channel,
  ChannelFrame,
  MentionPage,
  Message,
  MessageDeletedFrame,
  MessageEditedFrame,
  MessageFrame,
  ReactionCount,
  ReactionFrame,
  ReadMarkerFrame,
  ServerFrame,
  TypingFrame,
} from "../contract";
import { reduceOutbox } from "../socket/outbox";
import { mentionsUser } from "../text/mentions";
import type { ChatState, MessageChangeFrame } from "./model";
import { withNames, withPresence } from "./presence";
import { ended, lacks, type Timeline, trim, updateMessage, withLive } from "./timeline";

/** A window that grows by live messages holds at most this many, to limit the memory of long-lived tabs. */
const MAX_LIVE = 1_500;
const KEPT_LIVE = 500;
/** Changes that came before their messages: at most this many are kept of a channel. */
const MAX_EARLY_CHANGES = 100;
/** The times of this many changed reactions, and memberships, are kept, to recognise older frames about the same ones. */
const MAX_CHANGE_TIMES = 200;
/** How long a typing frame holds from the command that caused it: `until` minus this is when the user typed. */
const TYPING_MS = 6_000;
/** The maximum time that a user is shown as typing, regardless of clock differences. */
const MAX_TYPING_MS = 10_000;

export interface Clocks {
  readonly now: number;
  /** The server's time at `now`. */
  readonly serverNow: number;
}

export function reduceFrame(state: ChatState, frame: ServerFrame, clocks: Clocks): ChatState {
  switch (frame.type) {
    case "ack":
      return acked(state, frame.clientMessageId, clocks.now);
    case "error":
      return refused(state, frame, clocks.now);
    case "pong":
      return state;
    case "message":
      return messageArrived(state, frame, clocks);
    case "messageEdited":
      return messageEdited(state, frame);
    case "messageDeleted":
      return messageDeleted(state, frame);
    case "reaction":
      return reactionChanged(state, frame);
    case "channel":
      return channelChanged(state, frame);
    case "presence":
      return withPresence(state, frame.changes, clocks.now);
    case "names":
      return withNames(state, frame.changes, clocks.now);
    case "typing":
      return typingStarted(state, frame, clocks);
    case "readMarker":
      return readMarkerMoved(state, frame);
    default:
      return unknownFrame(state, frame);
  }
}

/** Ignores frames of a newer server; the type ensures that all frames of the contract are handled. */
function unknownFrame(state: ChatState, _frame: never): ChatState {
  return state;
}

function acked(state: ChatState, clientMessageId: string | undefined, now: number): ChatState {
  if (clientMessageId === undefined) return state;
  return { ...state, outbox: reduceOutbox(state.outbox, { type: "acked", clientMessageId }, now) };
}

function refused(state: ChatState, frame: Extract<ServerFrame, { type: "error" }>, now: number): ChatState {
  const { clientMessageId, code, message, retryAfterMs } = frame;
  if (clientMessageId === undefined) return state;
  return {
    ...state,
    outbox: reduceOutbox(
      state.outbox,
      { type: "refused", clientMessageId, code, message, retryAfterMs },
      now,
    ),
  };
}

function messageArrived(state: ChatState, frame: MessageFrame, clocks: Clocks): ChatState {
  const { type: _, ...stored } = frame;
  const message: Message = {
    ...stored,
    mentions: frame.mentions ?? null,
    editedAt: frame.editedAt ?? null,
    deletedAt: null,
    deletedBy: null,
    reactions: [],
    traceId: frame.traceId ?? null,
    unreadable: false,
  };
  const mine = frame.sender.userId === state.me?.userId;
  const channel = state.channels[frame.channelId];
  const isNew = channel !== undefined && frame.seq > channel.lastSeq;
  let next = state;

  const timeline = next.timelines[frame.channelId];
  if (timeline) {
    const grown = withLive(timeline, message);
    if (grown !== timeline) {
      const limited = withinLimit(grown, state.readingBack === frame.channelId);
      next = { ...next, timelines: { ...next.timelines, [frame.channelId]: limited } };
    }
  }
  if (channel && isNew) next = withChannel(next, { ...channel, lastSeq: frame.seq });
  if (mine) {
    next = {
      ...next,
      outbox: reduceOutbox(
        next.outbox,
        { type: "delivered", clientMessageId: frame.clientMessageId },
        clocks.now,
      ),
    };
    // An own message counts as read.
    next = withReadSeq(next, frame.channelId, frame.seq);
  } else if (next.me && mentionsUser(frame, next.me)) next = withMention(next, frame, true);
  next = withoutTyping(withLastSent(next, frame), frame.channelId, frame.sender.userId);
  return withEarlyChanges(next, frame, clocks);
}

/** Applies the changes of a message that came before it. */
function withEarlyChanges(state: ChatState, { channelId, seq }: MessageFrame, clocks: Clocks): ChatState {
  const early = state.earlyChanges[channelId] ?? [];
  const due = early.filter((change) => change.seq === seq);
  if (due.length === 0) return state;
  const rest = early.filter((change) => change.seq !== seq);
  const known = { ...state, earlyChanges: { ...state.earlyChanges, [channelId]: rest } };
  return due.reduce<ChatState>((after, change) => reduceFrame(after, change, clocks), known);
}

/** Keeps a change whose message has not arrived: the two take different paths, so the change may be faster. */
function withEarlyChange(state: ChatState, frame: MessageChangeFrame): ChatState {
  const { channelId } = frame;
  const early = [...(state.earlyChanges[channelId] ?? []), frame].slice(-MAX_EARLY_CHANGES);
  return { ...state, earlyChanges: { ...state.earlyChanges, [channelId]: early } };
}

function isEarly(state: ChatState, { channelId, seq }: MessageChangeFrame): boolean {
  const channel = state.channels[channelId];
  if (!channel) return false;
  if (seq > channel.lastSeq) return true;
  const timeline = state.timelines[channelId];
  return timeline !== undefined && lacks(timeline, seq);
}

/** A window that is too long drops its oldest messages. If the user is reading some of these, it drops the newest instead. */
function withinLimit(timeline: Timeline, isReadBack: boolean): Timeline {
  if (timeline.messages.length <= MAX_LIVE) return timeline;
  return isReadBack ? ended(timeline) : trim(timeline, MAX_LIVE, KEPT_LIVE);
}

/** Keeps the times of the last messages of a channel for as long as a typing frame could be older than one. */
function withLastSent(state: ChatState, { channelId, sender, sentAt }: MessageFrame): ChatState {
  const at = Date.parse(sentAt);
  const recent = Object.entries(state.lastSent[channelId] ?? {}).filter(
    ([, time]) => time > at - MAX_TYPING_MS,
  );
  const times = Object.fromEntries(recent);
  times[sender.userId] = Math.max(times[sender.userId] ?? 0, at);
  return { ...state, lastSent: { ...state.lastSent, [channelId]: times } };
}

function messageEdited(state: ChatState, frame: MessageEditedFrame): ChatState {
  const mentioned = state.me !== null && frame.editedBy !== state.me.userId && mentionsUser(frame, state.me);
  return withMessageChange(withMention(state, frame, mentioned), frame);
}

function messageDeleted(state: ChatState, frame: MessageDeletedFrame): ChatState {
  const after = withMention(withDeletedUnread(state, frame.channelId, [frame.seq]), frame, false);
  return withMessageChange(after, frame);
}

/** The message after a change. An edit that is older than the text and a change of a deleted message have no effect. */
export function withChange(message: Message, frame: MessageChangeFrame): Message {
  if (message.deletedAt !== null) return message;
  switch (frame.type) {
    case "messageEdited": {
      const { text, mentions = null, editedAt } = frame;
      return (message.editedAt ?? "") >= editedAt ? message : { ...message, text, mentions, editedAt };
    }
    case "messageDeleted": {
      const { deletedAt, deletedBy } = frame;
      return { ...message, text: "", deletedAt, deletedBy, reactions: [] };
    }
    case "reaction": {
      const { emoji, userId, change } = frame;
      const reactions = withReaction(message.reactions, emoji, userId, change === "added");
      return reactions === message.reactions ? message : { ...message, reactions };
    }
  }
}

/** Idempotent: adding or removing twice has no further effect. */
export function withReaction(
  reactions: readonly ReactionCount[],
  emoji: string,
  userId: string,
  added: boolean,
): readonly ReactionCount[] {
  const count = reactions.find((reaction) => reaction.emoji === emoji);
  if ((count?.userIds.includes(userId) ?? false) === added) return reactions;
  if (!count) return [...reactions, { emoji, userIds: [userId] }];
  const userIds = added ? [...count.userIds, userId] : count.userIds.filter((id) => id !== userId);
  return userIds.length === 0
    ? reactions.filter((reaction) => reaction !== count)
    : reactions.map((reaction) => (reaction === count ? { ...count, userIds } : reaction));
}

/** Of two frames about one reaction of a user, the later change holds, whichever frame arrives first. */
function reactionChanged(state: ChatState, frame: ReactionFrame): ChatState {
  const { channelId, seq, emoji, userId, reactedAt } = frame;
  const key = `${channelId} ${seq} ${emoji} ${userId}`;
  if ((state.reactionTimes[key] ?? "") > reactedAt) return state;
  const reactionTimes = withLatest(state.reactionTimes, key, reactedAt);
  return withMessageChange({ ...state, reactionTimes }, frame);
}

/** The entries that were set last, with this one as the latest. */
function withLatest<Value>(entries: ById<Value>, key: string, value: Value): ById<Value> {
  const { [key]: _, ...others } = entries;
  return Object.fromEntries([...Object.entries(others), [key, value] as const].slice(-MAX_CHANGE_TIMES));
}

/** A repeated frame is not counted again, and one that a later leaving has overtaken does not bring the channel back. */
function channelChanged(before: ChatState, frame: ChannelFrame): ChatState {
  const { channelId } = frame.channel;
  const key = `${channelId} ${frame.userId}`;
  const last = before.membershipChanges[key];
  const { change, changedAt } = frame;
  const me = before.me?.userId;
  if (frame.userId === me && change === "joined" && last && changedAt < last.changedAt) return before;
  const isRepeat = change === last?.change;
  const membershipChanges = withLatest(before.membershipChanges, key, { change, changedAt });
  const state = change === "created" ? before : { ...before, membershipChanges };
  const concernsMe = frame.userId === me || (me !== undefined && frame.channel.memberIds.includes(me));
  if (change === "left") {
    if (frame.userId === me) return withoutChannel(state, channelId);
    // The repeated frame may name another new owner.
    return withNewOwner(isRepeat ? state : withFewerMembers(state, frame), frame);
  }
  const known = state.channels[channelId];
  if (!known) {
    return concernsMe ? withChannel(state, provisional(frame, me)) : state;
  }
  if (frame.userId === me || change === "created" || isRepeat) return state;
  return withMoreMembers(state, frame);
}

/** The channel as far as the frame describes it, until it is fetched. */
function provisional(frame: ChannelFrame, me: string | undefined): Channel {
  return {
    ...frame.channel,
    memberCount: Math.max(1, frame.channel.memberIds.length),
    lastSeq: 0,
    readSeq: 0,
    unread: 0,
    role: createdByMe(frame, me) ? "owner" : "member",
  };
}

/** Only for the `created` frame: a creator may leave and rejoin. Direct channels have no owner. */
function createdByMe({ change, channel }: ChannelFrame, me: string | undefined): boolean {
  return change === "created" && channel.kind !== "direct" && channel.createdBy === me;
}

function withMoreMembers(state: ChatState, frame: ChannelFrame): ChatState {
  const { channelId } = frame.channel;
  const channel = state.channels[channelId];
  const list = state.members[channelId];
  if (!channel || list?.members.some((member) => member.userId === frame.userId)) return state;
  const next = withChannel(state, { ...channel, memberCount: channel.memberCount + 1 });
  const person = state.people[frame.userId];
  if (!list || !person) return next;
  const member = { ...person, role: "member" as const, joinedAt: frame.changedAt };
  return {
    ...next,
    members: { ...next.members, [channelId]: { ...list, members: [...list.members, member] } },
  };
}

function withFewerMembers(state: ChatState, frame: ChannelFrame): ChatState {
  const { channelId } = frame.channel;
  const channel = state.channels[channelId];
  if (!channel) return state;
  const list = state.members[channelId];
  if (list && list.cursor === null && !list.members.some((member) => member.userId === frame.userId))
    return state;
  const next = withoutTyping(
    withChannel(state, { ...channel, memberCount: Math.max(1, channel.memberCount - 1) }),
    channelId,
    frame.userId,
  );
  if (!list) return next;
  const members = list.members.filter((member) => member.userId !== frame.userId);
  return { ...next, members: { ...next.members, [channelId]: { ...list, members } } };
}

function withNewOwner(state: ChatState, { channel: { channelId }, newOwnerId }: ChannelFrame): ChatState {
  const channel = state.channels[channelId];
  if (!channel || newOwnerId === undefined) return state;
  const isMine = newOwnerId === state.me?.userId;
  const next = isMine ? withChannel(state, { ...channel, role: "owner" }) : state;
  const list = next.members[channelId];
  if (!list) return next;
  const members = list.members.map((member) =>
    member.userId === newOwnerId ? { ...member, role: "owner" as const } : member,
  );
  return { ...next, members: { ...next.members, [channelId]: { ...list, members } } };
}

function typingStarted(state: ChatState, frame: TypingFrame, clocks: Clocks): ChatState {
  if (frame.userId === state.me?.userId) return state;
  const until = Date.parse(frame.until);
  // A message ends the typing before it. Typing takes a slower path, so its frame may arrive after the message.
  if (until - TYPING_MS <= (state.lastSent[frame.channelId]?.[frame.userId] ?? 0)) return state;
  const left = Math.min(until - clocks.serverNow, MAX_TYPING_MS);
  if (!(left > 0)) return state;
  const channel = { ...state.typing[frame.channelId], [frame.userId]: clocks.now + left };
  return { ...state, typing: { ...state.typing, [frame.channelId]: channel } };
}

function readMarkerMoved(state: ChatState, frame: ReadMarkerFrame): ChatState {
  return withReadSeq(state, frame.channelId, frame.readSeq);
}

/** The read marker only moves forward. */
export function withReadSeq(state: ChatState, channelId: string, seq: number): ChatState {
  const channel = state.channels[channelId];
  if (!channel || seq <= channel.readSeq) return state;
  return withChannel(state, { ...channel, readSeq: seq });
}

export function withChannel(state: ChatState, channel: Channel): ChatState {
  const { channelId, lastSeq, readSeq } = channel;
  const deleted = state.deletedUnread[channelId]?.size ? [...state.deletedUnread[channelId]] : [];
  const gone = deleted.filter((seq) => seq > readSeq && seq <= lastSeq);
  const unread = Math.max(0, lastSeq - readSeq - gone.length);
  return {
    ...state,
    channels: { ...state.channels, [channelId]: { ...channel, unread } },
    deletedUnread:
      gone.length === deleted.length
        ? state.deletedUnread
        : { ...state.deletedUnread, [channelId]: new Set(gone) },
    mentions: withoutRead(state.mentions, channelId, readSeq),
  };
}

function withoutRead(mentions: ChatState["mentions"], channelId: string, readSeq: number) {
  const seqs = [...(mentions[channelId] ?? [])];
  const unread = seqs.filter((seq) => seq > readSeq);
  return unread.length === seqs.length ? mentions : { ...mentions, [channelId]: new Set(unread) };
}

/** A mention counts until its message is read, edited so that it mentions the user no longer, or deleted. */
function withMention(
  state: ChatState,
  { channelId, seq }: { readonly channelId: string; readonly seq: number },
  mentioned: boolean,
): ChatState {
  const seqs = state.mentions[channelId] ?? new Set();
  const readSeq = state.channels[channelId]?.readSeq ?? 0;
  if (seqs.has(seq) === mentioned || (mentioned && seq <= readSeq)) return state;
  const after = mentioned ? [...seqs, seq] : [...seqs].filter((other) => other !== seq);
  return { ...state, mentions: { ...state.mentions, [channelId]: new Set(after) } };
}

/** The unread mentions as the server lists them, with those of frames that may be newer than the list. */
export function withMentions(state: ChatState, page: MentionPage, before: ChatState): ChatState {
  const mentions: Record<string, ReadonlySet<number>> = {};
  for (const { channelId, seqs } of page.items) {
    const readSeq = state.channels[channelId]?.readSeq ?? 0;
    const deleted = state.deletedUnread[channelId];
    mentions[channelId] = new Set(seqs.filter((seq) => seq > readSeq && !deleted?.has(seq)));
  }
  for (const [channelId, seqs] of Object.entries(state.mentions)) {
    const added = [...seqs].filter((seq) => !before.mentions[channelId]?.has(seq));
    if (added.length > 0) mentions[channelId] = new Set([...(mentions[channelId] ?? []), ...added]);
  }
  return { ...state, mentions };
}

/** Deleted messages do not count as unread. */
export function withDeletedUnread(state: ChatState, channelId: string, seqs: readonly number[]): ChatState {
  const channel = state.channels[channelId];
  const known = state.deletedUnread[channelId];
  const more = channel ? seqs.filter((seq) => seq > channel.readSeq && !known?.has(seq)) : [];
  if (!channel || more.length === 0) return state;
  const deletedUnread = { ...state.deletedUnread, [channelId]: new Set([...(known ?? []), ...more]) };
  return withChannel({ ...state, deletedUnread }, channel);
}

export function withoutChannel(state: ChatState, channelId: string): ChatState {
  const without = <T>(map: ById<T>): ById<T> =>
    Object.fromEntries(Object.entries(map).filter(([id]) => id !== channelId));
  return {
    ...state,
    channels: without(state.channels),
    timelines: without(state.timelines),
    members: without(state.members),
    typing: without(state.typing),
    lastSent: without(state.lastSent),
    earlyChanges: without(state.earlyChanges),
    mentions: without(state.mentions),
    deletedUnread: without(state.deletedUnread),
  };
}

export function withoutTyping(state: ChatState, channelId: string, userId: string): ChatState {
  const typing = state.typing[channelId];
  if (!typing || !(userId in typing)) return state;
  const rest = Object.fromEntries(Object.entries(typing).filter(([id]) => id !== userId));
  return { ...state, typing: { ...state.typing, [channelId]: rest } };
}

export function withoutExpiredTyping(state: ChatState, now: number): ChatState {
  const expired = Object.values(state.typing).some((people) =>
    Object.values(people).some((until) => until <= now),
  );
  if (!expired) return state;
  const typing = Object.fromEntries(
    Object.entries(state.typing).map(([channelId, people]) => [
      channelId,
      Object.fromEntries(Object.entries(people).filter(([, until]) => until > now)),
    ]),
  );
  return { ...state, typing };
}

function withMessageChange(state: ChatState, frame: MessageChangeFrame): ChatState {
  if (isEarly(state, frame)) return withEarlyChange(state, frame);
  const timeline = state.timelines[frame.channelId];
  if (!timeline) return state;
  const after = updateMessage(timeline, frame.seq, (message) => withChange(message, frame));
  return after === timeline
    ? state
    : { ...state, timelines: { ...state.timelines, [frame.channelId]: after } };
}

type ById<T> = Readonly<Record<string, T>>;
