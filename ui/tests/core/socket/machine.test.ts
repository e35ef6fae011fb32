import { describe, expect, test } from "vitest";
import { backoff } from "../../../src/core/socket/backoff";
import {
  CLOCK_JUMP_MS,
  type Effect,
  IDLE_LIMIT_MS,
  LINGER_MS,
  type Machine,
  type MachineEvent,
  PING_EVERY_MS,
  ROTATE_AFTER_MS,
  ROTATE_SPREAD_MS,
  SESSION_MARGIN_MS,
  SETTLED_AFTER_MS,
  statusOf,
  step,
  stopped,
} from "../../../src/core/socket/machine";

const HOUR = 3_600_000;

/** Runs events through the machine and records its effects. */
function run(events: readonly MachineEvent[], from: Machine = stopped, random = () => 0.5) {
  let machine = from;
  const effects: Effect[] = [];
  for (const event of events) {
    const next = step(machine, event, random);
    machine = next.machine;
    effects.push(...next.effects);
  }
  return { machine, effects, done: (name: Effect["do"]) => effects.filter((effect) => effect.do === name) };
}

const opening: MachineEvent[] = [
  { type: "start" },
  { type: "ticket", id: 1, ticket: "t1", sessionEndsIn: 12 * HOUR },
  { type: "opened", id: 1 },
];
const open = run(opening).machine;

function timerOf(effects: readonly Effect[], name: string): number | undefined {
  const found = effects.findLast((effect) => effect.do === "setTimer" && effect.name === name);
  return found?.do === "setTimer" ? found.after : undefined;
}

describe("opening", () => {
  test("requests a ticket, opens with it, and resumes when open", () => {
    const { machine, effects } = run(opening);
    expect(statusOf(machine)).toBe("open");
    expect(effects.filter((effect) => effect.do !== "setTimer" && effect.do !== "clearTimer")).toEqual([
      { do: "fetchTicket", id: 1, fresh: false },
      { do: "open", id: 1, ticket: "t1" },
      { do: "resume", id: 1 },
      { do: "backfill", id: 1, wasInterrupted: false },
    ]);
    expect(timerOf(effects, "ping")).toBe(PING_EVERY_MS);
  });

  test("starting twice opens once", () => {
    expect(run([{ type: "start" }, { type: "start" }]).done("fetchTicket")).toHaveLength(1);
  });

  test("a late ticket opens nothing", () => {
    const { done } = run([
      { type: "start" },
      { type: "timer", name: "opening" },
      { type: "ticket", id: 1, ticket: "late", sessionEndsIn: HOUR },
    ]);
    expect(done("open")).toEqual([]);
  });

  test("backs off after each failure, with jitter", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoff(attempt, 0.999));
    for (const [index, wait] of waits.entries())
      if (index > 0) expect(wait).toBeGreaterThanOrEqual(waits[index - 1] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
    expect(backoff(5, 0)).toBeLessThan(backoff(5, 0.9));
  });

  test("stops without a session", () => {
    const { machine, effects } = run([{ type: "start" }, { type: "ticketFailed", id: 1, signedOut: true }]);
    expect(statusOf(machine)).toBe("stopped");
    expect(timerOf(effects, "retry")).toBeUndefined();
  });
});

describe("staying", () => {
  test("an unanswered ping closes the socket and opens another", () => {
    const { machine, done } = run(
      [
        { type: "timer", name: "ping" },
        { type: "timer", name: "pong" },
        { type: "timer", name: "retry" },
      ],
      open,
    );
    expect(done("ping")).toEqual([{ do: "ping", id: 1 }]);
    expect(done("close")).toEqual([{ do: "close", id: 1 }]);
    expect(done("fetchTicket")).toEqual([{ do: "fetchTicket", id: 2, fresh: false }]);
    expect(statusOf(machine)).toBe("reconnecting");
  });

  test("any frame answers a ping", () => {
    const { machine, effects } = run([{ type: "checkAlive" }, { type: "received", id: 1 }], open);
    expect(effects.at(-1)).toEqual({ do: "clearTimer", name: "pong" });
    expect(machine.awaitingPong).toBe(false);
  });

  test("a second check does not extend the timeout of the first", () => {
    const { effects } = run([{ type: "checkAlive" }, { type: "checkAlive" }, { type: "checkAlive" }], open);
    expect(effects.filter((effect) => effect.do === "setTimer" && effect.name === "pong")).toHaveLength(1);
  });

  test("a browser that reports offline does not close a socket that answers", () => {
    const { machine } = run([{ type: "offline" }, { type: "received", id: 1 }], open);
    expect(statusOf(machine)).toBe("open");
  });

  test("offline and reconnecting are distinguished", () => {
    expect(statusOf(run([{ type: "offline" }, { type: "timer", name: "pong" }], open).machine)).toBe(
      "offline",
    );
    expect(statusOf(run([{ type: "closed", id: 1 }], open).machine)).toBe("reconnecting");
  });

  test("the online event ends the back-off", () => {
    const { done } = run([{ type: "closed", id: 1 }, { type: "online" }], open);
    expect(done("fetchTicket")).toHaveLength(1);
  });
});

describe("a computer that slept", () => {
  const ticking = run([{ type: "tick", at: 0 }], open).machine;
  const tickAt = (ms: number) => run([{ type: "tick", at: ms }], ticking);

  test("for a while pings its socket at once", () => {
    expect(tickAt(CLOCK_JUMP_MS).effects).toEqual([]);
    expect(tickAt(CLOCK_JUMP_MS + 1).done("ping")).toEqual([{ do: "ping", id: 1 }]);
    // A clock that was set back is no sleep.
    expect(tickAt(-HOUR).effects).toEqual([]);
  });

  test("for longer than the idle limit replaces its socket at once", () => {
    const { machine, done } = tickAt(IDLE_LIMIT_MS);
    expect(done("close")).toEqual([{ do: "close", id: 1 }]);
    expect(done("fetchTicket")).toEqual([{ do: "fetchTicket", id: 2, fresh: false }]);
    expect(statusOf(machine)).toBe("reconnecting");
  });

  test("starts a pending attempt again", () => {
    const { done } = run(
      [
        { type: "timer", name: "rotate" },
        { type: "tick", at: 8 * HOUR },
      ],
      ticking,
    );
    expect(done("close").map((effect) => "id" in effect && effect.id)).toEqual([2, 1]);
    expect(done("fetchTicket").map((effect) => "id" in effect && effect.id)).toEqual([2, 3]);
  });
});

describe("the user is back", () => {
  test.each([{ type: "woke" }, { type: "online" }] as const)("$type pings, or ends the back-off", (event) => {
    expect(run([event], open).done("ping")).toHaveLength(1);
    expect(run([{ type: "closed", id: 1 }, event], open).done("fetchTicket")).toHaveLength(1);
  });

  test("the online event replaces an attempt that may hang on the lost network", () => {
    const { done } = run([{ type: "closed", id: 1 }, { type: "woke" }, { type: "online" }], open);
    expect(done("close")).toEqual([{ do: "close", id: 2 }]);
    expect(done("fetchTicket").map((effect) => "id" in effect && effect.id)).toEqual([2, 3]);
  });

  test("an overdue answer does not end the back-off", () => {
    const { done } = run([{ type: "closed", id: 1 }, { type: "checkAlive" }], open);
    expect(done("fetchTicket")).toEqual([]);
  });
});

describe("sockets that close as soon as they are open", () => {
  /** The waits before each of the next attempts. */
  function waits(between: readonly MachineEvent[]): number[] {
    let machine = open;
    return [1, 2, 3, 4, 5, 6].map((id) => {
      const lost = run([{ type: "closed", id }], machine);
      machine = run(
        [
          { type: "timer", name: "retry" },
          { type: "ticket", id: id + 1, ticket: "t", sessionEndsIn: HOUR },
          { type: "opened", id: id + 1 },
          ...between,
        ],
        lost.machine,
      ).machine;
      return timerOf(lost.effects, "retry") ?? 0;
    });
  }

  test("back off longer each time", () => {
    expect(waits([])).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000]);
  });

  test("start again after a socket was open for a while", () => {
    expect(waits([{ type: "timer", name: "stable" }])).toEqual([375, 375, 375, 375, 375, 375]);
  });

  test("backfill at the first return, later only when the socket stays open", () => {
    const returned: MachineEvent[] = [
      { type: "ticket", id: 2, ticket: "t", sessionEndsIn: HOUR },
      { type: "opened", id: 2 },
    ];
    const lost: MachineEvent[] = [
      { type: "closed", id: 1 },
      { type: "timer", name: "retry" },
    ];
    expect(run([...lost, ...returned], open).done("backfill")).toHaveLength(1);
    const again = run([...lost, ...returned], { ...open, attempt: 1 });
    expect(again.done("backfill")).toEqual([]);
    expect(timerOf(again.effects, "settled")).toBe(SETTLED_AFTER_MS);
    expect(run([{ type: "timer", name: "settled" }], again.machine).done("backfill")).toHaveLength(1);
  });
});

describe("a backfill assumes that frames were missed,", () => {
  const missed = (...events: MachineEvent[]) => {
    const returned: MachineEvent[] = [
      { type: "ticket", id: 2, ticket: "t", sessionEndsIn: HOUR },
      { type: "opened", id: 2 },
    ];
    return run([...events, ...returned], open).done("backfill");
  };

  test("not when a socket replaces one that works", () => {
    expect(missed({ type: "timer", name: "rotate" })).toEqual([
      { do: "backfill", id: 2, wasInterrupted: false },
    ]);
  });

  test("when it follows one that was lost", () => {
    expect(missed({ type: "closed", id: 1 }, { type: "timer", name: "retry" })).toEqual([
      { do: "backfill", id: 2, wasInterrupted: true },
    ]);
  });

  test("when it replaces one that does not answer", () => {
    expect(missed({ type: "timer", name: "rotate" }, { type: "checkAlive" })).toEqual([
      { do: "backfill", id: 2, wasInterrupted: true },
    ]);
  });
});

describe("rotation", () => {
  test("happens before the 2-hour limit, with jitter", () => {
    const early = timerOf(run(opening, stopped, () => 0).effects, "rotate") ?? 0;
    const late = timerOf(run(opening, stopped, () => 0.999).effects, "rotate") ?? 0;
    expect(early).toBe(ROTATE_AFTER_MS);
    expect(late).toBeGreaterThan(early);
    expect(ROTATE_AFTER_MS + ROTATE_SPREAD_MS).toBeLessThan(2 * HOUR);
  });

  test("happens before the session ends", () => {
    const { effects } = run([
      { type: "start" },
      { type: "ticket", id: 1, ticket: "t", sessionEndsIn: HOUR },
      { type: "opened", id: 1 },
    ]);
    expect(timerOf(effects, "rotate")).toBe(HOUR - SESSION_MARGIN_MS);
  });

  test("renews the session, takes over, and closes the old socket after a short delay", () => {
    const rotating = run([{ type: "timer", name: "rotate" }], open);
    expect(rotating.done("fetchTicket")).toEqual([{ do: "fetchTicket", id: 2, fresh: true }]);
    expect(statusOf(rotating.machine)).toBe("open");

    const over = run(
      [
        { type: "ticket", id: 2, ticket: "t2", sessionEndsIn: HOUR },
        { type: "opened", id: 2 },
      ],
      rotating.machine,
    );
    expect(over.machine.current).toBe(2);
    expect(over.done("close")).toEqual([]);
    expect(timerOf(over.effects, "linger")).toBe(LINGER_MS);
    expect(run([{ type: "timer", name: "linger" }], over.machine).done("close")).toEqual([
      { do: "close", id: 1 },
    ]);
  });

  test("keeps the current socket if it fails", () => {
    const { machine, done } = run(
      [
        { type: "timer", name: "rotate" },
        { type: "ticketFailed", id: 2, signedOut: false },
      ],
      open,
    );
    expect(machine.current).toBe(1);
    expect(done("close")).toEqual([]);
  });

  test("a session that the server rejects is renewed immediately and once", () => {
    const { done } = run([{ type: "sessionExpired" }, { type: "sessionExpired" }], open);
    expect(done("fetchTicket")).toEqual([{ do: "fetchTicket", id: 2, fresh: true }]);
  });

  test("the old socket closing during a rotation changes nothing", () => {
    const { machine, done } = run(
      [
        { type: "timer", name: "rotate" },
        { type: "ticket", id: 2, ticket: "t2", sessionEndsIn: HOUR },
        { type: "closed", id: 1 },
        { type: "opened", id: 2 },
      ],
      open,
    );
    expect(machine.current).toBe(2);
    expect(done("fetchTicket")).toHaveLength(1);
  });
});

test("stopping closes every socket", () => {
  const { machine } = run(
    [
      { type: "timer", name: "rotate" },
      { type: "ticket", id: 2, ticket: "t2", sessionEndsIn: HOUR },
      { type: "opened", id: 2 },
    ],
    open,
  );
  const ended = run([{ type: "stop" }], machine);
  expect(ended.done("close").map((effect) => "id" in effect && effect.id)).toEqual([2, 1]);
  expect(statusOf(ended.machine)).toBe("stopped");
});

describe("cooling down", () => {
  const closed: MachineEvent[] = [
    { type: "coolDown", after: 30_000 },
    { type: "closed", id: 1 },
  ];

  test("the next socket waits as long as the server says, even if the user is active", () => {
    const { machine, effects, done } = run([...closed, { type: "online" }, { type: "checkAlive" }], open);
    expect(timerOf(effects, "retry")).toBeGreaterThan(30_000);
    expect(done("fetchTicket")).toEqual([]);
    expect(statusOf(machine)).toBe("reconnecting");
    const after = run([{ type: "timer", name: "retry" }], machine);
    expect(after.done("fetchTicket")).toHaveLength(1);
  });

  test("a refused ticket says when to ask again", () => {
    const refused: MachineEvent = { type: "ticketFailed", id: 1, signedOut: false, retryAfter: 20_000 };
    const { machine, effects } = run([{ type: "start" }, refused, { type: "checkAlive" }]);
    expect(timerOf(effects, "retry")).toBeGreaterThan(20_000);
    expect(machine.next).toBeNull();
  });

  test("a sleep that ends before does not shorten it, and a longer one does", () => {
    const waiting = run(
      [
        { type: "tick", at: 0 },
        { type: "coolDown", after: 2 * CLOCK_JUMP_MS },
        { type: "closed", id: 1 },
      ],
      open,
    ).machine;
    const short = run([{ type: "tick", at: 2 * CLOCK_JUMP_MS - 1 }, { type: "woke" }], waiting);
    expect(short.done("fetchTicket")).toEqual([]);
    expect(statusOf(short.machine)).toBe("reconnecting");
    const long = run([{ type: "tick", at: 2 * CLOCK_JUMP_MS }], waiting);
    expect(long.done("fetchTicket")).toHaveLength(1);
  });

  test("it ends with the next socket", () => {
    const { machine } = run([...closed, { type: "timer", name: "retry" }], open);
    const reopened = run(
      [
        { type: "ticket", id: 2, ticket: "t2", sessionEndsIn: HOUR },
        { type: "opened", id: 2 },
        { type: "closed", id: 2 },
      ],
      machine,
    );
    expect(timerOf(reopened.effects, "retry")).toBeLessThan(1_000);
  });
});

describe("an interruption while the socket is being replaced", () => {
  const rotating: MachineEvent[] = [
    { type: "tick", at: 1_000 },
    { type: "timer", name: "rotate" },
  ];

  test.each<[string, MachineEvent]>([
    ["a short sleep", { type: "tick", at: 1_000 + CLOCK_JUMP_MS + 1 }],
    ["a network that comes back", { type: "online" }],
  ])("%s begins the replacement again, and keeps the socket", (_, event) => {
    const { machine, effects } = run([...rotating, event], open);
    expect(machine.current).toBe(1);
    expect(machine.next?.id).toBe(3);
    expect(effects).toContainEqual({ do: "close", id: 2 });
    expect(effects.filter((effect) => effect.do === "fetchTicket")).toEqual([
      { do: "fetchTicket", id: 2, fresh: true },
      { do: "fetchTicket", id: 3, fresh: true },
    ]);
    expect(effects).toContainEqual({ do: "ping", id: 1 });
  });

  test("a long sleep opens one socket in place of both", () => {
    const { machine, done } = run([...rotating, { type: "tick", at: 1_000 + IDLE_LIMIT_MS }], open);
    expect(machine.current).toBeNull();
    expect(machine.next?.id).toBe(3);
    expect(done("fetchTicket")).toHaveLength(2);
  });
});
