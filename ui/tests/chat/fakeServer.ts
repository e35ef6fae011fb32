/**
 * A server that keeps the contract and misbehaves within it: it cuts sockets, delivers twice, late and in
 * another order, loses frames together with the socket, leaves holes in the sequence. Virtual time.
 */
import { vi } from "vitest";
import type { Channel, ClientFrame, Message, MessageFrame, ServerFrame, User } from "../../src/contract";

export const users: readonly User[] = ["alice", "bob"].map((username) => ({
  userId: `u-${username}`,
  username,
  displayName: username,
  status: "online",
  lastSeenAt: null,
}));

export interface Faults {
  /** Of 1: a frame is sent twice. */
  twice: number;
  /** The longest time that a frame is on its way; short and long ones overtake each other. */
  delay: number;
  /** Of 1: a socket is cut when a frame should go out, and the frame is lost. */
  cut: number;
  /** Of 1: a request fails. */
  failing: number;
  /** Of 1: a seq is used up by nothing. */
  hole: number;
  /** Of 1: an action is refused for coming too soon. */
  limited: number;
}

export const noFaults: Faults = { twice: 0, delay: 5, cut: 0, failing: 0, hole: 0, limited: 0 };

export class FakeServer {
  faults: Faults = noFaults;
  readonly log: Message[] = [];
  readonly sockets = new Set<FakeSocket>();
  reachable = true;
  opened = 0;
  lastSeq = 0;
  readSeq = 0;
  requests: string[] = [];
  /** A conversation that only a request for it tells of. */
  direct: Channel | undefined;
  #random: () => number;
  readonly #byClientId = new Map<string, Message>();

  constructor(random: () => number) {
    this.#random = random;
  }

  install(): void {
    const server = this;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => server.#request(url, init));
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor() {
          super(server);
        }
      },
    );
  }

  /** Somebody says something; everybody connected hears of it, if all goes well. */
  say(userId: string, text: string, clientMessageId: string = crypto.randomUUID()): Message {
    const known = this.#byClientId.get(userId + clientMessageId);
    if (known) return known;
    while (this.#chance(this.faults.hole)) this.lastSeq += 1;
    this.lastSeq += 1;
    const message: Message = {
      channelId: "general",
      seq: this.lastSeq,
      messageId: `m-${userId}-${clientMessageId}`,
      clientMessageId,
      sender: { userId, displayName: userId },
      text,
      sentAt: new Date().toISOString(),
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      reactions: [],
      traceId: null,
    };
    this.#byClientId.set(userId + clientMessageId, message);
    this.log.push(message);
    return message;
  }

  broadcast({ channelId, seq, messageId, clientMessageId, sender, text, sentAt }: Message): void {
    const frame: MessageFrame = {
      type: "message",
      channelId,
      seq,
      messageId,
      clientMessageId,
      sender,
      text,
      sentAt,
    };
    for (const socket of this.sockets) this.#send(socket, frame);
  }

  cutAll(): void {
    for (const socket of [...this.sockets]) socket.cut();
  }

  received(socket: FakeSocket, frame: ClientFrame): void {
    if (frame.action === "ping") this.#send(socket, { type: "pong" });
    if (frame.action !== "sendMessage") return;
    const { action, clientMessageId, text } = frame;
    if (this.#chance(this.faults.limited)) {
      this.#send(socket, {
        type: "error",
        code: "RATE_LIMITED",
        message: "Slow down.",
        action,
        clientMessageId,
        retryAfterMs: 500,
      });
      return;
    }
    const message = this.say("u-alice", text, clientMessageId);
    this.#send(socket, { type: "ack", action, clientMessageId, messageId: message.messageId });
    setTimeout(() => this.broadcast(message), 20);
  }

  #send(socket: FakeSocket, frame: ServerFrame): void {
    if (this.#chance(this.faults.cut)) {
      socket.cut();
      return;
    }
    const copies = this.#chance(this.faults.twice) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      setTimeout(() => socket.deliver(frame), 1 + this.#random() * this.faults.delay);
    }
  }

  async #request(url: string, init: RequestInit): Promise<Response> {
    await new Promise((resolve) => setTimeout(resolve, 2 + this.#random() * this.faults.delay));
    if (!this.reachable || this.#chance(this.faults.failing)) throw new TypeError("Failed to fetch");
    const { pathname, searchParams } = new URL(url, "http://localhost");
    this.requests.push(`${init.method} ${pathname}`);
    const answer = (body: unknown) =>
      new Response(JSON.stringify(body), { headers: { Date: new Date().toUTCString() } });
    switch (`${init.method} ${pathname}`) {
      case "GET /api/me":
        return answer(users[0]);
      case "GET /api/users":
        return answer({ items: users, cursor: null });
      case "GET /api/channels":
        return answer({ items: [this.#channel()], cursor: null });
      case "GET /api/channels/direct":
        return this.direct ? answer(this.direct) : new Response("{}", { status: 404 });
      case "POST /api/tickets": {
        const soon = new Date(Date.now() + 3_600_000).toISOString();
        return answer({ ticket: "t", expiresAt: soon, sessionExpiresAt: soon });
      }
      case "GET /api/channels/general/messages": {
        const limit = Number(searchParams.get("limit") ?? 50);
        const after = searchParams.get("after");
        if (after !== null) {
          const found = this.log.filter((message) => message.seq > Number(after));
          return answer({ items: found.slice(0, limit), hasMore: found.length > limit, searchedTo: null });
        }
        const before = Number(searchParams.get("before") ?? Number.POSITIVE_INFINITY);
        const found = this.log.filter((message) => message.seq < before);
        return answer({ items: found.slice(-limit), hasMore: found.length > limit, searchedTo: null });
      }
      case "PUT /api/channels/general/read-marker":
        this.readSeq = Math.max(this.readSeq, (JSON.parse(String(init.body)) as { seq: number }).seq);
        return answer({ readSeq: this.readSeq });
      default:
        return new Response("{}", { status: 404 });
    }
  }

  #channel(): Channel {
    return {
      channelId: "general",
      kind: "public",
      name: "general",
      createdAt: "2026-01-01T00:00:00.000Z",
      createdBy: "u-bob",
      memberIds: [],
      memberCount: 2,
      lastSeq: this.lastSeq,
      readSeq: this.readSeq,
      unread: this.lastSeq - this.readSeq,
      role: "member",
    };
  }

  #chance(of: number): boolean {
    return of > 0 && this.#random() < of;
  }
}

class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
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
    }, 5);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    setTimeout(() => {
      if (this.readyState === FakeSocket.OPEN) this.#server.received(this, frame);
    }, 2);
  }

  deliver(frame: ServerFrame): void {
    if (this.readyState === FakeSocket.OPEN) this.onmessage?.({ data: JSON.stringify(frame) });
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
