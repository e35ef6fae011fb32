/** Sends the user's edits, deletions and reactions, and again until they are carried out or refused. */
import { serverNow } from "../clock";
import type { Message, ServerFrame } from "../contract";
import { hasPassed } from "../elapsed";
import { randomId } from "../randomId";
import type { Change, ChangeCommand, Refusal } from "../socket/changes";
import * as queue from "../socket/changes";
import type { Connection } from "../socket/connection";
import { ASK_AFTER_MS } from "../socket/outbox";
import { change, store } from "../state/store";
import { indexOf } from "../state/timeline";
import { keysOf, readItem, writeItem } from "../storage";

/** Without an ack for this long, the socket is pinged. */
const PING_AFTER_MS = 4_000;

interface MessageChangesOptions {
  readonly connection: Connection;
  /** The change is carried out, or was replaced by a later one. */
  readonly onDone: (command: ChangeCommand) => void;
  readonly onRefused: (refusal: Refusal) => void;
  /** Read a message again; null if there is none. Rejects if it cannot be read now. */
  readonly refresh: (command: ChangeCommand) => Promise<Message | null>;
}

export class MessageChanges {
  readonly #options: MessageChangesOptions;
  #prefix: string | null = null;
  #stopSaving: () => void = () => undefined;

  constructor(options: MessageChangesOptions) {
    this.#options = options;
  }

  /**
   * Load the user's stored changes, and store them from now on. Returns whether there were changes that are too old to be
   * carried out without a question.
   */
  restore(userId: string): boolean {
    const prefix = `parley.change.${userId}.`;
    this.#prefix = prefix;
    const keys = keysOf(prefix);
    const stored = storedChanges(prefix);
    const recent = stored.filter(isRecent);
    for (const key of keys) if (!recent.some(({ id }) => prefix + id === key)) writeItem(key, null);
    this.#set(recent);
    this.#stopSaving = store.subscribe((state, before) => {
      if (state.changes === before.changes) return;
      const known = new Set(before.changes.map(({ id }) => id));
      const now = new Set(state.changes.map(({ id }) => id));
      for (const id of known) if (!now.has(id)) writeItem(prefix + id, null);
      for (const each of state.changes)
        if (!known.has(each.id)) writeItem(prefix + each.id, JSON.stringify(each));
    });
    return recent.length < stored.length;
  }

  /** Another tab was closed: carry out what it has not carried out. */
  adopt(): void {
    if (this.#prefix === null) return;
    const { changes } = store.getState();
    const known = new Set(changes.map(({ id }) => id));
    const added = storedChanges(this.#prefix).filter((each) => isRecent(each) && !known.has(each.id));
    if (added.length === 0) return;
    this.#set([...changes, ...added]);
    this.flush();
  }

  stop(): void {
    this.#stopSaving();
  }

  add(command: ChangeCommand): void {
    const { changes, timelines } = store.getState();
    const messages = timelines[command.channelId]?.messages ?? [];
    const messageId = messages[indexOf(messages, command.seq)]?.messageId ?? null;
    this.#set(queue.withNew(changes, { id: randomId(), command, messageId }, Date.now()));
    this.flush();
  }

  flush(): void {
    for (const { id, command } of queue.dueChanges(store.getState().changes, Date.now())) {
      if (!this.#options.connection.send(command)) return;
      this.#set(queue.withSending(store.getState().changes, id, Date.now()));
    }
  }

  /** A new socket is in use. */
  resume(): void {
    this.#set(queue.afterNewSocket(store.getState().changes));
    this.flush();
  }

  /** Returns whether the frame was the answer to a change. */
  onFrame(frame: ServerFrame): boolean {
    const { changes: before, me } = store.getState();
    if (before.length === 0) return false;
    const { changes: after, refusal } = queue.afterFrame(before, frame, me?.userId ?? "", Date.now());
    if (after === before) return false;
    this.#set(after);
    if (refusal) this.#refused(refusal);
    else
      for (const done of before)
        if (!after.some(({ id }) => id === done.id)) this.#options.onDone(done.command);
    this.flush();
    return true;
  }

  /** Called once a second: repeats what is overdue. */
  tick(now: number): void {
    const before = store.getState().changes;
    if (before.length === 0) return;
    if (before.some(({ state, since }) => state === "sending" && hasPassed(since, PING_AFTER_MS, now)))
      this.#options.connection.checkAlive();
    const { changes, refusals } = queue.afterTick(before, now);
    this.#set(changes);
    for (const refusal of refusals) this.#options.onRefused(refusal);
    for (const each of queue.unconfirmedChanges(changes, now)) void this.#confirm(each, now);
    this.flush();
  }

  #refused(refusal: Refusal): void {
    // A repeated deletion finds the message deleted.
    if (refusal.code === "NOT_FOUND" && refusal.change.command.action === "deleteMessage")
      void this.#options.refresh(refusal.change.command).catch(() => undefined);
    else this.#options.onRefused(refusal);
  }

  /** The frame of an acknowledged change did not arrive: read the message, and again until it shows the change. */
  async #confirm({ id, command }: Change, now: number): Promise<void> {
    change((state) => ({
      ...state,
      changes: state.changes.map((each) => (each.id === id ? { ...each, since: now } : each)),
    }));
    try {
      this.#lookedUp(id, await this.#options.refresh(command));
    } catch {
      // Tried again after the same time.
    }
  }

  #lookedUp(id: string, message: Message | null): void {
    const { changes, me } = store.getState();
    const found = changes.find((each) => each.id === id);
    // Its frame may have arrived meanwhile.
    if (found?.state !== "sent") return;
    const age = Date.now() - (found.ackedAt ?? found.since);
    const outcome = message
      ? queue.outcomeIn(message, found.command, me?.userId ?? "", serverNow() - age)
      : "pending";
    if (outcome === "pending" && age < queue.GIVE_UP_AFTER_MS) return;
    this.#set(queue.without(changes, id));
    if (outcome === "done") this.#options.onDone(found.command);
    else this.#options.onRefused(queue.refusalAfterAck(found, outcome));
  }

  #set(changes: queue.Changes): void {
    change((state) => (state.changes === changes ? state : { ...state, changes }));
  }
}

/** The stored changes of all tabs, in the order made. */
function storedChanges(prefix: string): Change[] {
  return keysOf(prefix)
    .map((key) => queue.parseChange(readItem(key)))
    .filter((each) => each !== null)
    .sort((a, b) => a.madeAt - b.madeAt);
}

/** Whether a change is carried out without a question. */
function isRecent({ madeAt }: Change): boolean {
  return Date.now() - madeAt <= ASK_AFTER_MS;
}
