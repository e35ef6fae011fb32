/** One simulated schedule: the browser's client against the model of the service, with faults, and what must hold. */
import { Chat } from "../../src/core/chat/chat";
import type { Config } from "../../src/core/config";
import type { Message } from "../../src/core/contract";
import { DELIVERY_TIMEOUT_MS } from "../../src/core/socket/outbox";
import { initialState } from "../../src/core/state/model";
import { change, store } from "../../src/core/state/store";
import { memoryStorage } from "../support/browser";
import { seeded } from "../support/random";
import { ALICE, allFaults, BOB, CHANNEL, type Fault, noFaults, ServiceModel } from "./serviceModel";
import { replaceGlobals, VirtualTime } from "./virtualTime";

const config = { apiUrl: "/api", websocketUrl: "ws://localhost/socket" } as Config;
const session = { idToken: async () => "token" };
const START = Date.UTC(2026, 0, 1);
const TURNS = 12;
/** Every so many schedules end with hours without faults. */
const WITH_HOURS = 30;
const HOURS = 5;

export interface Played {
  readonly counts: Partial<Record<Fault | Disturbance, number>>;
  /** What happened, one line each: the same for the same seed. */
  readonly trace: readonly string[];
}

type Disturbance = "cut" | "silence" | "offline" | "reload";

/** Run the schedule of a seed. Rejects with what did not hold, the seed and the last steps. */
export async function play(seed: number): Promise<Played> {
  const schedule = new Schedule(seed);
  const restore = replaceGlobals(schedule.globals());
  try {
    await schedule.run();
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new Error(`${reason}\nRepeat it: PARLEY_SCHEDULE=${seed}\n${schedule.trace.slice(-60).join("\n")}`);
  } finally {
    schedule.stop();
    restore();
  }
  return { counts: schedule.counts, trace: schedule.trace };
}

class Schedule {
  readonly #seed: number;
  readonly #time = new VirtualTime(START);
  readonly #random: () => number;
  readonly #service: ServiceModel;
  readonly #written: string[] = [];
  /** The messages of which each page has notified. A page that is loaded again does not know what the last one did. */
  readonly #notified: string[] = [];
  #pages = 0;
  readonly #disturbed: Partial<Record<Disturbance, number>> = {};
  #chat: Chat | null = null;
  #stopChecking: () => void = () => undefined;
  #broken: string | null = null;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seeded(seed);
    this.#service = new ServiceModel(this.#time, this.#random);
  }

  get trace(): readonly string[] {
    return this.#service.trace;
  }

  get counts(): Played["counts"] {
    return { ...this.#service.counts, ...this.#disturbed };
  }

  globals() {
    const time = this.#time;
    const clientRandom = seeded(this.#seed + 1_000_000);
    let ids = 0;
    const VirtualDate = class extends Date {
      static override now() {
        return time.now;
      }
    };
    return {
      setTimeout: (run: () => void, ms?: number) => time.setTimeout(run, ms),
      clearTimeout: (id: unknown) => time.clear(id),
      setInterval: (run: () => void, ms: number) => time.setInterval(run, ms),
      clearInterval: (id: unknown) => time.clear(id),
      Date: VirtualDate,
      Math: Object.create(Math, { random: { value: clientRandom } }),
      crypto: {
        randomUUID: () => {
          ids += 1;
          return `id-${ids}`;
        },
      },
      fetch: (url: string, init?: RequestInit) => this.#service.request(url, init),
      WebSocket: this.#service.socketClass(),
      AbortSignal: { timeout: () => undefined },
      localStorage: memoryStorage(),
    };
  }

  async run(): Promise<void> {
    for (let number = 0; number < 3; number += 1) this.#service.publish(this.#byBob(`before ${number}`));
    await this.#time.advance(3_000);
    await this.#open();
    this.#service.faults = allFaults;
    for (let turn = 0; turn < TURNS && this.#broken === null; turn += 1) await this.#turn(turn);
    await this.#heal();
    this.#check();
  }

  stop(): void {
    this.#close();
    change(() => initialState);
  }

  /** Open the page. If it cannot load its first data, it shows an error, and the user loads it again. */
  async #open(): Promise<void> {
    let isStarted: boolean | null = null;
    while (isStarted !== true) {
      this.#load().then(
        () => {
          isStarted = true;
        },
        () => {
          isStarted = false;
        },
      );
      for (isStarted = null; isStarted === null; ) await this.#time.advance(500);
      if (!isStarted) this.#close();
    }
    void this.#chat?.history.open(CHANNEL, "newest");
    await this.#time.advance(500);
  }

  #load(): Promise<void> {
    change(() => initialState);
    this.#service.loadPage();
    this.#chat = new Chat(config, session as never);
    this.#pages += 1;
    const page = this.#pages;
    this.#chat.onNewMessage(({ messageId }) => this.#notified.push(`${page} ${messageId}`));
    this.#stopChecking = store.subscribe((state, before) => {
      const shown = state.timelines[CHANNEL]?.messages;
      if (shown && shown !== before.timelines[CHANNEL]?.messages) this.#checkShown(shown);
    });
    return this.#chat.start();
  }

  #close(): void {
    this.#stopChecking();
    this.#chat?.stop();
  }

  async #turn(turn: number): Promise<void> {
    const dice = this.#random();
    if (dice < 0.35) this.#write(`alice ${turn}`);
    else if (dice < 0.65) this.#service.publish(this.#byBob(`bob ${turn}`));
    else if (dice < 0.75) this.#changeOwn(turn);
    else if (dice < 0.85) this.#changeOfBob(turn);
    else await this.#disturb(dice);
    await this.#time.advance(Math.floor(this.#random() ** 2 * 5_000));
  }

  #write(text: string): void {
    this.#service.note(`alice writes ${text}`);
    this.#written.push(text);
    this.#chat?.sender.send(CHANNEL, text);
  }

  #byBob(text: string) {
    return this.#service.sent(BOB, text, text.replaceAll(" ", "-"));
  }

  #changeOwn(turn: number): void {
    const own = (store.getState().timelines[CHANNEL]?.messages ?? []).filter(
      ({ sender, deletedAt }) => sender.userId === ALICE && deletedAt === null,
    );
    const message = own[Math.floor(this.#random() * own.length)];
    if (!message) return;
    this.#service.note(`alice changes ${message.seq}`);
    if (this.#random() < 0.6) this.#chat?.edit(message, `edited in ${turn}`);
    else this.#chat?.delete(message);
  }

  #changeOfBob(turn: number): void {
    const rows = this.#service
      .log()
      .filter(({ senderId, deletedAt }) => senderId === BOB && deletedAt === null);
    const row = rows[Math.floor(this.#random() * rows.length)];
    const text = this.#random() < 0.6 ? `edited in ${turn}` : null;
    if (row) this.#service.publish(this.#service.changed(BOB, row, text));
  }

  async #disturb(dice: number): Promise<void> {
    const count = (name: Disturbance) => {
      this.#disturbed[name] = (this.#disturbed[name] ?? 0) + 1;
      this.#service.note(name);
    };
    if (dice < 0.89) {
      count("cut");
      this.#service.cutAll();
    } else if (dice < 0.91) {
      count("silence");
      this.#service.silenceAll();
    } else if (dice < 0.94) {
      count("offline");
      this.#service.reachable = false;
      this.#time.setTimeout(() => {
        this.#service.reachable = true;
      }, this.#random() * 20_000);
    } else if (dice < 0.97) {
      count("reload");
      this.#close();
      await this.#open();
    } else {
      this.#service.throttledUntil = this.#time.now + this.#random() ** 3 * 150_000;
    }
  }

  /** No more faults; what an operator repairs is repaired, and the user repeats what failed. */
  async #heal(): Promise<void> {
    this.#service.note("heal");
    this.#service.faults = noFaults;
    this.#service.throttledUntil = 0;
    this.#service.reachable = true;
    await this.#quiet();
    for (const { clientMessageId, state } of store.getState().outbox)
      if (state === "failed") this.#chat?.sender.apply({ type: "retried", clientMessageId });
    await this.#quiet();
    if (this.#seed % 3 === 0) await this.#checkWithoutReconnect();
    // An edit whose frame was lost shows when the client reads the newest messages again, on its next socket.
    this.#service.cutAll();
    do await this.#time.advance(5_000);
    while (store.getState().connection.status !== "open");
    await this.#time.advance(5_000);
    if (this.#seed % WITH_HOURS === 1) await this.#checkHours();
    this.#service.publish(this.#byBob("the end"));
    await this.#time.advance(4_000);
  }

  /**
   * A missing message is looked for as long as the workflow may still store it, and a dead socket is pinged: the seq of
   * one message is assigned long before it is stored, and the next message arrives before.
   */
  async #checkWithoutReconnect(): Promise<void> {
    this.#service.publishHeld(this.#byBob("stored late"), this.#random() * 100_000);
    await this.#time.advance(1_000);
    this.#service.publish(this.#byBob("after the faults"));
    await this.#time.advance(300_000);
    const seqs = (rows: readonly { readonly seq: number }[]) => rows.map(({ seq }) => seq);
    same("the seqs shown before a reconnect", seqs(this.#shown()), seqs(this.#service.log()));
  }

  /**
   * For hours without faults, the service never has to close a socket, there always is an open one, and no frame is lost when
   * one is replaced, not even those that are stored nowhere.
   */
  async #checkHours(): Promise<void> {
    const service = this.#service;
    service.sessionMs = (HOURS + 1) * 3_600_000;
    service.cutAll();
    await this.#time.advance(60_000);
    const before = [service.closedByLimit, service.lostByClient];
    const statuses = new Set<string>();
    const unsubscribe = store.subscribe(({ connection }) => statuses.add(connection.status));
    service.onAccept = () => {
      for (let after = 0; after < 200; after += 10) this.#time.setTimeout(() => service.postTyping(), after);
    };
    for (let minutes = 0; minutes < HOURS * 60; minutes += 30) {
      service.publish(this.#byBob(`after ${minutes} minutes`));
      await this.#time.advance(30 * 60_000);
    }
    service.onAccept = () => undefined;
    unsubscribe();
    same("the connection", [...statuses], ["open"]);
    same("sockets closed by a limit, and lost frames", [service.closedByLimit, service.lostByClient], before);
  }

  /** Let time pass until nothing is in work, and repair what failed. */
  async #quiet(): Promise<void> {
    for (let round = 0; round < 60; round += 1) {
      await this.#time.advance(5_000);
      this.#service.repair();
      const { outbox, changes } = store.getState();
      const isWorking = outbox.some(({ state }) => state !== "failed") || changes.length > 0;
      if (this.#service.pending === 0 && !isWorking && this.#service.reachable) return;
    }
  }

  // --- what must hold

  /** At any time: in order, each once, and nothing that is not stored. */
  #checkShown(shown: readonly Message[]): void {
    let last = 0;
    for (const { seq, messageId } of shown) {
      if (seq <= last) this.#broken ??= `${seq} is shown after ${last}`;
      if (this.#service.tables.messages.get(seq)?.messageId !== messageId)
        this.#broken ??= `${messageId} is shown at ${seq}, where it is not stored`;
      last = seq;
    }
  }

  /** At the end: the client shows what is stored, and everything that was written is stored once. */
  #check(): void {
    if (this.#broken !== null) throw new Error(this.#broken);
    const { outbox, changes } = store.getState();
    same("the outbox", outbox, []);
    same("pending changes", changes, []);

    const text = ({ seq, text, deletedAt }: Pick<Message, "seq" | "text" | "deletedAt">) =>
      `${seq} ${deletedAt === null ? text : "deleted"}`;
    const shown = this.#shown();
    same("what is shown", shown.map(text), this.#service.log().map(text));
    if (shown.at(-1)?.text !== "the end") throw new Error("the last message is not shown");

    const { ids, messages } = this.#service.tables;
    same(
      "the rows of the ids",
      [...ids].map(([id, seq]) => `${seq} ${id}`).sort(),
      [...messages.values()].map(({ seq, messageId }) => `${seq} ${messageId}`).sort(),
    );
    const stored = this.#service.log();
    const own = stored
      .filter(({ senderId }) => senderId === ALICE)
      .map(({ clientMessageId }) => clientMessageId);
    same("the number of stored messages of alice", own.length, this.#written.length);
    // A message that is stored later than this does not block the next one.
    const inOrder = this.#service.slowestOwn < DELIVERY_TIMEOUT_MS;
    if (inOrder) same("the order of alice's messages", own, this.#inOrderWritten(own));
    same("notifications", this.#notified.length, new Set(this.#notified).size);
    same("tickets that were requested too early", this.#service.earlyTickets, 0);
  }

  #shown(): readonly Message[] {
    return store.getState().timelines[CHANNEL]?.messages ?? [];
  }

  /** The ids of messages count up in the order in which they were written. */
  #inOrderWritten(ids: readonly string[]): string[] {
    const number = (id: string) => Number(id.slice(id.indexOf("-") + 1));
    return [...ids].sort((a, b) => number(a) - number(b));
  }
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}:\n  is       ${found}\n  expected ${wanted}`);
}
