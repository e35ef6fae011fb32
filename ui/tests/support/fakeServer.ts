/**
 * A fake server that follows the contract and injects faults: closed sockets, duplicate, late and reordered frames,
 * frames lost with their socket, holes in the sequence. Time is virtual.
 *
 * The client under test is Alice's. Each action of another user is a method; the channels hold the resulting state.
 */
import { vi } from "vitest";
import type {
  Channel,
  ChannelFrame,
  ChannelSummary,
  ClientFrame,
  ErrorCode,
  ErrorFrame,
  Message,
  MessageFrame,
  NewChannel,
  ServerFrame,
  User,
} from "../../src/core/contract";
import { withReaction } from "../../src/core/state/frames";
import { findMentions } from "../../src/core/text/mentions";

export const ALICE = "u-alice";

export const users: readonly User[] = ["alice", "bob", "carol", "dave"].map((username) => ({
  userId: `u-${username}`,
  username,
  displayName: username,
  status: "online",
  lastSeenAt: null,
}));

export interface Faults {
  /** Probability (0 to 1) that a frame is sent twice. */
  duplicate: number;
  /** Maximum delay of a frame in ms; different delays reorder frames. */
  delay: number;
  /** Probability that a socket is closed in place of sending a frame. */
  cut: number;
  /** Probability that a request fails. */
  failedRequest: number;
  /** Probability that a seq is skipped. */
  hole: number;
  /** Probability that an action is rejected with RATE_LIMITED. */
  rateLimited: number;
}

export const noFaults: Faults = { duplicate: 0, delay: 5, cut: 0, failedRequest: 0, hole: 0, rateLimited: 0 };

/** How often each fault occurred: a test that injects faults asserts that they did. */
export type FaultCounts = Record<
  "duplicate" | "reordered" | "cut" | "failedRequest" | "hole" | "rateLimited",
  number
>;

export const noFaultCounts: FaultCounts = {
  duplicate: 0,
  reordered: 0,
  cut: 0,
  failedRequest: 0,
  hole: 0,
  rateLimited: 0,
};

/** The server's state of a channel. */
export class FakeChannel {
  readonly channelId: string;
  readonly kind: Channel["kind"];
  readonly name: string;
  readonly createdBy: string;
  /** userId → role, in the order of joining. */
  readonly roles: Map<string, "owner" | "member">;
  readonly log: Message[] = [];
  lastSeq = 0;
  /** Members that are not listed, so that the channel counts as large. */
  otherMembers = 0;
  /** Alice's read marker. */
  readSeq = 0;

  constructor(channelId: string, kind: Channel["kind"], name: string, memberIds: readonly string[]) {
    this.channelId = channelId;
    this.kind = kind;
    this.name = name;
    this.createdBy = memberIds[0] ?? "u-bob";
    this.roles = new Map(
      memberIds.map((userId, index) => [userId, kind !== "direct" && index === 0 ? "owner" : "member"]),
    );
  }

  get summary(): ChannelSummary {
    return {
      channelId: this.channelId,
      kind: this.kind,
      name: this.name,
      createdAt: "2026-01-01T00:00:00.000Z",
      createdBy: this.createdBy,
      memberIds: this.kind === "direct" ? [...this.roles.keys()] : [],
    };
  }

  /** The channel resource for Alice. */
  get channel(): Channel {
    const role = this.roles.get(ALICE) ?? null;
    return {
      ...this.summary,
      memberCount: this.roles.size + this.otherMembers,
      lastSeq: this.lastSeq,
      readSeq: this.readSeq,
      unread: role === null ? 0 : this.lastSeq - this.readSeq,
      role,
    };
  }
}

/** Responds in place of the server; null passes the request on. */
export type Interceptor = (
  method: string,
  path: string,
  init: RequestInit,
) => Response | null | Promise<Response | null>;

export class FakeServer {
  faults: Faults = noFaults;
  readonly faultCounts: FaultCounts = { ...noFaultCounts };
  readonly general = new FakeChannel("general", "public", "general", ["u-bob", ALICE]);
  readonly channels = new Map<string, FakeChannel>([["general", this.general]]);
  /** How many rows a list of channels or members leaves out. */
  unreadable = 0;
  /** How many public channels a page of the list to join has at most. */
  discoverPage = 50;
  readonly people = new Map<string, User>(users.map((user) => [user.userId, user]));
  readonly sockets = new Set<FakeSocket>();
  reachable = true;
  /** Lifetime of a session from the creation of its ticket, in ms. */
  sessionMs = 3_600_000;
  opened = 0;
  /** Sockets are closed as soon as they are open. */
  closesAtOnce = false;
  requests: string[] = [];
  /** The frames that the client has sent. */
  readonly sent: ClientFrame[] = [];
  /** A direct channel that is returned by id but not listed. */
  direct: Channel | undefined;
  /** The frames that are sent in place of a frame. */
  outgoing: (frame: ServerFrame) => readonly ServerFrame[] = (frame) => [frame];
  /** A response in place of the action that a frame requests. */
  answer: (frame: ClientFrame) => ServerFrame | null = () => null;
  intercept: Interceptor = () => null;
  /** Rate limit of Alice's messages; null for none. */
  rate: { readonly burst: number; readonly perSecond: number } | null = null;
  #spent: number[] = [];
  #held: [FakeSocket, ServerFrame][] = [];
  #random: () => number;
  readonly #byClientId = new Map<string, Message>();

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  install(): void {
    const server = this;
    vi.stubGlobal("fetch", (url: string, init?: RequestInit) => server.#request(url, init));
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor() {
          super(server);
        }
      },
    );
  }

  // --- the channel "general"

  get log(): Message[] {
    return this.general.log;
  }

  get lastSeq(): number {
    return this.general.lastSeq;
  }

  set lastSeq(seq: number) {
    this.general.lastSeq = seq;
  }

  get readSeq(): number {
    return this.general.readSeq;
  }

  /** Store a message in general without posting its frame; see `broadcast`. */
  storeMessage(userId: string, text: string, clientMessageId: string = crypto.randomUUID()): Message {
    return this.#store(this.general, userId, text, clientMessageId);
  }

  // --- channels and messages

  add(name: string, memberIds: readonly string[], kind: Channel["kind"] = "private"): FakeChannel {
    const channel = new FakeChannel(`c-${name.replaceAll(" ", "-")}`, kind, name, memberIds);
    this.channels.set(channel.channelId, channel);
    return channel;
  }

  /** Store a message and post its frame. */
  postMessage(channel: FakeChannel, userId: string, text: string): Message {
    const message = this.#store(channel, userId, text, crypto.randomUUID());
    this.broadcast(message);
    return message;
  }

  edit(message: Message, text: string): void {
    const { channelId, seq, messageId } = message;
    const editedAt = new Date().toISOString();
    const mentions = mentionsIn(text);
    Object.assign(message, { text, mentions, editedAt });
    const editedBy = message.sender.userId;
    this.postFrame({ type: "messageEdited", channelId, seq, messageId, text, mentions, editedBy, editedAt });
  }

  delete(message: Message, deletedBy: string = message.sender.userId): void {
    const { channelId, seq, messageId } = message;
    const deletedAt = new Date().toISOString();
    Object.assign(message, { text: "", mentions: null, reactions: [], deletedAt, deletedBy });
    this.postFrame({ type: "messageDeleted", channelId, seq, messageId, deletedBy, deletedAt });
  }

  react(message: Message, userId: string, emoji: string, added = true): void {
    const { channelId, seq, messageId } = message;
    message.reactions = withReaction(message.reactions, emoji, userId, added);
    const change = added ? "added" : "removed";
    const reactedAt = new Date().toISOString();
    this.postFrame({ type: "reaction", change, channelId, seq, messageId, emoji, userId, reactedAt });
  }

  typing({ channelId }: FakeChannel, userId: string): void {
    const until = new Date(Date.now() + 6_000).toISOString();
    this.postFrame({ type: "typing", channelId, userId, until });
  }

  presence(userId: string, status: User["status"]): void {
    const lastSeenAt = status === "offline" ? new Date().toISOString() : null;
    const user = this.people.get(userId);
    if (user) this.people.set(userId, { ...user, status, lastSeenAt });
    this.postFrame({ type: "presence", changes: [{ userId, status, lastSeenAt }] });
  }

  join(channel: FakeChannel, userId: string, changedBy: string = userId): void {
    channel.roles.set(userId, "member");
    this.#postChannelFrame(channel, { change: "joined", userId, changedBy });
  }

  leave(channel: FakeChannel, userId: string, changedBy: string = userId): void {
    const owned = channel.roles.get(userId) === "owner";
    channel.roles.delete(userId);
    const [newOwner] = channel.roles.keys();
    if (owned && newOwner) channel.roles.set(newOwner, "owner");
    this.#postChannelFrame(channel, {
      change: "left",
      userId,
      changedBy,
      ...(owned && newOwner && { newOwnerId: newOwner }),
    });
  }

  #postChannelFrame(
    channel: FakeChannel,
    route: Pick<ChannelFrame, "change" | "userId" | "changedBy" | "newOwnerId">,
  ): void {
    const changedAt = new Date().toISOString();
    this.postFrame({ type: "channel", channel: channel.summary, changedAt, ...route });
  }

  #store(channel: FakeChannel, userId: string, text: string, clientMessageId: string): Message {
    const known = this.#byClientId.get(userId + clientMessageId);
    if (known) return known;
    while (this.#injects("hole")) channel.lastSeq += 1;
    channel.lastSeq += 1;
    const message: Message = {
      channelId: channel.channelId,
      seq: channel.lastSeq,
      messageId: `m-${userId}-${clientMessageId}`,
      clientMessageId,
      sender: { userId, displayName: this.people.get(userId)?.displayName ?? userId },
      text,
      mentions: mentionsIn(text),
      sentAt: new Date().toISOString(),
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      reactions: [],
      traceId: null,
      unreadable: false,
    };
    this.#byClientId.set(userId + clientMessageId, message);
    channel.log.push(message);
    return message;
  }

  // --- sockets

  /** Post the frame of a message if Alice is a member of its channel. */
  broadcast({ channelId, seq, messageId, clientMessageId, sender, text, mentions, sentAt }: Message): void {
    if (this.channels.get(channelId)?.roles.has(ALICE) === false) return;
    const frame: MessageFrame = {
      type: "message",
      channelId,
      seq,
      messageId,
      clientMessageId,
      sender,
      text,
      mentions: mentions ?? [],
      sentAt,
    };
    this.postFrame(frame);
  }

  /** Send a frame to every socket. */
  postFrame(frame: ServerFrame): void {
    for (const socket of this.sockets) this.#send(socket, frame);
  }

  /** Close every socket; returns their number. */
  cutAll(): number {
    const open = [...this.sockets];
    for (const socket of open) socket.cut();
    return open.length;
  }

  /** Let every socket die without being closed, as when a computer sleeps; returns their number. */
  silenceAll(): number {
    const open = [...this.sockets];
    for (const socket of open) socket.silenced = true;
    return open.length;
  }

  /** Hold frames of these types until they are released. */
  hold(...types: ServerFrame["type"][]): void {
    this.outgoing = (frame) => (types.includes(frame.type) ? [] : [frame]);
  }

  /** Send the held frames of these types and stop holding them; returns their number. */
  release(...types: ServerFrame["type"][]): number {
    const before = this.outgoing;
    this.outgoing = (frame) => (types.includes(frame.type) ? [frame] : before(frame));
    const released = this.#held.filter(([, frame]) => types.includes(frame.type));
    this.#held = this.#held.filter((entry) => !released.includes(entry));
    for (const [socket, frame] of released) this.#send(socket, frame);
    return released.length;
  }

  received(socket: FakeSocket, frame: ClientFrame): void {
    this.sent.push(frame);
    const answer = this.answer(frame);
    if (answer) {
      this.#send(socket, answer);
      return;
    }
    switch (frame.action) {
      case "ping":
        this.#send(socket, { type: "pong" });
        return;
      case "startTyping":
        return;
      case "sendMessage":
        this.#receivedMessage(socket, frame);
        return;
    }
    const message = this.channels.get(frame.channelId)?.log.find(({ seq }) => seq === frame.seq);
    if (!message || message.deletedAt !== null) {
      this.#send(socket, errorFrame("NOT_FOUND", "This message does not exist, or it was deleted.", frame));
      return;
    }
    this.#send(socket, { type: "ack", action: frame.action, messageId: message.messageId });
    setTimeout(() => {
      if (frame.action === "editMessage") this.edit(message, frame.text);
      else if (frame.action === "deleteMessage") this.delete(message, ALICE);
      else this.react(message, ALICE, frame.emoji, frame.action === "addReaction");
    }, 20);
  }

  #receivedMessage(socket: FakeSocket, frame: Extract<ClientFrame, { action: "sendMessage" }>): void {
    const { action, clientMessageId, text } = frame;
    const wait = this.#waitFor();
    if (wait > 0) {
      const errorFrame = { action, clientMessageId, retryAfterMs: wait };
      this.#send(socket, { type: "error", code: "RATE_LIMITED", message: "Slow down.", ...errorFrame });
      return;
    }
    const channel = this.channels.get(frame.channelId) ?? this.general;
    const message = this.#store(channel, ALICE, text, clientMessageId);
    this.#send(socket, { type: "ack", action, clientMessageId, messageId: message.messageId });
    setTimeout(() => this.broadcast(message), 20);
  }

  /** How long Alice must wait before her next message is accepted, in ms. */
  #waitFor(): number {
    if (this.#injects("rateLimited")) return 500;
    if (!this.rate) return 0;
    const window = (this.rate.burst / this.rate.perSecond) * 1_000;
    this.#spent = this.#spent.filter((at) => at > Date.now() - window);
    const [oldest] = this.#spent;
    if (oldest === undefined || this.#spent.length < this.rate.burst) {
      this.#spent.push(Date.now());
      return 0;
    }
    this.faultCounts.rateLimited += 1;
    return oldest + window - Date.now();
  }

  #send(socket: FakeSocket, frame: ServerFrame): void {
    const passed = this.outgoing(frame);
    if (passed.length === 0) this.#held.push([socket, frame]);
    for (const each of passed) this.#post(socket, each);
  }

  #post(socket: FakeSocket, frame: ServerFrame): void {
    if (this.#injects("cut")) {
      socket.cut();
      return;
    }
    const copies = this.#injects("duplicate") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const number = socket.posted;
      socket.posted += 1;
      setTimeout(
        () => {
          if (number < socket.arrived) this.faultCounts.reordered += 1;
          socket.arrived = Math.max(socket.arrived, number);
          socket.deliver(frame);
        },
        1 + this.#random() * this.faults.delay,
      );
    }
  }

  // --- requests

  async #request(url: string, init: RequestInit = {}): Promise<Response> {
    await new Promise((resolve) => setTimeout(resolve, 2 + this.#random() * this.faults.delay));
    if (!this.reachable || this.#injects("failedRequest")) throw new TypeError("Failed to fetch");
    const { pathname, searchParams, search } = new URL(url, "http://localhost");
    const method = init.method ?? "GET";
    this.requests.push(`${method} ${pathname}`);
    const intercepted = await this.intercept(method, pathname + search, init);
    if (intercepted) return intercepted;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : null;
    const [, , kind = "", id = "", part = "", memberId = ""] = pathname.split("/");
    if (kind === "channels" && id !== "") {
      const channel = this.channels.get(id);
      if (!channel)
        return this.direct?.channelId === id
          ? jsonResponse(this.direct)
          : errorResponse("NOT_FOUND", "No such channel.", 404);
      return this.#routeChannel(
        channel,
        `${method} ${part}`,
        memberId === "me" ? ALICE : memberId,
        searchParams,
        body,
      );
    }
    return this.#route(`${method} ${kind}`, searchParams, body);
  }

  #route(route: string, query: URLSearchParams, body: unknown): Response {
    switch (route) {
      case "GET me":
        return jsonResponse(this.people.get(ALICE));
      case "PUT me": {
        const me = { ...this.people.get(ALICE), ...(body as { displayName: string }) } as User;
        this.people.set(ALICE, me);
        return jsonResponse(me);
      }
      case "GET users":
        return jsonResponse({ items: [...this.people.values()], cursor: null });
      case "GET channels": {
        const all = [...this.channels.values()];
        if (query.get("scope") === "discover") {
          // As the service: a page of all public channels, without the user's own.
          const from = Number(query.get("cursor") ?? 0);
          const open = all.filter(({ kind }) => kind === "public");
          const page = open.slice(from, from + this.discoverPage).filter(({ roles }) => !roles.has(ALICE));
          const cursor = from + this.discoverPage < open.length ? String(from + this.discoverPage) : null;
          return jsonResponse({ items: page.map(({ channel }) => channel), cursor, unreadable: 0 });
        }
        const items = all.filter(({ roles }) => roles.has(ALICE)).map(({ channel }) => channel);
        return jsonResponse({ items, cursor: null, unreadable: this.unreadable });
      }
      case "GET mentions": {
        const mine = [...this.channels.values()].filter(({ roles }) => roles.has(ALICE));
        const items = mine.map(({ channelId, readSeq, log }) => ({
          channelId,
          seqs: log
            .filter(({ seq, mentions }) => seq > readSeq && mentions?.includes("alice"))
            .map(({ seq }) => seq),
        }));
        return jsonResponse({ items: items.filter(({ seqs }) => seqs.length > 0) });
      }
      case "POST channels": {
        const { name, kind = "public" } = body as NewChannel;
        if (name.replace(/\p{Cf}/gu, "") === "")
          return errorResponse("INVALID_REQUEST", "This name shows nothing.", 400);
        return jsonResponse(this.add(name, [ALICE], kind).channel);
      }
      case "POST direct-messages": {
        const { userId } = body as { userId: string };
        return jsonResponse(this.add(`direct ${userId}`, [ALICE, userId], "direct").channel);
      }
      case "POST tickets": {
        const sessionExpiresAt = new Date(Date.now() + this.sessionMs).toISOString();
        return jsonResponse({ ticket: "t", expiresAt: sessionExpiresAt, sessionExpiresAt });
      }
      default:
        return errorResponse("NOT_FOUND", "No such resource.", 404);
    }
  }

  #routeChannel(
    channel: FakeChannel,
    route: string,
    memberId: string,
    query: URLSearchParams,
    body: unknown,
  ): Response {
    const isMember = channel.roles.has(ALICE);
    if (channel.kind !== "public" && !isMember) return errorResponse("NOT_FOUND", "No such channel.", 404);
    switch (route) {
      case "GET ":
        return jsonResponse(channel.channel);
      case "GET messages":
        return isMember
          ? jsonResponse(pageOf(channel.log, query))
          : errorResponse("NOT_A_MEMBER", "Join it first.", 403);
      case "PUT read-marker": {
        channel.readSeq = Math.max(channel.readSeq, (body as { seq: number }).seq);
        const { channelId, readSeq } = channel;
        this.postFrame({ type: "readMarker", channelId, readSeq });
        return jsonResponse({ channelId, readSeq });
      }
      case "GET members": {
        const joinedAt = "2026-01-01T00:00:00.000Z";
        const items = [...channel.roles].map(([userId, role]) => ({
          ...this.people.get(userId),
          role,
          joinedAt,
        }));
        return jsonResponse({ items, cursor: null, unreadable: this.unreadable });
      }
      case "PUT members":
        this.join(channel, memberId, ALICE);
        return jsonResponse({});
      case "DELETE members":
        this.leave(channel, memberId, ALICE);
        return jsonResponse({});
      default:
        return errorResponse("NOT_FOUND", "No such resource.", 404);
    }
  }

  #injects(fault: "duplicate" | "cut" | "failedRequest" | "hole" | "rateLimited"): boolean {
    const of = this.faults[fault];
    const injects = of > 0 && this.#random() < of;
    if (injects) this.faultCounts[fault] += 1;
    return injects;
  }
}

function jsonResponse(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { Date: new Date().toUTCString() } });
}

/** An error response of the REST API. */
export function errorResponse(code: ErrorCode, message: string, status: number): Response {
  return new Response(JSON.stringify({ code, message, correlationId: null }), { status });
}

/** The error frame in response to a frame. */
export function errorFrame(code: ErrorCode, message: string, frame: ClientFrame): ErrorFrame {
  return {
    type: "error",
    code,
    message,
    action: frame.action,
    ...("clientMessageId" in frame && { clientMessageId: frame.clientMessageId }),
    ...("channelId" in frame && { channelId: frame.channelId }),
    ...("seq" in frame && { seq: frame.seq }),
  };
}

/** The page of messages that a request asks for. */
export function pageOf(log: readonly Message[], query: URLSearchParams) {
  const limit = Number(query.get("limit") ?? 50);
  const after = query.get("after");
  const term = query.get("search")?.toLowerCase() ?? "";
  const all = log.filter((message) => message.text.toLowerCase().includes(term));
  if (after !== null) {
    const found = all.filter((message) => message.seq > Number(after));
    return { items: found.slice(0, limit), hasMore: found.length > limit, searchedTo: null };
  }
  const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
  const found = all.filter((message) => message.seq < before);
  const items = found.slice(-limit);
  const hasMore = found.length > limit;
  return { items, hasMore, searchedTo: term !== "" && hasMore ? (items[0]?.seq ?? null) : null };
}

class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  /** The number of frames sent, and the number of the last that arrived. */
  posted = 0;
  arrived = 0;
  /** Nothing passes in either direction, and neither side knows. */
  silenced = false;
  readonly #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
    setTimeout(() => {
      if (this.readyState !== 0) return;
      if (!server.reachable) {
        this.cut();
        return;
      }
      this.readyState = FakeSocket.OPEN;
      server.sockets.add(this);
      server.opened += 1;
      this.onopen?.();
      if (server.closesAtOnce) setTimeout(() => this.cut(), 5);
    }, 5);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    setTimeout(() => {
      if (this.readyState === FakeSocket.OPEN && !this.silenced) this.#server.received(this, frame);
    }, 2);
  }

  deliver(frame: ServerFrame): void {
    if (this.readyState === FakeSocket.OPEN && !this.silenced)
      this.onmessage?.({ data: JSON.stringify(frame) });
  }

  cut(): void {
    this.close();
    this.onclose?.();
  }

  close(): void {
    this.readyState = 3;
    this.#server.sockets.delete(this);
  }
}

/** The server's rules are tested with the server. */
function mentionsIn(text: string): string[] {
  return findMentions(text).map(({ username }) => username.toLowerCase());
}
