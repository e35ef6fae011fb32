/** Loads channels, people and members, and updates the store after each change. */
import type { Api } from "../api/api";
import type { Channel, NewChannel } from "../contract";
import { channelPath, currentRoute, navigate, navigateAfterRequest } from "../router";
import { withChannel, withMentions, withoutChannel } from "../state/frames";
import type { ChatState, MemberList } from "../state/model";
import { MAX_LIVE_MEMBERS, withPeople } from "../state/presence";
import { change, store } from "../state/store";
import { isInaccessible } from "./history";
import { memberSpread, SpreadRequests } from "./spreadRequests";

/** The store holds at most this many people. */
const MAX_PEOPLE = 1_000;
/** People are loaded again at once if they are one page. */
const ONE_PAGE = 100;
/**
 * All clients of a stage load people again for one reason: an interruption, or a new user. The more people, the more clients, and
 * the more pages each of them loads.
 */
const SPREAD_PER_PERSON_MS = 60;
/** In a directory that is larger than what is held. */
const LARGE_DIRECTORY_SPREAD_MS = 600_000;
/** The presence of at most this many members of a large channel is refreshed: those at the top of the list. */
const MAX_REFRESHED_MEMBERS = 300;
/** How often, while the list is shown. */
export const REFRESH_MEMBERS_EVERY_MS = 60_000;

/** Whether a channel was loaded. One that is inaccessible does not exist, or is private. */
export type Preview = "loaded" | "inaccessible" | "failed";

export class Channels {
  readonly #api: Api;
  readonly #onFailure: (failure: unknown, options?: { quiet: boolean }) => void;
  readonly #spread = new SpreadRequests();
  /** Whether the directory has more people than the store holds. */
  #hasMorePeople = false;
  /** Channels whose members have changed while their list was requested. */
  readonly #changedMembers = new Set<string>();
  #stopped = false;

  constructor(api: Api, onFailure: (failure: unknown, options?: { quiet: boolean }) => void) {
    this.#api = api;
    this.#onFailure = onFailure;
  }

  async load(): Promise<void> {
    const before = store.getState();
    try {
      const items: Channel[] = [];
      let unreadable = 0;
      let cursor: string | null = null;
      do {
        const page = await this.#api.channels(cursor);
        if (this.#stopped) return;
        items.push(...page.items);
        unreadable += page.unreadable;
        cursor = page.cursor;
      } while (cursor !== null);
      change((state) => ({ ...withChannels(state, items, before), unreadableChannels: unreadable }));
      if (items.some(({ unread }) => unread > 0)) void this.#loadMentions();
    } catch (failure) {
      change((state) => ({
        ...state,
        channelsProgress: state.channelsProgress === "ready" ? "ready" : "failed",
      }));
      this.#onFailure(failure, { quiet: true });
    }
  }

  async #loadMentions(): Promise<void> {
    const before = store.getState();
    try {
      const page = await this.#api.mentions();
      change((state) => withMentions(state, page, before));
    } catch (failure) {
      this.#onFailure(failure, { quiet: true });
    }
  }

  async create(channel: NewChannel): Promise<Channel> {
    const created = await this.#api.createChannel(channel);
    storeChannel(created);
    return created;
  }

  async join(channelId: string): Promise<void> {
    await this.#api.addMember(channelId, "me");
    storeChannel(await this.#api.channel(channelId));
  }

  async leave(channelId: string): Promise<void> {
    await this.#api.removeMember(channelId, "me");
    removeLeftChannel(channelId);
  }

  /** Load a channel of which the user may not be a member, for example after following a link. */
  async preview(channelId: string): Promise<Preview> {
    try {
      storeChannel(await this.#api.channel(channelId));
      return "loaded";
    } catch (failure) {
      return isInaccessible(failure) ? "inaccessible" : "failed";
    }
  }

  async refresh(channelId: string): Promise<void> {
    try {
      storeChannel(await this.#api.channel(channelId));
    } catch (failure) {
      if (isInaccessible(failure)) removeChannel(channelId);
    }
  }

  /** Open the direct channel with a user; create it if there is none. */
  async openDirectMessage(userId: string): Promise<void> {
    const { channels, me } = store.getState();
    const known = Object.values(channels).find(
      ({ kind, memberIds }) =>
        kind === "direct" &&
        memberIds.includes(userId) &&
        memberIds.every((id) => id === userId || id === me?.userId),
    );
    if (known) {
      navigate(channelPath(known.channelId));
      return;
    }
    const open = navigateAfterRequest();
    try {
      const channel = await this.#api.directMessage(userId);
      storeChannel(channel);
      open(channelPath(channel.channelId));
    } catch (failure) {
      this.#onFailure(failure);
    }
  }

  /** Presence frames were missed. */
  refreshPeople(): void {
    this.#spread.within(this.#peopleSpread(), "people", () => void this.loadPeople());
  }

  /** A frame is about a user who is not loaded. In a directory that is larger than what is held, loading again may not help. */
  refreshUnknownPeople(): void {
    if (!this.#hasMorePeople) this.refreshPeople();
  }

  #peopleSpread(): number {
    const held = Object.keys(store.getState().people).length;
    if (held <= ONE_PAGE) return 0;
    return this.#hasMorePeople ? LARGE_DIRECTORY_SPREAD_MS : held * SPREAD_PER_PERSON_MS;
  }

  /** The members of a channel have changed, for all who have loaded them. */
  refreshChangedMembers(channelId: string): void {
    const { channels, members } = store.getState();
    if (!members[channelId]) return;
    const spread = memberSpread(channels[channelId]?.memberCount ?? 0);
    this.#spread.within(spread, `members ${channelId}`, () => {
      // The answer that is still to come may be older than the change.
      if (store.getState().members[channelId]?.progress === "loading") this.#changedMembers.add(channelId);
      else void this.loadMembers(channelId);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#spread.stop();
  }

  async loadPeople(): Promise<void> {
    try {
      let cursor: string | null = null;
      let count = 0;
      do {
        const askedAt = Date.now();
        const page = await this.#api.users(cursor);
        count += page.items.length;
        cursor = page.cursor;
        change((state) => ({ ...withPeople(state, page.items, askedAt), peopleProgress: "ready" }));
      } while (cursor !== null && count < MAX_PEOPLE);
      this.#hasMorePeople = cursor !== null;
    } catch (failure) {
      change((state) => ({
        ...state,
        peopleProgress: state.peopleProgress === "ready" ? "ready" : "failed",
      }));
      this.#onFailure(failure, { quiet: true });
    }
  }

  async loadMembers(channelId: string, { more = false } = {}): Promise<void> {
    const known = store.getState().members[channelId];
    if (known?.progress === "loading" || (more && !known?.cursor)) return;
    const cursor = more ? (known?.cursor ?? null) : null;
    setMembers(channelId, {
      members: known?.members ?? [],
      cursor: known?.cursor ?? null,
      progress: "loading",
    });
    try {
      const askedAt = Date.now();
      const page = await this.#api.members(channelId, cursor);
      const soFar = more ? (known?.members ?? []) : [];
      const seen = new Set(soFar.map((member) => member.userId));
      const fresh = page.items.filter((member) => !seen.has(member.userId));
      change((state) => withPeople(state, page.items, askedAt));
      const unreadable = (more ? (known?.unreadable ?? 0) : 0) + page.unreadable;
      setMembers(channelId, {
        members: [...soFar, ...fresh],
        cursor: page.cursor,
        progress: "ready",
        unreadable,
      });
    } catch (failure) {
      setMembers(channelId, {
        members: known?.members ?? [],
        cursor: known?.cursor ?? null,
        progress: "failed",
      });
      this.#onFailure(failure, { quiet: true });
    }
    if (this.#changedMembers.delete(channelId) && !this.#stopped) await this.loadMembers(channelId);
  }

  /** Request the presence of the loaded members of a large channel, whose changes the server does not post. */
  async refreshMembers(channelId: string): Promise<void> {
    const { channels, members } = store.getState();
    const loaded = members[channelId]?.members.length ?? 0;
    if ((channels[channelId]?.memberCount ?? 0) <= MAX_LIVE_MEMBERS || loaded === 0) return;
    try {
      let cursor: string | null = null;
      let count = 0;
      do {
        const askedAt = Date.now();
        const page = await this.#api.members(channelId, cursor);
        count += page.items.length;
        cursor = page.cursor;
        change((state) => withPeople(state, page.items, askedAt));
      } while (cursor !== null && count < Math.min(loaded, MAX_REFRESHED_MEMBERS));
    } catch (failure) {
      this.#onFailure(failure, { quiet: true });
    }
  }

  async addMember(channelId: string, userId: string): Promise<void> {
    await this.#api.addMember(channelId, userId);
    await Promise.all([this.refresh(channelId), this.loadMembers(channelId)]);
  }

  async removeMember(channelId: string, userId: string): Promise<void> {
    await this.#api.removeMember(channelId, userId);
    await Promise.all([this.refresh(channelId), this.loadMembers(channelId)]);
  }

  async rename(displayName: string): Promise<void> {
    const askedAt = Date.now();
    const me = await this.#api.rename(displayName);
    change((state) => withPeople(state, [me], askedAt));
  }
}

/** Store a channel from a response, without lowering its seqs. */
export function storeChannel(channel: Channel): void {
  change((state) => withChannel(state, keepHighestSeqs(channel, state.channels[channel.channelId])));
}

/**
 * Remove a channel that is no longer accessible. Its page stays, and says so: another channel in its place would get
 * the rest of a text that the user is typing.
 */
export function removeChannel(channelId: string): void {
  change((state) => withoutChannel(state, channelId));
}

/** Remove a channel that the user has left, and leave its page. */
export function removeLeftChannel(channelId: string): void {
  removeChannel(channelId);
  const route = currentRoute();
  if (route.page === "channel" && route.channelId === channelId) navigate("/", { replace: true });
}

/** Frames may have arrived that are newer than the response. */
function keepHighestSeqs(channel: Channel, before: Channel | undefined): Channel {
  return {
    ...channel,
    lastSeq: Math.max(channel.lastSeq, before?.lastSeq ?? 0),
    readSeq: Math.max(channel.readSeq, before?.readSeq ?? 0),
  };
}

/** The user's channels as the server lists them. Channels joined, left or created during the request stay so. */
function withChannels(state: ChatState, items: readonly Channel[], before: ChatState): ChatState {
  const listed = new Set(items.map((channel) => channel.channelId));
  const isMember = (channel: Channel | undefined) => channel !== undefined && channel.role !== null;
  let next = state;
  for (const [channelId, channel] of Object.entries(state.channels)) {
    if (!listed.has(channelId) && isMember(channel) && isMember(before.channels[channelId]))
      next = withoutChannel(next, channelId);
  }
  for (const channel of items) {
    const { channelId } = channel;
    const wasLeft = before.channels[channelId] !== undefined && state.channels[channelId] === undefined;
    if (!wasLeft) next = withChannel(next, keepHighestSeqs(channel, next.channels[channelId]));
  }
  // The counts of members are current: what changed before must not be compared with what changes now.
  return { ...next, membershipChanges: {}, channelsProgress: "ready" };
}

function setMembers(channelId: string, list: MemberList): void {
  change((state) => ({ ...state, members: { ...state.members, [channelId]: list } }));
}
