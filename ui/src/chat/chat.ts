/**
 * The chat as the screens use it: what happens when a channel is opened, a message is sent, a frame comes in.
 * Joins the API, the socket and the store; each of these does its own work.
 */
import { Api } from "../api/api";
import { ApiError, sentence } from "../api/errors";
import { serverNow } from "../clock";
import type { Config } from "../config";
import type { Channel, ClientFrame, Message, NewChannel, ServerFrame, User } from "../contract";
import { channelPath, currentRoute, navigate } from "../router";
import type { Session } from "../session/session";
import { Connection } from "../socket/connection";
import { due, frameOf, markSending, type OutboxEvent, reduceOutbox, unseen } from "../socket/outbox";
import { OutboxStorage } from "../socket/outboxStorage";
import { reduceFrame, withChannel, withoutChannel, withReadSeq } from "../state/frames";
import type { ChatState, MemberList } from "../state/model";
import { initialState } from "../state/model";
import { change, store } from "../state/store";
import * as timelines from "../state/timeline";
import { nothingLoaded, type Timeline } from "../state/timeline";

const PAGE = 50;
/** After an absence, a channel that moved on by more than this is loaded afresh. */
const MOST_CAUGHT_UP = 400;
/** On return the newest loaded messages are read again: they may have been edited meanwhile. */
const READ_AGAIN = 40;
/** Frames overtake each other by a little; only what stays away is a gap. */
const GAP_PATIENCE_MS = 400;
const TYPING_EVERY_MS = 3_000;
const MARK_READ_AFTER_MS = 350;
const MOST_PEOPLE = 1_000;

export class Chat {
  readonly api: Api;
  readonly session: Session;
  readonly config: Config;
  readonly #connection: Connection;
  #storage: OutboxStorage | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;
  #lastTyping = new Map<string, number>();
  readonly #markers = new Map<string, { seq: number; timer: ReturnType<typeof setTimeout> }>();
  readonly #gaps = new Set<string>();
  readonly #arrivals = new Set<(message: Message) => void>();
  #toastId = 0;
  #firstOpen = true;

  constructor(config: Config, session: Session) {
    this.config = config;
    this.session = session;
    this.api = new Api(config.apiUrl, session);
    this.#connection = new Connection({
      url: config.websocketUrl,
      ticket: async (fresh) => {
        if (fresh) await session.idToken({ fresh: true });
        const { ticket, sessionExpiresAt } = await this.api.ticket();
        return { ticket, sessionEndsIn: Date.parse(sessionExpiresAt) - serverNow() };
      },
      onFrame: (frame) => this.#onFrame(frame),
      onStatus: (status) => change((state) => ({ ...state, connection: { status, since: Date.now() } })),
      onResume: () => void this.#resume(),
    });
  }

  // --- start and end

  async start(): Promise<void> {
    const me = await this.api.me();
    this.#storage = new OutboxStorage(me.userId);
    const outbox = this.#storage.load();
    change(() => ({ ...initialState, me, people: { [me.userId]: me }, outbox }));
    store.subscribe((state, before) => {
      if (state.outbox !== before.outbox) this.#storage?.save(state.outbox);
    });
    this.#connection.start();
    this.#clock = setInterval(() => this.#tick(), 1_000);
    await Promise.all([this.loadChannels(), this.loadPeople()]);
  }

  stop(): void {
    clearInterval(this.#clock);
    this.#connection.stop();
  }

  async leaveParley(): Promise<void> {
    this.stop();
    await this.session.signOut();
  }

  // --- channels

  async loadChannels(): Promise<void> {
    try {
      const items: Channel[] = [];
      let cursor: string | null = null;
      do {
        const page = await this.api.channels(cursor);
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null);
      change((state) => withChannels(state, items));
    } catch (failure) {
      change((state) => ({
        ...state,
        channelsProgress: state.channelsProgress === "ready" ? "ready" : "failed",
      }));
      this.#tell(failure, { quiet: true });
    }
  }

  /** Look at a channel that may not be mine, as after following a link. Says whether the server shows it. */
  async peek(channelId: string): Promise<boolean> {
    try {
      this.#adopt(await this.api.channel(channelId));
      return true;
    } catch {
      return false;
    }
  }

  async createChannel(channel: NewChannel): Promise<Channel> {
    const created = await this.api.createChannel(channel);
    this.#adopt(created);
    return created;
  }

  async join(channelId: string): Promise<void> {
    await this.api.addMember(channelId, "me");
    this.#adopt(await this.api.channel(channelId));
  }

  async leave(channelId: string): Promise<void> {
    await this.api.removeMember(channelId, "me");
    this.#drop(channelId);
  }

  async talkTo(userId: string): Promise<void> {
    const known = Object.values(store.getState().channels).find(
      (channel) =>
        channel.kind === "direct" &&
        channel.memberIds.includes(userId) &&
        (userId === store.getState().me?.userId
          ? new Set(channel.memberIds).size === 1
          : channel.memberIds.includes(store.getState().me?.userId ?? "")),
    );
    if (known) return navigate(channelPath(known.channelId));
    try {
      const channel = await this.api.directMessage(userId);
      this.#adopt(channel);
      navigate(channelPath(channel.channelId));
    } catch (failure) {
      this.#tell(failure);
    }
  }

  #adopt(channel: Channel): void {
    change((state) => {
      const before = state.channels[channel.channelId];
      const lastSeq = Math.max(channel.lastSeq, before?.lastSeq ?? 0);
      const readSeq = Math.max(channel.readSeq, before?.readSeq ?? 0);
      return withChannel(state, { ...channel, lastSeq, readSeq });
    });
  }

  #drop(channelId: string): void {
    change((state) => withoutChannel(state, channelId));
    const route = currentRoute();
    if (route.page === "channel" && route.channelId === channelId) navigate("/", { replace: true });
  }

  // --- people and members

  async loadPeople(): Promise<void> {
    try {
      let cursor: string | null = null;
      let count = 0;
      do {
        const page = await this.api.users(cursor);
        count += page.items.length;
        cursor = page.cursor;
        change((state) => ({
          ...withPeople(state, page.items),
          peopleProgress: "ready",
          peopleCursor: cursor,
        }));
      } while (cursor !== null && count < MOST_PEOPLE);
    } catch (failure) {
      change((state) => ({
        ...state,
        peopleProgress: state.peopleProgress === "ready" ? "ready" : "failed",
      }));
      this.#tell(failure, { quiet: true });
    }
  }

  async loadMembers(channelId: string, { more = false } = {}): Promise<void> {
    const known = store.getState().members[channelId];
    if (known?.progress === "loading" || (more && !known?.cursor)) return;
    const put = (list: MemberList) =>
      change((state) => ({ ...state, members: { ...state.members, [channelId]: list } }));
    const soFar = more && known ? known.members : [];
    put({
      members: more || !known ? soFar : known.members,
      cursor: known?.cursor ?? null,
      progress: "loading",
    });
    try {
      const page = await this.api.members(channelId, more ? known?.cursor : null);
      const seen = new Set(soFar.map((member) => member.userId));
      const fresh = page.items.filter((member) => !seen.has(member.userId));
      change((state) => withPeople(state, page.items));
      put({ members: [...soFar, ...fresh], cursor: page.cursor, progress: "ready" });
    } catch (failure) {
      put({ members: soFar, cursor: known?.cursor ?? null, progress: "failed" });
      this.#tell(failure, { quiet: true });
    }
  }

  async addMember(channelId: string, userId: string): Promise<void> {
    await this.api.addMember(channelId, userId);
    await this.#refreshChannel(channelId);
    await this.loadMembers(channelId);
  }

  async removeMember(channelId: string, userId: string): Promise<void> {
    await this.api.removeMember(channelId, userId);
    await this.#refreshChannel(channelId);
    await this.loadMembers(channelId);
  }

  async rename(displayName: string): Promise<void> {
    const me = await this.api.rename(displayName);
    change((state) => ({ ...state, me, people: { ...state.people, [me.userId]: me } }));
  }

  async #refreshChannel(channelId: string): Promise<void> {
    try {
      this.#adopt(await this.api.channel(channelId));
    } catch (failure) {
      if (failure instanceof ApiError && (failure.code === "NOT_A_MEMBER" || failure.code === "NOT_FOUND")) {
        this.#drop(channelId);
      }
    }
  }

  // --- history

  /** Load a channel's newest messages, or those around a seq. */
  async openTimeline(channelId: string, around: number | null): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (timeline && !timeline.failed && timeline.loading !== "none") return;
    const loaded = timeline && timeline.messages.length > 0 && !timeline.failed;
    if (around === null ? loaded && !timeline.hasLater : loaded && holds(timeline, around)) return;
    change((state) =>
      withTimeline(state, channelId, (known) => ({ ...known, loading: "all", failed: false })),
    );
    try {
      if (around === null) {
        const page = await this.api.messages(channelId, { limit: PAGE });
        change((state) =>
          withTimeline(state, channelId, (known) =>
            timelines.replaced(known, page, { hasEarlier: page.hasMore, hasLater: false }),
          ),
        );
        change((state) => settleOutbox(state, page.items));
      } else {
        const [before, after] = await Promise.all([
          this.api.messages(channelId, { before: around, limit: PAGE / 2 }),
          this.api.messages(channelId, { after: around - 1, limit: PAGE / 2 }),
        ]);
        const items = [...before.items, ...after.items];
        change((state) =>
          withTimeline(state, channelId, (known) =>
            timelines.replaced(known, { items }, { hasEarlier: before.hasMore, hasLater: after.hasMore }),
          ),
        );
      }
      // What came in while the page was on its way.
      this.#watchGap(channelId, store.getState().channels[channelId]?.lastSeq ?? 0);
    } catch (failure) {
      change((state) =>
        withTimeline(state, channelId, (known) => ({ ...known, loading: "none", failed: true })),
      );
      if (failure instanceof ApiError && (failure.code === "NOT_A_MEMBER" || failure.code === "NOT_FOUND"))
        return;
      this.#tell(failure, { quiet: true });
    }
  }

  async loadEarlier(channelId: string): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (!timeline?.hasEarlier || timeline.loading !== "none") return;
    await this.#loadMore(channelId, "earlier", { before: timelines.oldest(timeline), limit: PAGE });
  }

  async loadLater(channelId: string): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (!timeline?.hasLater || timeline.loading !== "none") return;
    await this.#loadMore(channelId, "later", { after: timelines.newest(timeline), limit: PAGE });
  }

  async #loadMore(
    channelId: string,
    loading: "earlier" | "later",
    ask: { before?: number; after?: number; limit: number },
  ) {
    const generation = store.getState().timelines[channelId]?.generation;
    change((state) => withTimeline(state, channelId, (known) => ({ ...known, loading })));
    try {
      const page = await this.api.messages(channelId, ask);
      const add = loading === "earlier" ? timelines.withEarlier : timelines.withLater;
      change((state) =>
        withTimeline(state, channelId, (known) =>
          known.generation === generation ? add(known, page) : known,
        ),
      );
    } catch (failure) {
      change((state) => withTimeline(state, channelId, (known) => ({ ...known, loading: "none" })));
      this.#tell(failure);
    }
  }

  /** Back to the live end from somewhere in the past. */
  async jumpToNewest(channelId: string): Promise<void> {
    const timeline = store.getState().timelines[channelId];
    if (timeline?.hasLater) await this.openTimeline(channelId, null);
  }

  async search(channelId: string, term: string, before?: number) {
    return this.api.messages(channelId, {
      search: term,
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    });
  }

  // --- saying something

  send(channelId: string, text: string): void {
    const message = { clientMessageId: crypto.randomUUID(), channelId, text, writtenAt: Date.now() };
    this.#outbox({ type: "written", message });
    this.#lastTyping.delete(channelId);
  }

  sendAgain(clientMessageId: string): void {
    this.#outbox({ type: "again", clientMessageId });
  }

  discard(clientMessageId: string): void {
    this.#outbox({ type: "discarded", clientMessageId });
  }

  edit(message: Message, text: string): boolean {
    return this.#sendNow({ action: "editMessage", channelId: message.channelId, seq: message.seq, text });
  }

  delete(message: Message): boolean {
    return this.#sendNow({ action: "deleteMessage", channelId: message.channelId, seq: message.seq });
  }

  react(message: Message, emoji: string, added: boolean): boolean {
    const { channelId, seq } = message;
    return this.#sendNow({ action: added ? "addReaction" : "removeReaction", channelId, seq, emoji });
  }

  /** Volatile: without a socket it is dropped, and nobody misses it. */
  typing(channelId: string): void {
    const now = Date.now();
    if (now - (this.#lastTyping.get(channelId) ?? 0) < TYPING_EVERY_MS) return;
    if (this.#connection.send({ action: "startTyping", channelId })) this.#lastTyping.set(channelId, now);
  }

  /** The person has seen everything up to this seq. Told to the server a little later, and once. */
  seen(channelId: string, seq: number): void {
    const channel = store.getState().channels[channelId];
    if (!channel?.role || seq <= channel.readSeq) {
      // Own messages count as read here at once, and the server is still to be told.
      if (!channel || seq < channel.readSeq || (this.#markers.get(channelId)?.seq ?? 0) >= seq) return;
    }
    change((state) => withReadSeq(state, channelId, seq));
    const waiting = this.#markers.get(channelId);
    if (waiting && waiting.seq >= seq) return;
    clearTimeout(waiting?.timer);
    const timer = setTimeout(() => {
      this.api.markRead(channelId, seq).catch(() => {
        // Not worth a word: the next marker says it all.
        if (this.#markers.get(channelId)?.seq === seq) this.#markers.delete(channelId);
      });
    }, MARK_READ_AFTER_MS);
    this.#markers.set(channelId, { seq, timer });
  }

  /** For an action that the person watches: it works now, or they are told. */
  #sendNow(frame: ClientFrame): boolean {
    const sent = this.#connection.send(frame);
    if (!sent) this.toast("error", "There is no connection at the moment. Please try again when it is back.");
    return sent;
  }

  #outbox(event: OutboxEvent): void {
    change((state) => ({ ...state, outbox: reduceOutbox(state.outbox, event, Date.now()) }));
    this.#flush();
  }

  #flush(): void {
    if (!this.#connection.open) return;
    for (const item of due(store.getState().outbox, Date.now())) {
      if (!this.#connection.send(frameOf(item))) return;
      change((state) => ({ ...state, outbox: markSending(state.outbox, item.clientMessageId, Date.now()) }));
    }
  }

  // --- what the server says

  onArrival(listener: (message: Message) => void): () => void {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  #onFrame(frame: ServerFrame): void {
    const before = store.getState();
    change((state) => reduceFrame(state, frame, { now: Date.now(), serverNow: serverNow() }));
    switch (frame.type) {
      case "message": {
        const isNew = frame.seq > (before.channels[frame.channelId]?.lastSeq ?? 0);
        this.#watchGap(frame.channelId, frame.seq);
        if (!before.channels[frame.channelId]) void this.#refreshChannel(frame.channelId);
        if (isNew && frame.sender.userId !== before.me?.userId) this.#announce(frame.channelId, frame.seq);
        this.#flush();
        return;
      }
      case "ack":
        return;
      case "error":
        if (frame.code === "SESSION_EXPIRED") this.#connection.renew();
        else if (frame.clientMessageId === undefined && frame.action !== "startTyping")
          this.toast("error", frame.message);
        return;
      case "channel":
        this.#channelChanged(frame, before);
        return;
      default:
        return;
    }
  }

  #channelChanged(frame: Extract<ServerFrame, { type: "channel" }>, before: ChatState): void {
    const me = before.me?.userId;
    const { channelId } = frame.channel;
    if (frame.change === "left" && frame.userId === me) {
      this.#drop(channelId);
      if (frame.changedBy !== me && before.channels[channelId]) {
        this.toast("info", `You are no longer a member of ${frame.channel.name}.`);
      }
      return;
    }
    if (store.getState().channels[channelId]) {
      if (!before.channels[channelId]) void this.#refreshChannel(channelId);
      if (store.getState().members[channelId]) void this.loadMembers(channelId);
      if (!store.getState().people[frame.userId]) void this.loadPeople();
    }
  }

  #announce(channelId: string, seq: number): void {
    const messages = store.getState().timelines[channelId]?.messages ?? [];
    const message = messages[timelines.indexOf(messages, seq)];
    if (message) for (const listener of this.#arrivals) listener(message);
  }

  /** A live message came with a seq that is not the next one: see whether those between can be fetched. */
  #watchGap(channelId: string, upTo: number): void {
    const timeline = store.getState().timelines[channelId];
    if (!timeline || this.#gaps.has(channelId)) return;
    const behind = !timeline.hasLater && timeline.loading === "none" && timeline.settled < upTo;
    if (!behind) return;
    this.#gaps.add(channelId);
    setTimeout(() => void this.#fillGap(channelId), GAP_PATIENCE_MS);
  }

  async #fillGap(channelId: string): Promise<void> {
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const timeline = store.getState().timelines[channelId];
        const lastSeq = store.getState().channels[channelId]?.lastSeq ?? 0;
        if (!timeline || timeline.hasLater || timeline.settled >= lastSeq) return;
        await this.#fetchAfter(channelId, timeline.settled);
        await new Promise((resolve) => setTimeout(resolve, GAP_PATIENCE_MS));
      }
      change((state) => withTimeline(state, channelId, timelines.skipped));
    } catch {
      // The next message, or the next connection, asks again.
    } finally {
      this.#gaps.delete(channelId);
    }
  }

  async #fetchAfter(channelId: string, after: number): Promise<void> {
    for (let from = after; ; ) {
      const page = await this.api.messages(channelId, { after: from, limit: 100 });
      change((state) =>
        settleOutbox(
          withTimeline(state, channelId, (known) => timelines.withLater(known, page)),
          page.items,
        ),
      );
      from = page.items.at(-1)?.seq ?? from;
      if (!page.hasMore || page.items.length === 0) return;
    }
  }

  // --- coming back

  /** A new socket is open: send what waits, then fetch what was missed. Frames that come meanwhile merge by seq. */
  async #resume(): Promise<void> {
    this.#outbox({ type: "reconnected" });
    if (this.#firstOpen) {
      this.#firstOpen = false;
      // The first load runs beside the first socket; what fell between the two shows as a gap or a newer lastSeq.
      if (store.getState().channelsProgress !== "ready") return;
    }
    await Promise.all([this.loadChannels(), this.loadPeople()]);
    const { timelines: loaded, channels } = store.getState();
    const route = currentRoute();
    const open = route.page === "channel" ? route.channelId : null;
    const order = Object.keys(loaded).sort((a, b) => Number(b === open) - Number(a === open));
    for (const channelId of order) {
      const timeline = loaded[channelId];
      const channel = channels[channelId];
      if (timeline && channel)
        await this.#catchUp(channelId, timeline, channel.lastSeq).catch(() => undefined);
    }
  }

  async #catchUp(channelId: string, timeline: Timeline, lastSeq: number): Promise<void> {
    if (timeline.loading === "all" || timeline.hasLater) return;
    if (timeline.failed || lastSeq - timeline.settled > MOST_CAUGHT_UP) {
      change((state) =>
        withTimeline(state, channelId, () => ({
          ...nothingLoaded,
          loading: "none",
          generation: timeline.generation,
        })),
      );
      await this.openTimeline(channelId, null);
      return;
    }
    await this.#fetchAfter(
      channelId,
      Math.max(timeline.settled - READ_AGAIN, timelines.oldest(timeline) - 1, 0),
    );
  }

  #tick(): void {
    const now = Date.now();
    const { outbox, typing } = store.getState();
    if (outbox.length > 0) {
      if (outbox.some((item) => item.state === "sending" && now - item.since > 4_000))
        this.#connection.doubt();
      this.#outbox({ type: "tick" });
      for (const channelId of new Set(unseen(outbox, now).map((item) => item.channelId))) {
        if (Math.floor(now / 1_000) % 10 === 0) void this.#lookForDelivery(channelId);
      }
    }
    if (Object.values(typing).some((channel) => Object.values(channel).some((until) => until <= now))) {
      change((state) => ({ ...state, typing: stillTyping(state.typing, now) }));
    }
  }

  /** Acked, yet not seen: the frame may have been lost. History knows. */
  async #lookForDelivery(channelId: string): Promise<void> {
    const page = await this.api.messages(channelId, { limit: PAGE }).catch(() => null);
    if (!page) return;
    change((state) =>
      settleOutbox(
        withTimeline(state, channelId, (known) =>
          known.hasLater || known.loading === "all"
            ? known
            : timelines.withLater(known, { ...page, hasMore: false }),
        ),
        page.items,
      ),
    );
  }

  // --- telling

  toast(kind: "error" | "info", text: string): void {
    this.#toastId += 1;
    const toast = { id: this.#toastId, kind, text };
    change((state) => ({
      ...state,
      toasts: [...state.toasts.filter((other) => other.text !== text).slice(-2), toast],
    }));
  }

  dismiss(id: number): void {
    change((state) => ({ ...state, toasts: state.toasts.filter((toast) => toast.id !== id) }));
  }

  /** Tell of a failure. Quietly: the connection line already says that the server cannot be reached. */
  #tell(failure: unknown, { quiet = false } = {}): void {
    if (failure instanceof ApiError && failure.code === "SIGNED_OUT") return;
    if (quiet && failure instanceof ApiError && failure.code === "UNREACHABLE") return;
    this.toast("error", sentence(failure));
  }
}

export type { User };

function withChannels(state: ChatState, items: readonly Channel[]): ChatState {
  const mine = new Set(items.map((channel) => channel.channelId));
  let next = state;
  for (const channelId of Object.keys(state.channels))
    if (!mine.has(channelId)) next = withoutChannel(next, channelId);
  for (const channel of items) {
    const before = next.channels[channel.channelId];
    next = withChannel(next, {
      ...channel,
      lastSeq: Math.max(channel.lastSeq, before?.lastSeq ?? 0),
      readSeq: Math.max(channel.readSeq, before?.readSeq ?? 0),
    });
  }
  return { ...next, channelsProgress: "ready" };
}

function withPeople(state: ChatState, items: readonly User[]): ChatState {
  const people = { ...state.people };
  for (const { userId, username, displayName, status, lastSeenAt } of items) {
    people[userId] = { userId, username, displayName, status, lastSeenAt };
  }
  const me = state.me && (people[state.me.userId] ?? state.me);
  return { ...state, people, me };
}

function withTimeline(state: ChatState, channelId: string, by: (timeline: Timeline) => Timeline): ChatState {
  const known = state.timelines[channelId] ?? nothingLoaded;
  const after = by(known);
  return after === state.timelines[channelId]
    ? state
    : { ...state, timelines: { ...state.timelines, [channelId]: after } };
}

/** Own messages found in history need not be sent again. */
function settleOutbox(state: ChatState, messages: readonly Message[]): ChatState {
  const mine = new Set(
    messages
      .filter((message) => message.sender.userId === state.me?.userId)
      .map((message) => message.clientMessageId),
  );
  const outbox = state.outbox.filter((item) => !mine.has(item.clientMessageId));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

function stillTyping(typing: ChatState["typing"], now: number): ChatState["typing"] {
  return Object.fromEntries(
    Object.entries(typing).map(([channelId, people]) => [
      channelId,
      Object.fromEntries(Object.entries(people).filter(([, until]) => until > now)),
    ]),
  );
}

function holds(timeline: Timeline, seq: number): boolean {
  return timelines.oldest(timeline) <= seq && seq <= timelines.newest(timeline);
}
