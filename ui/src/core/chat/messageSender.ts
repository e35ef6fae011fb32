/** Sends messages through the outbox, and again until they are delivered. */
import { hasPassed } from "../elapsed";
import { randomId } from "../randomId";
import type { Connection } from "../socket/connection";
import { due, markSending, type OutboxEvent, reduceOutbox, toFrame, unconfirmed } from "../socket/outbox";
import { OutboxStorage } from "../socket/outboxStorage";
import { MAX_LIVE_MEMBERS } from "../state/presence";
import { change, store } from "../state/store";
import { fitsInFrame } from "../text/bytes";

const TYPING_EVERY_MS = 3_000;
/** Without an ack for this long, the socket is pinged. */
const PING_AFTER_MS = 4_000;
const CONFIRM_EVERY_MS = 10_000;

export class MessageSender {
  readonly #connection: Connection;
  readonly #confirmDelivery: (channelId: string) => Promise<void>;
  readonly #lastTyping = new Map<string, number>();
  readonly #lastConfirmation = new Map<string, number>();
  #storage: OutboxStorage | null = null;
  #stopSaving: () => void = () => undefined;

  constructor(connection: Connection, confirmDelivery: (channelId: string) => Promise<void>) {
    this.#connection = connection;
    this.#confirmDelivery = confirmDelivery;
  }

  /** Load the user's stored outbox, and store its changes from now on. */
  restore(userId: string): void {
    const storage = new OutboxStorage(userId);
    this.#storage = storage;
    const outbox = storage.load();
    change((state) => ({ ...state, outbox }));
    const unsubscribe = store.subscribe((state, before) => {
      if (state.outbox !== before.outbox) storage.save(state.outbox);
    });
    // What another tab has delivered or discarded is not sent by this one.
    const onStorage = (event: StorageEvent) => {
      const clientMessageId = storage.removedId(event);
      if (clientMessageId !== null) this.apply({ type: "discarded", clientMessageId });
    };
    addEventListener("storage", onStorage);
    this.#stopSaving = () => {
      unsubscribe();
      removeEventListener("storage", onStorage);
    };
  }

  stop(): void {
    this.#stopSaving();
  }

  /** Another tab was closed: send what it has not sent. */
  adopt(): void {
    const messages = this.#storage?.stored() ?? [];
    if (messages.length > 0) this.apply({ type: "adopted", messages });
  }

  send(channelId: string, text: string): void {
    const message = { clientMessageId: randomId(), channelId, text, writtenAt: Date.now() };
    this.apply({ type: "written", message });
    this.#lastTyping.delete(channelId);
  }

  apply(event: OutboxEvent): void {
    change((state) => ({ ...state, outbox: reduceOutbox(state.outbox, event, Date.now()) }));
    this.flush();
  }

  flush(): void {
    if (!this.#connection.open) return;
    for (const item of due(store.getState().outbox, Date.now())) {
      if (!fitsInFrame(toFrame(item))) {
        this.#refuse(item.clientMessageId);
        continue;
      }
      if (!this.#connection.send(toFrame(item))) return;
      change((state) => ({
        ...state,
        outbox: markSending(state.outbox, item.clientMessageId, Date.now()),
      }));
    }
  }

  /** The socket would be closed by the frame, and by every repetition of it. */
  #refuse(clientMessageId: string): void {
    const refusal: OutboxEvent = {
      type: "refused",
      clientMessageId,
      code: "TEXT_TOO_LONG",
      message: "This message is too large to be sent. Shorten it and send it again.",
    };
    change((state) => ({ ...state, outbox: reduceOutbox(state.outbox, refusal, Date.now()) }));
  }

  /** Called once a second: retries overdue messages. */
  tick(now: number): void {
    const { outbox } = store.getState();
    if (outbox.length === 0) return;
    if (outbox.some((item) => item.state === "sending" && hasPassed(item.since, PING_AFTER_MS, now))) {
      this.#connection.checkAlive();
    }
    this.apply({ type: "tick" });
    for (const channelId of new Set(unconfirmed(outbox, now).map((item) => item.channelId))) {
      if (!hasPassed(this.#lastConfirmation.get(channelId) ?? 0, CONFIRM_EVERY_MS, now)) continue;
      this.#lastConfirmation.set(channelId, now);
      void this.#confirmDelivery(channelId);
    }
  }

  /** Not reliable: dropped without a connection. A large channel does not show who is typing. */
  sendTyping(channelId: string): void {
    if ((store.getState().channels[channelId]?.memberCount ?? 0) > MAX_LIVE_MEMBERS) return;
    const now = Date.now();
    if (!hasPassed(this.#lastTyping.get(channelId) ?? 0, TYPING_EVERY_MS, now)) return;
    if (this.#connection.send({ action: "startTyping", channelId })) this.#lastTyping.set(channelId, now);
  }
}
