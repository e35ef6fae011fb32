/**
 * A model of the service around the workflow: sockets, the bus, runs of `deliverModel.ts`, the REST API and the dead
 * letters, for one channel with two members. It injects faults at every step.
 *
 * As on AWS, the bus delivers an event at least once, in any order; a run can fail, be throttled or be aborted; the row of
 * a socket that has closed can remain.
 */
import type { ClientFrame, ErrorCode, Message, ServerFrame } from "../../src/core/contract";
import {
  type ChannelEvent,
  type DeadLetter,
  deliver,
  type Row,
  type Tables,
  TaskFailure,
} from "./deliverModel";
import type { VirtualTime } from "./virtualTime";

export const ALICE = "u-alice";
export const BOB = "u-bob";
export const CHANNEL = "general";

/** Each is a probability (0 to 1). */
export const allFaults = {
  /** The bus starts a second run for an event. */
  duplicateEvent: 0.15,
  /** The bus delivers an event seconds late, so that later ones overtake it. */
  lateEvent: 0.15,
  /** A task fails before it does anything. */
  failedTask: 0.04,
  /** A task does its work, and its answer is lost. */
  lostAnswer: 0.02,
  /** A run stops in the middle, without a dead letter. */
  abortedRun: 0.01,
  /** A frame that was posted does not arrive. */
  lostFrame: 0.04,
  /** The socket closes in place of a frame to the client. */
  cutSocket: 0.03,
  /** The socket no longer carries anything, and neither side knows. */
  deadSocket: 0.01,
  /** The event is on the bus, and the socket closes before the ack. */
  lostAck: 0.04,
  /** A command is answered with an error of the server. */
  failedCommand: 0.03,
  rateLimited: 0.05,
  /** Too many frames were refused: the socket is closed, and there is no ticket for a while. */
  tooManyRefusals: 0.004,
  refusedHandshake: 0.05,
  failedRequest: 0.06,
  /** A request gets no answer before the client gives up. */
  silentRequest: 0.01,
  /** The row of a closed socket is not deleted. */
  missedDisconnect: 0.3,
};

export type Fault = keyof typeof allFaults | "throttle";
export type Faults = Readonly<Record<keyof typeof allFaults, number>>;

export const noFaults = Object.fromEntries(Object.keys(allFaults).map((name) => [name, 0])) as Faults;

const REQUEST_TIMEOUT_MS = 15_000;
const COOL_DOWN_MS = 30_000;
/** API Gateway closes a connection after two hours, and one without traffic after ten minutes. */
const LIFETIME_MS = 120 * 60_000;
const IDLE_MS = 10 * 60_000;
const THROTTLED = "DynamoDB.AmazonDynamoDBException";
const CANCELLED = "DynamoDb.TransactionCanceledException";

export class ServiceModel {
  readonly tables: Tables = { lastSeq: 0, ids: new Map(), messages: new Map() };
  readonly letters: DeadLetter[] = [];
  /** The events of runs that were aborted. */
  readonly aborted: ChannelEvent[] = [];
  readonly counts: Partial<Record<Fault, number>> = {};
  /** What happened, for the message of a failed schedule. */
  readonly trace: string[] = [];
  faults: Faults = noFaults;
  reachable = true;
  /** Until this time, every task that uses a table fails. */
  throttledUntil = 0;
  /** Events that were published and are not processed. */
  pending = 0;
  /** The longest time from publishing a message of Alice to storing it, in ms. */
  slowestOwn = 0;
  /** How long a session lasts from its ticket on. */
  sessionMs = 3_600_000;
  /** How many sockets of the client were closed by API Gateway's limits. */
  closedByLimit = 0;
  /** How many frames arrived at a socket that the client had closed. */
  lostByClient = 0;
  /** How often the client asked for a ticket although it knew of its cool-down. */
  earlyTickets = 0;
  /** Called when a socket was accepted. */
  onAccept: () => void = () => undefined;
  #coolDownUntil = 0;
  /** Until when the page knows that it gets no ticket. */
  #knownCoolDownUntil = 0;
  /** The message that is stored at this time only, while its seq is assigned already, and whose frame is lost. */
  #held: { readonly messageId: string; readonly until: number } | null = null;
  readonly #time: VirtualTime;
  readonly #random: () => number;
  /** The rows of `subscriptions`: connectionId → socket. */
  readonly #connections = new Map<string, ModelSocket>();
  readonly #published = new Map<string, number>();
  #lastConnection = 0;
  #lastTimestamp = 0;
  #readSeq = 0;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  note(text: string): void {
    this.trace.push(`${((this.#time.now % 86_400_000) / 1_000).toFixed(3)} ${text}`);
  }

  injects(fault: keyof Faults): boolean {
    const injects = this.#random() < this.faults[fault];
    if (injects) {
      this.counts[fault] = (this.counts[fault] ?? 0) + 1;
      this.note(`fault ${fault}`);
    }
    return injects;
  }

  /** The server's time, never the same twice: of two changes in the same millisecond, the last one is stored. */
  timestamp(): string {
    this.#lastTimestamp = Math.max(this.#time.now, this.#lastTimestamp + 1);
    return new Date(this.#lastTimestamp).toISOString();
  }

  latency(most = 120): number {
    return 1 + Math.floor(this.#random() * most);
  }

  /** Another page, which knows nothing of the one before. */
  loadPage(): void {
    this.#knownCoolDownUntil = 0;
  }

  /** The client knows that it gets no ticket until then. */
  knowsCoolDown(): void {
    this.#knownCoolDownUntil = this.#coolDownUntil;
  }

  // --- the bus and the workflow

  /** Publish a message whose row is in conflict for so long, and whose frame is lost. */
  publishHeld(event: ChannelEvent, ms: number): void {
    this.#held = { messageId: event.messageId, until: this.#time.now + ms };
    this.publish(event);
  }

  publish(event: ChannelEvent): void {
    this.note(`published ${event.detailType} ${event.messageId}`);
    if (!this.#published.has(event.messageId)) this.#published.set(event.messageId, this.#time.now);
    const copies = this.injects("duplicateEvent") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.process(event);
  }

  /** Start a run after a while. */
  process(event: ChannelEvent): void {
    this.pending += 1;
    const delay = this.injects("lateEvent") ? this.latency(12_000) : this.latency(150);
    this.#time.setTimeout(() => void this.#run(event), delay);
  }

  async #run(event: ChannelEvent): Promise<void> {
    const task = async <T>(name: string, perform: () => T): Promise<T> => {
      await this.#time.pause(this.latency(15));
      if (this.injects("abortedRun")) {
        this.aborted.push(event);
        this.pending -= 1;
        return new Promise<never>(() => undefined);
      }
      const usesTable = name !== "PostBatch" && !name.startsWith("Keep") && !name.startsWith("SendTo");
      if (usesTable && this.#time.now < this.throttledUntil) {
        this.counts.throttle = (this.counts.throttle ?? 0) + 1;
        throw new TaskFailure(THROTTLED, "throttled");
      }
      const isHeld = event.messageId === this.#held?.messageId && this.#time.now < this.#held.until;
      if (isHeld && name === "PersistOnce") throw new TaskFailure(CANCELLED, "[TransactionConflict]");
      // The dead-letter queue is retried separately.
      const canFail = !name.startsWith("SendTo") && !name.startsWith("Keep");
      if (canFail && this.injects("failedTask")) throw new TaskFailure("States.TaskFailed", name);
      const result = perform();
      if (name === "PersistOnce") this.#stored(event);
      if (canFail && this.injects("lostAnswer")) throw new TaskFailure("States.Timeout", name);
      return result;
    };
    await deliver(event, this.tables, {
      task,
      now: () => this.#time.now,
      random: this.#random,
      pause: (ms) => this.#time.pause(ms),
      recipients: () => [...this.#connections.keys()],
      post: (posted, seq, connectionIds) => {
        if (posted.messageId !== this.#held?.messageId) this.post(frameOf(posted, seq), connectionIds);
      },
      keep: (letter) => {
        this.note(`dead letter ${letter.error} ${event.messageId}`);
        this.letters.push(letter);
      },
    });
    this.pending -= 1;
  }

  #stored(event: ChannelEvent): void {
    const publishedAt = this.#published.get(event.messageId) ?? this.#time.now;
    if (event.userId === ALICE) this.slowestOwn = Math.max(this.slowestOwn, this.#time.now - publishedAt);
    this.note(`stored ${event.messageId} at ${this.tables.ids.get(event.messageId)}`);
  }

  /** What an operator does afterwards: redrive the dead letters, and deliver the events of aborted runs again. */
  repair(): void {
    for (const { event, undelivered } of this.letters.splice(0)) {
      const seq = event.detailType === "MessageSent" ? this.tables.ids.get(event.messageId) : event.seq;
      if (undelivered.length > 0 && seq !== undefined) this.post(frameOf(event, seq), undelivered);
      else this.process(event);
      if (event.userId === ALICE) this.slowestOwn = Number.POSITIVE_INFINITY;
    }
    for (const event of this.aborted.splice(0)) {
      this.process(event);
      if (event.userId === ALICE) this.slowestOwn = Number.POSITIVE_INFINITY;
    }
  }

  // --- sockets

  accept(socket: ModelSocket): void {
    this.#lastConnection += 1;
    socket.connectionId = `c-${this.#lastConnection}`;
    this.#connections.set(socket.connectionId, socket);
    this.note(`accepted ${socket.connectionId}`);
    this.#time.setTimeout(() => this.#endByLimit(socket), LIFETIME_MS);
    this.#watchIdle(socket);
    this.onAccept();
  }

  #watchIdle(socket: ModelSocket): void {
    const left = socket.lastTraffic + IDLE_MS - this.#time.now;
    if (left <= 0) this.#endByLimit(socket);
    else if (socket.readyState !== ModelSocket.CLOSED)
      this.#time.setTimeout(() => this.#watchIdle(socket), left);
  }

  #endByLimit(socket: ModelSocket): void {
    if (socket.readyState === ModelSocket.CLOSED) return;
    this.note(`limit ${socket.connectionId}`);
    if (!socket.isDead) this.closedByLimit += 1;
    socket.cut();
  }

  /** Post a frame that is stored nowhere to every socket. */
  postTyping(): void {
    const until = new Date(this.#time.now + 6_000).toISOString();
    const frame = { type: "typing", channelId: CHANNEL, userId: BOB, until } as const;
    this.post(frame, [...this.#connections.keys()]);
  }

  /** API Gateway calls `$disconnect` if it can; otherwise the row remains until a post is answered 410. */
  closed(socket: ModelSocket): void {
    if (!this.injects("missedDisconnect")) this.#connections.delete(socket.connectionId);
  }

  /** Close every socket. */
  cutAll(): void {
    for (const socket of this.#connections.values()) socket.cut();
  }

  silenceAll(): void {
    for (const socket of this.#connections.values()) socket.isDead = true;
  }

  post(frame: ServerFrame, connectionIds: readonly string[]): void {
    for (const connectionId of connectionIds) {
      const socket = this.#connections.get(connectionId);
      if (socket?.readyState === ModelSocket.CLOSED) this.#connections.delete(connectionId);
      else if (socket) this.send(socket, frame);
    }
  }

  send(socket: ModelSocket, frame: ServerFrame): void {
    if (this.injects("deadSocket")) socket.isDead = true;
    if (this.injects("lostFrame")) return;
    if (this.injects("cutSocket")) {
      socket.cut();
      return;
    }
    this.#time.setTimeout(() => socket.receive(frame), this.latency(60));
  }

  /** A command of Alice. */
  received(socket: ModelSocket, frame: ClientFrame): void {
    if (frame.action === "ping") {
      this.send(socket, { type: "pong" });
      return;
    }
    if (frame.action === "startTyping") return;
    if (this.injects("failedCommand")) {
      this.send(socket, errorFrame("INTERNAL", frame));
      return;
    }
    if (this.injects("rateLimited")) {
      this.send(socket, { ...errorFrame("RATE_LIMITED", frame), retryAfterMs: 500 });
      return;
    }
    if (this.injects("tooManyRefusals")) {
      this.#coolDownUntil = this.#time.now + COOL_DOWN_MS;
      this.send(socket, { ...errorFrame("TOO_MANY_REFUSALS", frame), retryAfterMs: COOL_DOWN_MS });
      this.#time.setTimeout(() => socket.cut(), 100);
      return;
    }
    const published = this.#carryOut(frame);
    if (typeof published === "string") {
      this.send(socket, errorFrame(published, frame));
      return;
    }
    this.publish(published);
    if (this.injects("lostAck")) {
      socket.cut();
      return;
    }
    const { messageId } = published;
    const clientMessageId = frame.action === "sendMessage" ? { clientMessageId: frame.clientMessageId } : {};
    this.send(socket, { type: "ack", action: frame.action, messageId, ...clientMessageId });
  }

  /** The event of a command, or the code of its refusal. */
  #carryOut(frame: Exclude<ClientFrame, { action: "ping" | "startTyping" }>): ChannelEvent | ErrorCode {
    if (frame.action === "sendMessage") return this.sent(ALICE, frame.text, frame.clientMessageId);
    const row = this.tables.messages.get(frame.seq);
    if (!row || row.deletedAt !== null) return "NOT_FOUND";
    if (frame.action !== "editMessage" && frame.action !== "deleteMessage") return "INVALID_FRAME";
    return this.changed(ALICE, row, frame.action === "editMessage" ? frame.text : null);
  }

  sent(userId: string, text: string, clientMessageId: string): ChannelEvent {
    const messageId = `${userId}/${clientMessageId}`;
    return { detailType: "MessageSent", messageId, clientMessageId, userId, text, sentAt: this.timestamp() };
  }

  /** An edit, or without a text a deletion. */
  changed(userId: string, { messageId, seq }: Row, text: string | null): ChannelEvent {
    const change = { messageId, seq, userId, changedAt: this.timestamp() };
    return text === null
      ? { detailType: "MessageDeleted", ...change }
      : { detailType: "MessageEdited", text, ...change };
  }

  // --- the REST API

  /** `fetch`, as far as the client uses it. */
  request(url: string, init: RequestInit = {}): Promise<Response> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new TypeError("Failed to fetch"));
      const isSilent = this.injects("silentRequest");
      const delay = isSilent ? REQUEST_TIMEOUT_MS : this.latency(80);
      this.#time.setTimeout(() => {
        if (isSilent || !this.reachable || this.injects("failedRequest")) fail();
        else resolve(this.#respond(url, init));
      }, delay);
    });
  }

  #respond(url: string, { method = "GET", body }: RequestInit): Response {
    const [path = "", query = ""] = url.split("?");
    switch (`${method} ${path.replace("/api", "")}`) {
      case "GET /me":
        return response(user(ALICE));
      case "GET /users":
        return response({ items: [user(ALICE), user(BOB)], cursor: null });
      case "GET /mentions":
        return response({ items: [] });
      case "GET /channels":
        return response({ items: [this.#channel()], cursor: null });
      case `GET /channels/${CHANNEL}`:
        return response(this.#channel());
      case `GET /channels/${CHANNEL}/messages`:
        return response(this.#page(new URLSearchParams(query)));
      case `PUT /channels/${CHANNEL}/read-marker`:
        this.#readSeq = Math.max(this.#readSeq, (JSON.parse(String(body)) as { seq: number }).seq);
        return response({ channelId: CHANNEL, readSeq: this.#readSeq });
      case "POST /tickets": {
        if (this.#time.now < this.#coolDownUntil) return this.#refuseTicket();
        const sessionExpiresAt = new Date(this.#time.now + this.sessionMs).toISOString();
        return response({ ticket: "t", expiresAt: sessionExpiresAt, sessionExpiresAt });
      }
      default:
        throw new Error(`The simulation has no route ${method} ${path}.`);
    }
  }

  #refuseTicket(): Response {
    if (this.#time.now < this.#knownCoolDownUntil) this.earlyTickets += 1;
    this.knowsCoolDown();
    const seconds = Math.ceil((this.#coolDownUntil - this.#time.now) / 1_000);
    return {
      ok: false,
      status: 429,
      headers: { get: (name: string) => (name === "Retry-After" ? String(seconds) : null) },
      json: async () => ({ code: "RATE_LIMITED", message: "wait" }),
    } as unknown as Response;
  }

  #channel() {
    const { lastSeq } = this.tables;
    return {
      channelId: CHANNEL,
      kind: "public",
      name: CHANNEL,
      createdAt: "2026-01-01T00:00:00.000Z",
      createdBy: BOB,
      memberIds: [],
      memberCount: 2,
      lastSeq,
      readSeq: this.#readSeq,
      unread: lastSeq - this.#readSeq,
      role: "member",
    };
  }

  #page(query: URLSearchParams) {
    const limit = Number(query.get("limit") ?? 50);
    const after = query.get("after");
    const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
    const rows = this.log();
    if (after !== null) {
      const found = rows.filter(({ seq }) => seq > Number(after));
      return { items: found.slice(0, limit).map(messageOf), hasMore: found.length > limit, searchedTo: null };
    }
    const found = rows.filter(({ seq }) => seq < before);
    return { items: found.slice(-limit).map(messageOf), hasMore: found.length > limit, searchedTo: null };
  }

  /** The stored messages by seq. */
  log(): Row[] {
    return [...this.tables.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** The class that replaces `WebSocket`. */
  socketClass(): typeof ModelSocket {
    const service = this;
    const time = this.#time;
    return class extends ModelSocket {
      constructor() {
        super(service, time);
      }
    };
  }
}

export class ModelSocket {
  static readonly OPEN = 1;
  static readonly CLOSED = 3;
  connectionId = "";
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  isDead = false;
  lastTraffic: number;
  #isClosedByClient = false;
  readonly #service: ServiceModel;
  readonly #time: VirtualTime;

  constructor(service: ServiceModel, time: VirtualTime) {
    this.#service = service;
    this.#time = time;
    this.lastTraffic = time.now;
    time.setTimeout(() => this.#connect(), service.latency(60));
  }

  /** The connection is stored before the handshake ends; frames that are posted in between are lost. */
  #connect(): void {
    if (this.readyState !== 0) return;
    if (!this.#service.reachable || this.#service.injects("refusedHandshake")) {
      this.cut();
      return;
    }
    this.#service.accept(this);
    this.#time.setTimeout(() => {
      if (this.readyState !== 0) return;
      this.readyState = ModelSocket.OPEN;
      this.onopen?.();
    }, this.#service.latency(30));
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    this.#time.setTimeout(() => {
      if (this.readyState !== ModelSocket.OPEN || this.isDead || !this.#service.reachable) return;
      this.lastTraffic = this.#time.now;
      this.#service.received(this, frame);
    }, this.#service.latency(40));
  }

  receive(frame: ServerFrame): void {
    if (this.#isClosedByClient) this.#service.lostByClient += 1;
    if (this.readyState !== ModelSocket.OPEN || this.isDead || !this.#service.reachable) return;
    this.#service.note(`received ${frame.type}${"seq" in frame ? ` ${frame.seq}` : ""}`);
    this.lastTraffic = this.#time.now;
    if (frame.type === "error" && frame.code === "TOO_MANY_REFUSALS") this.#service.knowsCoolDown();
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The network or the service ends the socket. */
  cut(): void {
    if (this.readyState === ModelSocket.CLOSED) return;
    this.#end();
    this.onclose?.();
  }

  /** The client closes the socket. */
  close(): void {
    this.#isClosedByClient ||= this.readyState === ModelSocket.OPEN && !this.isDead;
    this.#end();
  }

  #end(): void {
    if (this.readyState !== ModelSocket.CLOSED && this.connectionId !== "") this.#service.closed(this);
    this.readyState = ModelSocket.CLOSED;
  }
}

function frameOf(event: ChannelEvent, seq: number): ServerFrame {
  const { messageId, userId } = event;
  switch (event.detailType) {
    case "MessageSent": {
      const { clientMessageId, text, sentAt } = event;
      const sender = { userId, displayName: userId };
      return { type: "message", channelId: CHANNEL, seq, messageId, clientMessageId, sender, text, sentAt };
    }
    case "MessageEdited": {
      const { text, changedAt } = event;
      const edit = { text, editedBy: userId, editedAt: changedAt };
      return { type: "messageEdited", channelId: CHANNEL, seq, messageId, ...edit };
    }
    case "MessageDeleted": {
      const deletion = { deletedBy: userId, deletedAt: event.changedAt };
      return { type: "messageDeleted", channelId: CHANNEL, seq, messageId, ...deletion };
    }
  }
}

function messageOf({ senderId, ...row }: Row): Message {
  const sender = { userId: senderId, displayName: senderId };
  const none = { reactions: [], traceId: null, mentions: null, unreadable: false };
  return { channelId: CHANNEL, ...row, sender, ...none };
}

function user(userId: string) {
  return { userId, username: userId, displayName: userId, status: "online", lastSeenAt: null };
}

function errorFrame(
  code: ErrorCode,
  frame: Exclude<ClientFrame, { action: "ping" | "startTyping" }>,
): Extract<ServerFrame, { type: "error" }> {
  const { action, channelId } = frame;
  const answered = "seq" in frame ? { seq: frame.seq } : { clientMessageId: frame.clientMessageId };
  return { type: "error", code, message: code, action, channelId, ...answered };
}

/** The part of a response that the client reads. */
function response(body: unknown): Response {
  return {
    ok: true,
    status: 200,
    headers: { get: () => null },
    json: async () => body,
  } as unknown as Response;
}
