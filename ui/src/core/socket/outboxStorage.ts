/**
 * Stores unsent messages in the browser per user, one entry per message, so that two tabs do not overwrite each other's
 * messages.
 */
import { safeStorage } from "../storage";
import type { Outbox, Outgoing } from "./outbox";

export class OutboxStorage {
  readonly #storage: Storage;
  readonly #prefix: string;
  /** clientMessageId → the stored failure: an entry is written again only when it changes. */
  #stored = new Map<string, string | null>();

  constructor(userId: string, storage: Storage = safeStorage("local")) {
    this.#storage = storage;
    this.#prefix = `parley.outbox.${userId}.`;
  }

  load(): Outbox {
    const found = this.stored();
    this.#stored = new Map(found.map((item) => [item.clientMessageId, item.failure]));
    return found;
  }

  /** The stored messages of all tabs, in the order written. */
  stored(): Outgoing[] {
    const found: Outgoing[] = [];
    for (let index = 0; index < this.#storage.length; index += 1) {
      const key = this.#storage.key(index);
      if (!key?.startsWith(this.#prefix)) continue;
      const item = parse(this.#storage.getItem(key) ?? "");
      if (item) found.push(item);
    }
    return found.sort((a, b) => a.writtenAt - b.writtenAt);
  }

  /** The clientMessageId of a stored message that another tab has removed; null for any other change. */
  removedId({ key, newValue }: StorageEvent): string | null {
    return key?.startsWith(this.#prefix) && newValue === null ? key.slice(this.#prefix.length) : null;
  }

  save(outbox: Outbox): void {
    const now = new Map(outbox.map((item) => [item.clientMessageId, item.failure]));
    for (const id of this.#stored.keys()) if (!now.has(id)) this.#storage.removeItem(this.#prefix + id);
    for (const { clientMessageId, channelId, text, writtenAt, failure } of outbox) {
      if (this.#stored.get(clientMessageId) === failure) continue;
      try {
        const entry = { clientMessageId, channelId, text, writtenAt, failure };
        this.#storage.setItem(this.#prefix + clientMessageId, JSON.stringify(entry));
      } catch {
        // Storage is full: the message is sent while this page is open.
      }
    }
    this.#stored = now;
  }
}

function parse(text: string): Outgoing | null {
  try {
    const {
      clientMessageId,
      channelId,
      text: body,
      writtenAt,
      failure,
    } = JSON.parse(text) as Partial<Outgoing>;
    if (!clientMessageId || !channelId || !body) return null;
    return {
      clientMessageId,
      channelId,
      text: body,
      writtenAt: writtenAt ?? 0,
      state: failure ? "failed" : "queued",
      attempts: 0,
      notBefore: 0,
      since: 0,
      failure: failure ?? null,
    };
  } catch {
    return null;
  }
}
