/**
 * When to open, keep, replace and close a socket, as a pure state machine: events in, effects out. `connection.ts`
 * executes the effects.
 *
 * At most one socket is current. It stays in use while the next one opens (`next`), and remains open for a short time
 * after it is replaced, so that no frame is lost between the two. Frames may then arrive twice.
 */
import { backoff } from "./backoff";

export const PING_EVERY_MS = 4 * 60_000;
export const PONG_TIMEOUT_MS = 5_000;
export const OPEN_TIMEOUT_MS = 15_000;
export const LINGER_MS = 5_000;
/** The back-off starts again from its first step after a socket was open for this long. */
export const STABLE_AFTER_MS = 30_000;
/** After repeated interruptions, a socket that has been open for this long is worth a backfill. */
export const SETTLED_AFTER_MS = 2_000;
/** A clock that advances by more than this between two ticks has jumped: the computer slept. Hidden tabs tick each minute. */
export const CLOCK_JUMP_MS = 75_000;
/** API Gateway closes a connection that was idle for this long: after such a sleep the socket is replaced unasked. */
export const IDLE_LIMIT_MS = 10 * 60_000;
/** API Gateway closes a connection after 2 hours. Clients rotate before, with jitter. */
export const ROTATE_AFTER_MS = 105 * 60_000;
export const ROTATE_SPREAD_MS = 10 * 60_000;
/** A socket is replaced this long before its session ends. */
export const SESSION_MARGIN_MS = 60_000;

export type ConnectionStatus = "stopped" | "connecting" | "open" | "reconnecting" | "offline";

export interface Machine {
  readonly started: boolean;
  /** As reported by the browser. Only a hint: a local stage is reachable without a network. */
  readonly online: boolean;
  readonly current: number | null;
  /** A ping was sent and nothing has been received since. */
  readonly awaitingPong: boolean;
  readonly next: {
    readonly id: number;
    readonly stage: "ticket" | "opening";
    readonly sessionEndsIn: number;
  } | null;
  readonly lingering: readonly number[];
  /** Failed attempts and lost sockets since a socket was last open for a while. */
  readonly attempt: number;
  /** The client's time of the last tick, in ms. */
  readonly tickedAt: number | null;
  readonly hasBeenOpen: boolean;
  readonly lastId: number;
  /** The server accepts no further socket for this long (ms). 0: it does. */
  readonly coolDown: number;
}

export type TimerName = "retry" | "opening" | "ping" | "pong" | "rotate" | "linger" | "settled" | "stable";

export type MachineEvent =
  | { readonly type: "start" }
  | { readonly type: "stop" }
  | { readonly type: "offline" }
  | { readonly type: "online" }
  /** An answer is overdue: check whether the socket is alive. */
  | { readonly type: "checkAlive" }
  /** The user is back: the page became visible or was restored. */
  | { readonly type: "woke" }
  /** About once a second, while timers run. */
  | { readonly type: "tick"; readonly at: number }
  /** The server reported that the session of the socket has ended. */
  | { readonly type: "sessionExpired" }
  /** The server closes the socket and accepts the next one after this time (ms). */
  | { readonly type: "coolDown"; readonly after: number }
  | { readonly type: "ticket"; readonly id: number; readonly ticket: string; readonly sessionEndsIn: number }
  | {
      readonly type: "ticketFailed";
      readonly id: number;
      readonly signedOut: boolean;
      /** When the server issues a ticket, in ms. 0: unknown. */
      readonly retryAfter?: number;
    }
  | { readonly type: "opened"; readonly id: number }
  | { readonly type: "closed"; readonly id: number }
  | { readonly type: "received"; readonly id: number }
  | { readonly type: "timer"; readonly name: TimerName };

export type Effect =
  | { readonly do: "fetchTicket"; readonly id: number; readonly fresh: boolean }
  | { readonly do: "open"; readonly id: number; readonly ticket: string }
  | { readonly do: "close"; readonly id: number }
  | { readonly do: "ping"; readonly id: number }
  | { readonly do: "setTimer"; readonly name: TimerName; readonly after: number }
  | { readonly do: "clearTimer"; readonly name: TimerName }
  /** A new socket is in use: frames in flight may be lost. */
  | { readonly do: "resume"; readonly id: number }
  /** It stays open: fetch what was missed. If it replaced a socket that still worked, that is nothing, as far as is known. */
  | { readonly do: "backfill"; readonly id: number; readonly wasInterrupted: boolean };

export interface Step {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

export const stopped: Machine = {
  started: false,
  online: true,
  current: null,
  awaitingPong: false,
  next: null,
  lingering: [],
  attempt: 0,
  tickedAt: null,
  hasBeenOpen: false,
  lastId: 0,
  coolDown: 0,
};

export function statusOf(machine: Machine): ConnectionStatus {
  if (!machine.started) return "stopped";
  if (machine.current !== null) return "open";
  if (!machine.online) return "offline";
  return machine.hasBeenOpen ? "reconnecting" : "connecting";
}

export function step(machine: Machine, event: MachineEvent, random: () => number): Step {
  switch (event.type) {
    case "start":
      if (machine.started) return unchanged(machine);
      return openNext({ ...machine, started: true }, false);

    case "stop":
      return {
        machine: { ...stopped, online: machine.online, lastId: machine.lastId },
        effects: [...clearAll, ...closeAll(machine)],
      };

    case "offline":
      // The socket may survive a short interruption: check it with a ping.
      return checkAlive({ ...machine, online: false });

    case "online":
      if (machine.coolDown > 0) return unchanged({ ...machine, online: true });
      return wakeAfresh({ ...machine, online: true, attempt: 0 });

    case "checkAlive":
      return checkAlive(machine);

    case "woke":
      return wake(unchanged(machine));

    case "tick":
      return tick(machine, event.at);

    case "sessionExpired":
      return machine.current === null || machine.next !== null ? unchanged(machine) : openNext(machine, true);

    case "coolDown":
      return unchanged({ ...machine, coolDown: event.after });

    case "ticket":
      if (machine.next?.id !== event.id) return unchanged(machine);
      return {
        machine: { ...machine, next: { id: event.id, stage: "opening", sessionEndsIn: event.sessionEndsIn } },
        effects: [{ do: "open", id: event.id, ticket: event.ticket }],
      };

    case "ticketFailed":
      if (machine.next?.id !== event.id) return unchanged(machine);
      if (event.signedOut) return step(machine, { type: "stop" }, random);
      return attemptFailed({ ...machine, next: null, coolDown: event.retryAfter ?? 0 }, random);

    case "opened":
      return machine.next?.id === event.id ? takeOver(machine, machine.next, random) : unchanged(machine);

    case "closed":
      if (machine.next?.id === event.id) return attemptFailed({ ...machine, next: null }, random);
      if (machine.current === event.id) return connectionLost(machine, random);
      return unchanged({ ...machine, lingering: machine.lingering.filter((id) => id !== event.id) });

    case "received":
      if (machine.current !== event.id || !machine.awaitingPong) return unchanged(machine);
      return { machine: { ...machine, awaitingPong: false }, effects: [{ do: "clearTimer", name: "pong" }] };

    case "timer":
      return timer(machine, event.name, random);
  }
}

function timer(machine: Machine, name: TimerName, random: () => number): Step {
  switch (name) {
    case "retry":
    case "rotate":
      return machine.next === null
        ? openNext({ ...machine, coolDown: 0 }, name === "rotate")
        : unchanged(machine);

    case "opening": {
      if (machine.next === null) return unchanged(machine);
      const late = machine.next.id;
      const after = attemptFailed({ ...machine, next: null }, random);
      return { machine: after.machine, effects: [{ do: "close", id: late }, ...after.effects] };
    }

    case "ping": {
      const checked = checkAlive(machine);
      return {
        machine: checked.machine,
        effects: [...checked.effects, { do: "setTimer", name: "ping", after: PING_EVERY_MS }],
      };
    }

    case "pong": {
      if (machine.current === null) return unchanged(machine);
      const dead = machine.current;
      const after = connectionLost(machine, random);
      return { machine: after.machine, effects: [{ do: "close", id: dead }, ...after.effects] };
    }

    case "settled":
      return machine.current === null
        ? unchanged(machine)
        : { machine, effects: [{ do: "backfill", id: machine.current, wasInterrupted: true }] };

    case "stable":
      return unchanged({ ...machine, attempt: 0 });

    case "linger":
      return {
        machine: { ...machine, lingering: [] },
        effects: machine.lingering.map((id) => ({ do: "close", id })),
      };
  }
}

/** Start to open a socket, with a ticket first, unless one is opening or the machine is stopped. */
function openNext(machine: Machine, fresh: boolean): Step {
  if (!machine.started || machine.next !== null) return unchanged(machine);
  const id = machine.lastId + 1;
  return {
    machine: {
      ...machine,
      lastId: id,
      next: { id, stage: "ticket", sessionEndsIn: Number.POSITIVE_INFINITY },
    },
    effects: [
      { do: "clearTimer", name: "retry" },
      { do: "setTimer", name: "opening", after: OPEN_TIMEOUT_MS },
      { do: "fetchTicket", id, fresh },
    ],
  };
}

function takeOver(machine: Machine, next: NonNullable<Machine["next"]>, random: () => number): Step {
  const replaced = machine.current === null ? [] : [machine.current];
  const lifetime = Math.min(
    ROTATE_AFTER_MS + ROTATE_SPREAD_MS * random(),
    next.sessionEndsIn - SESSION_MARGIN_MS,
  );
  const effects: Effect[] = [
    { do: "clearTimer", name: "opening" },
    { do: "clearTimer", name: "pong" },
    { do: "setTimer", name: "ping", after: PING_EVERY_MS },
    // The minimum prevents a loop if the session is about to end.
    { do: "setTimer", name: "rotate", after: Math.max(lifetime, SESSION_MARGIN_MS / 2) },
    { do: "setTimer", name: "stable", after: STABLE_AFTER_MS },
    { do: "resume", id: next.id },
    // A socket that is lost at once, again and again, must not cause requests each time.
    machine.attempt > 1
      ? { do: "setTimer", name: "settled", after: SETTLED_AFTER_MS }
      : { do: "backfill", id: next.id, wasInterrupted: wasInterrupted(machine) },
  ];
  if (replaced.length > 0) effects.push({ do: "setTimer", name: "linger", after: LINGER_MS });
  return {
    machine: {
      ...machine,
      current: next.id,
      awaitingPong: false,
      next: null,
      hasBeenOpen: true,
      coolDown: 0,
      lingering: [...machine.lingering, ...replaced],
    },
    effects,
  };
}

/** Whether no socket works, as far as is known, although one did. */
function wasInterrupted({ hasBeenOpen, current, awaitingPong }: Machine): boolean {
  return hasBeenOpen && (current === null || awaitingPong);
}

/** The current socket has closed. A socket that is opening continues. */
function connectionLost(machine: Machine, random: () => number): Step {
  const after = { ...machine, current: null, awaitingPong: false };
  if (after.next !== null || !after.started) return { machine: after, effects: clearOpen };
  return {
    machine: { ...after, attempt: after.attempt + 1 },
    effects: [...clearOpen, retry(after, after.attempt, random)],
  };
}

/** Retry after the back-off, but not before the server accepts a socket. */
function retry(machine: Machine, attempt: number, random: () => number): Effect {
  return { do: "setTimer", name: "retry", after: machine.coolDown + backoff(attempt, random()) };
}

/** An attempt failed: back off. */
function attemptFailed(machine: Machine, random: () => number): Step {
  const effects: Effect[] = [{ do: "clearTimer", name: "opening" }];
  if (machine.started) effects.push(retry(machine, machine.attempt, random));
  return { machine: { ...machine, attempt: machine.attempt + 1 }, effects };
}

/** Ping the current socket, unless a ping is under way. */
function checkAlive(machine: Machine): Step {
  if (machine.current === null || machine.awaitingPong) return unchanged(machine);
  return {
    machine: { ...machine, awaitingPong: true },
    effects: [
      { do: "ping", id: machine.current },
      { do: "setTimer", name: "pong", after: PONG_TIMEOUT_MS },
    ],
  };
}

/** Ping the current socket, or open one without waiting for the end of the back-off. The server's own time is kept. */
function wake({ machine, effects }: Step): Step {
  if (machine.current === null && machine.coolDown > 0) return { machine, effects };
  const after = machine.current === null ? openNext(machine, false) : checkAlive(machine);
  return { machine: after.machine, effects: [...effects, ...after.effects] };
}

/** Detects that the computer slept. Timers may not count that time, so nothing else notices a dead socket soon. */
function tick(before: Machine, at: number): Step {
  const elapsed = before.tickedAt === null ? 0 : at - before.tickedAt;
  const machine = { ...before, tickedAt: at };
  if (elapsed <= CLOCK_JUMP_MS || elapsed < machine.coolDown) return unchanged(machine);
  const awake = { ...machine, attempt: 0, coolDown: 0 };
  if (elapsed < IDLE_LIMIT_MS || machine.current === null) return wakeAfresh(awake);
  const attempt = withoutNext(awake);
  return wake({
    machine: { ...attempt.machine, current: null, awaitingPong: false },
    effects: [...attempt.effects, ...clearOpen, { do: "close", id: machine.current }],
  });
}

/**
 * Wake, and give up an attempt to open a socket, which may hang on the network that was lost. One that was to replace
 * the current socket begins again: nothing else would replace this in time.
 */
function wakeAfresh(machine: Machine): Step {
  const woken = wake(withoutNext(machine));
  if (machine.next === null || machine.current === null) return woken;
  const replacing = openNext(woken.machine, true);
  return { machine: replacing.machine, effects: [...woken.effects, ...replacing.effects] };
}

/** Give up an attempt to open a socket. */
function withoutNext(machine: Machine): Step {
  if (machine.next === null) return unchanged(machine);
  return {
    machine: { ...machine, next: null },
    effects: [
      { do: "clearTimer", name: "opening" },
      { do: "close", id: machine.next.id },
    ],
  };
}

function clear(...names: TimerName[]): Effect[] {
  return names.map((name) => ({ do: "clearTimer", name }));
}

/** The timers of an open socket. */
const clearOpen: readonly Effect[] = clear("ping", "pong", "rotate", "settled", "stable");
const clearAll: readonly Effect[] = [...clear("retry", "opening", "linger"), ...clearOpen];

function closeAll(machine: Machine): Effect[] {
  const ids = [machine.current, machine.next?.id ?? null, ...machine.lingering];
  return ids.filter((id) => id !== null).map((id) => ({ do: "close", id }));
}

function unchanged(machine: Machine): Step {
  return { machine, effects: [] };
}
