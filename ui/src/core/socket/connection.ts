/** Executes the effects of `machine.ts` with tickets, WebSockets, timers and browser events. Parses frames. */
import type { ClientFrame, ServerFrame } from "../contract";
import {
  type ConnectionStatus,
  type Effect,
  type MachineEvent,
  statusOf,
  step,
  stopped,
  type TimerName,
} from "./machine";

export interface ConnectionOptions {
  readonly url: string;
  /** A one-time ticket; `fresh` renews the session first. Rejects with `{code: "SIGNED_OUT"}` without a session. */
  readonly ticket: (fresh: boolean) => Promise<{ readonly ticket: string; readonly sessionEndsIn: number }>;
  readonly onFrame: (frame: ServerFrame) => void;
  readonly onStatus: (status: ConnectionStatus) => void;
  readonly onResume: () => void;
  /** Frames may have been missed. */
  readonly onBackfill: (reason: { wasInterrupted: boolean }) => void;
  readonly openSocket?: (url: string) => WebSocket;
  readonly random?: () => number;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #sockets = new Map<number, WebSocket>();
  readonly #timers = new Map<TimerName, ReturnType<typeof setTimeout>>();
  #machine = stopped;
  #status: ConnectionStatus = "stopped";

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  start(): void {
    addEventListener("online", this.#onOnline);
    addEventListener("offline", this.#onOffline);
    addEventListener("pageshow", this.#onWake);
    document.addEventListener("resume", this.#onWake);
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    if (!navigator.onLine) this.#dispatch({ type: "offline" });
    this.#dispatch({ type: "start" });
  }

  stop(): void {
    removeEventListener("online", this.#onOnline);
    removeEventListener("offline", this.#onOffline);
    removeEventListener("pageshow", this.#onWake);
    document.removeEventListener("resume", this.#onWake);
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    this.#dispatch({ type: "stop" });
  }

  get open(): boolean {
    return this.#machine.current !== null;
  }

  /** Send now or not at all. Returns whether the frame was sent. */
  send(frame: ClientFrame): boolean {
    const socket = this.#machine.current === null ? undefined : this.#sockets.get(this.#machine.current);
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** An answer is overdue: ping the socket. */
  checkAlive(): void {
    this.#dispatch({ type: "checkAlive" });
  }

  /** Called about once a second: detects that the computer slept. */
  tick(now: number): void {
    this.#dispatch({ type: "tick", at: now });
  }

  /** The server rejected the session: open a socket with a renewed one. */
  replaceSession(): void {
    this.#dispatch({ type: "sessionExpired" });
  }

  /** The server closes the socket, because too many frames were refused. */
  coolDown(after: number): void {
    this.#dispatch({ type: "coolDown", after });
  }

  #onOnline = () => this.#dispatch({ type: "online" });
  #onOffline = () => this.#dispatch({ type: "offline" });
  /** Also for `resume`, when the browser continues a tab that it had frozen. */
  #onWake = () => this.#dispatch({ type: "woke" });
  #onVisibilityChange = () => {
    if (document.visibilityState === "visible") this.#onWake();
  };

  #dispatch(event: MachineEvent): void {
    const { machine, effects } = step(this.#machine, event, this.#options.random ?? Math.random);
    this.#machine = machine;
    const status = statusOf(machine);
    if (status !== this.#status) {
      this.#status = status;
      this.#options.onStatus(status);
    }
    for (const effect of effects) this.#execute(effect);
  }

  #execute(effect: Effect): void {
    switch (effect.do) {
      case "fetchTicket":
        this.#fetchTicket(effect.id, effect.fresh);
        return;
      case "open":
        this.#openSocket(effect.id, effect.ticket);
        return;
      case "close":
        this.#discard(effect.id);
        return;
      case "ping":
        this.#sockets.get(effect.id)?.send('{"action":"ping"}');
        return;
      case "setTimer":
        clearTimeout(this.#timers.get(effect.name));
        this.#timers.set(
          effect.name,
          setTimeout(() => this.#dispatch({ type: "timer", name: effect.name }), effect.after),
        );
        return;
      case "clearTimer":
        clearTimeout(this.#timers.get(effect.name));
        this.#timers.delete(effect.name);
        return;
      case "resume":
        this.#options.onResume();
        return;
      case "backfill":
        this.#options.onBackfill(effect);
        return;
    }
  }

  async #fetchTicket(id: number, fresh: boolean): Promise<void> {
    try {
      const { ticket, sessionEndsIn } = await this.#options.ticket(fresh);
      this.#dispatch({ type: "ticket", id, ticket, sessionEndsIn });
    } catch (failure) {
      const { code, retryAfterMs } = (failure ?? {}) as { code?: unknown; retryAfterMs?: unknown };
      const retryAfter = typeof retryAfterMs === "number" ? retryAfterMs : 0;
      this.#dispatch({ type: "ticketFailed", id, signedOut: code === "SIGNED_OUT", retryAfter });
    }
  }

  #openSocket(id: number, ticket: string): void {
    const url = `${this.#options.url}?${new URLSearchParams({ ticket })}`;
    const socket = this.#options.openSocket?.(url) ?? new WebSocket(url);
    this.#sockets.set(id, socket);
    socket.onopen = () => this.#dispatch({ type: "opened", id });
    socket.onclose = () => {
      this.#sockets.delete(id);
      this.#dispatch({ type: "closed", id });
    };
    socket.onmessage = ({ data }) => {
      this.#dispatch({ type: "received", id });
      const frame = parse(data);
      if (frame) this.#options.onFrame(frame);
    };
  }

  /** Close without waiting for the server, which may not respond. */
  #discard(id: number): void {
    const socket = this.#sockets.get(id);
    if (!socket) return;
    this.#sockets.delete(id);
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }
}

/** Null if it is not a frame: API Gateway may send `{"message": "Internal server error"}`. */
function parse(data: unknown): ServerFrame | null {
  try {
    const frame: unknown = JSON.parse(String(data));
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
