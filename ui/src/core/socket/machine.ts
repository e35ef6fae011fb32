/**
 * When to open, keep, replace and give up a socket, as a pure machine: events in, effects out. It knows no
 * WebSocket, no clock and no network; `connection.ts` carries its effects out.
 *
 * At most one socket is current. While its successor is prepared (`next`) the current one stays in use, and a
 * replaced one lingers for a moment, so that no frame falls between the two. Frames may then come twice.
 */
import { backoff } from "./backoff";

export const PING_EVERY_MS = 4 * 60_000;
export const PONG_WITHIN_MS = 5_000;
export const OPEN_WITHIN_MS = 15_000;
export const LINGER_MS = 5_000;
/** API Gateway cuts a connection at 2 hours. Everybody's rotation at another moment, well before. */
export const ROTATE_AFTER_MS = 105 * 60_000;
export const ROTATE_SPREAD_MS = 10 * 60_000;
/** A session's last moments are not worth using: take over with a fresh one before. */
export const SESSION_MARGIN_MS = 60_000;

export type ConnectionStatus = "stopped" | "connecting" | "open" | "reconnecting" | "offline";

export interface Machine {
  readonly wanted: boolean;
  /** What the browser believes. A hint: a stage on this very machine is there without any network. */
  readonly network: boolean;
  readonly current: number | null;
  /** A ping is out, and nothing has been heard since. */
  readonly doubted: boolean;
  readonly next: {
    readonly id: number;
    readonly stage: "ticket" | "opening";
    readonly sessionEndsIn: number;
  } | null;
  readonly lingering: readonly number[];
  /** Tries that failed since a socket last opened. */
  readonly attempt: number;
  readonly everOpen: boolean;
  readonly lastId: number;
}

export type TimerName = "retry" | "opening" | "ping" | "pong" | "rotate" | "linger";

export type MachineEvent =
  | { readonly type: "start" }
  | { readonly type: "stop" }
  | { readonly type: "networkLost" }
  | { readonly type: "networkBack" }
  /** The page is looked at again, or an answer is overdue: is the socket still alive? */
  | { readonly type: "doubt" }
  /** The server says that the session behind the socket has ended. */
  | { readonly type: "sessionRefused" }
  | { readonly type: "ticket"; readonly id: number; readonly ticket: string; readonly sessionEndsIn: number }
  | { readonly type: "ticketFailed"; readonly id: number; readonly signedOut: boolean }
  | { readonly type: "opened"; readonly id: number }
  | { readonly type: "closed"; readonly id: number }
  | { readonly type: "heard"; readonly id: number }
  | { readonly type: "timer"; readonly name: TimerName };

export type Effect =
  | { readonly do: "fetchTicket"; readonly id: number; readonly fresh: boolean }
  | { readonly do: "open"; readonly id: number; readonly ticket: string }
  | { readonly do: "close"; readonly id: number }
  | { readonly do: "ping"; readonly id: number }
  | { readonly do: "setTimer"; readonly name: TimerName; readonly after: number }
  | { readonly do: "clearTimer"; readonly name: TimerName }
  /** A new socket is in use: fetch whatever the old one may have missed. */
  | { readonly do: "resume"; readonly id: number };

export interface Step {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

export const stopped: Machine = {
  wanted: false,
  network: true,
  current: null,
  doubted: false,
  next: null,
  lingering: [],
  attempt: 0,
  everOpen: false,
  lastId: 0,
};

export function statusOf(machine: Machine): ConnectionStatus {
  if (!machine.wanted) return "stopped";
  if (machine.current !== null) return "open";
  if (!machine.network) return "offline";
  return machine.everOpen ? "reconnecting" : "connecting";
}

export function step(machine: Machine, event: MachineEvent, random: () => number): Step {
  switch (event.type) {
    case "start":
      if (machine.wanted) return same(machine);
      return prepare({ ...machine, wanted: true }, false);

    case "stop":
      return {
        machine: { ...stopped, network: machine.network, lastId: machine.lastId },
        effects: [...clearAll, ...closeAll(machine)],
      };

    case "networkLost":
      // The socket may outlive a short break, so it is not closed: a ping will tell.
      return machine.current === null
        ? same({ ...machine, network: false })
        : doubt({ ...machine, network: false });

    case "networkBack":
      return doubt({ ...machine, network: true, attempt: 0 });

    case "doubt":
      return doubt(machine);

    case "sessionRefused":
      return machine.current === null || machine.next !== null ? same(machine) : prepare(machine, true);

    case "ticket":
      if (machine.next?.id !== event.id) return same(machine);
      return {
        machine: { ...machine, next: { id: event.id, stage: "opening", sessionEndsIn: event.sessionEndsIn } },
        effects: [{ do: "open", id: event.id, ticket: event.ticket }],
      };

    case "ticketFailed":
      if (machine.next?.id !== event.id) return same(machine);
      if (event.signedOut) return step(machine, { type: "stop" }, random);
      return failed({ ...machine, next: null }, random);

    case "opened":
      return machine.next?.id === event.id ? takeOver(machine, machine.next, random) : same(machine);

    case "closed":
      if (machine.next?.id === event.id) return failed({ ...machine, next: null }, random);
      if (machine.current === event.id) return lost(machine, random);
      return same({ ...machine, lingering: machine.lingering.filter((id) => id !== event.id) });

    case "heard":
      if (machine.current !== event.id || !machine.doubted) return same(machine);
      return { machine: { ...machine, doubted: false }, effects: [{ do: "clearTimer", name: "pong" }] };

    case "timer":
      return timer(machine, event.name, random);
  }
}

function timer(machine: Machine, name: TimerName, random: () => number): Step {
  switch (name) {
    case "retry":
    case "rotate":
      return machine.next === null ? prepare(machine, name === "rotate") : same(machine);

    case "opening": {
      if (machine.next === null) return same(machine);
      const late = machine.next.id;
      const after = failed({ ...machine, next: null }, random);
      return { machine: after.machine, effects: [{ do: "close", id: late }, ...after.effects] };
    }

    case "ping": {
      const checked = doubt(machine);
      return {
        machine: checked.machine,
        effects: [...checked.effects, { do: "setTimer", name: "ping", after: PING_EVERY_MS }],
      };
    }

    case "pong": {
      if (machine.current === null) return same(machine);
      const dead = machine.current;
      const after = lost(machine, random);
      return { machine: after.machine, effects: [{ do: "close", id: dead }, ...after.effects] };
    }

    case "linger":
      return {
        machine: { ...machine, lingering: [] },
        effects: machine.lingering.map((id) => ({ do: "close", id })),
      };
  }
}

/** Begin a new socket: a ticket first. Nothing to do while one is on its way or nobody wants one. */
function prepare(machine: Machine, fresh: boolean): Step {
  if (!machine.wanted || machine.next !== null) return same(machine);
  const id = machine.lastId + 1;
  return {
    machine: {
      ...machine,
      lastId: id,
      next: { id, stage: "ticket", sessionEndsIn: Number.POSITIVE_INFINITY },
    },
    effects: [
      { do: "clearTimer", name: "retry" },
      { do: "setTimer", name: "opening", after: OPEN_WITHIN_MS },
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
    // A session that is all but over when it begins is renewed at a pace, not in a loop.
    { do: "setTimer", name: "rotate", after: Math.max(lifetime, SESSION_MARGIN_MS / 2) },
    { do: "resume", id: next.id },
  ];
  if (replaced.length > 0) effects.push({ do: "setTimer", name: "linger", after: LINGER_MS });
  return {
    machine: {
      ...machine,
      current: next.id,
      doubted: false,
      next: null,
      attempt: 0,
      everOpen: true,
      lingering: [...machine.lingering, ...replaced],
    },
    effects,
  };
}

/** The current socket is gone. Its successor, if one is on its way, goes on. */
function lost(machine: Machine, random: () => number): Step {
  const after = { ...machine, current: null, doubted: false };
  const silence: Effect[] = (["ping", "pong", "rotate"] as const).map((name) => ({ do: "clearTimer", name }));
  if (after.next !== null || !after.wanted) return { machine: after, effects: silence };
  return {
    machine: after,
    effects: [...silence, { do: "setTimer", name: "retry", after: backoff(0, random()) }],
  };
}

/** A try did not lead to an open socket: wait, longer each time. */
function failed(machine: Machine, random: () => number): Step {
  const effects: Effect[] = [{ do: "clearTimer", name: "opening" }];
  if (machine.wanted)
    effects.push({ do: "setTimer", name: "retry", after: backoff(machine.attempt, random()) });
  return { machine: { ...machine, attempt: machine.attempt + 1 }, effects };
}

function doubt(machine: Machine): Step {
  if (machine.current !== null) {
    if (machine.doubted) return same(machine);
    return {
      machine: { ...machine, doubted: true },
      effects: [
        { do: "ping", id: machine.current },
        { do: "setTimer", name: "pong", after: PONG_WITHIN_MS },
      ],
    };
  }
  // Somebody is looking: do not make them wait for the end of a long back-off.
  return machine.next === null
    ? prepare({ ...machine, attempt: Math.min(machine.attempt, 1) }, false)
    : same(machine);
}

const clearAll: readonly Effect[] = (["retry", "opening", "ping", "pong", "rotate", "linger"] as const).map(
  (name) => ({
    do: "clearTimer",
    name,
  }),
);

function closeAll(machine: Machine): Effect[] {
  const ids = [machine.current, machine.next?.id ?? null, ...machine.lingering];
  return ids.filter((id) => id !== null).map((id) => ({ do: "close", id }));
}

function same(machine: Machine): Step {
  return { machine, effects: [] };
}
