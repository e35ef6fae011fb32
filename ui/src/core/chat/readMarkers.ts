/** Read markers: updated in the store immediately, sent to the server after a delay, once for several messages. */
import type { Api } from "../api/api";
import { withReadSeq } from "../state/frames";
import { change, store } from "../state/store";

const SEND_DELAY_MS = 350;
/** In a channel of 10,000, every message is read by many at once: the more members, the longer the delay. */
const SEND_DELAY_PER_MEMBER_MS = 5;
const MAX_SEND_DELAY_MS = 60_000;

export class ReadMarkers {
  readonly #api: Api;
  /** channelId → the last seq that was sent or is scheduled. */
  readonly #sent = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Send scheduled markers now, because the page is closing. */
  readonly flush = (): void => {
    for (const [channelId, timer] of this.#timers) {
      clearTimeout(timer);
      void this.#send(channelId);
    }
  };

  /** The user has seen all messages up to this seq. */
  markRead(channelId: string, seq: number): void {
    const channel = store.getState().channels[channelId];
    if (!channel?.role || seq < channel.readSeq || seq <= (this.#sent.get(channelId) ?? 0)) return;
    if (seq === channel.readSeq && !this.#sent.has(channelId)) {
      // Unchanged since the page was opened: nothing to send.
      this.#sent.set(channelId, seq);
      return;
    }
    change((state) => withReadSeq(state, channelId, seq));
    this.#schedule(channelId, seq);
  }

  /** An own message counts as read. The reducer has updated the store; the server needs the marker. */
  markOwnMessageRead(channelId: string, seq: number): void {
    if (seq > (this.#sent.get(channelId) ?? 0)) this.#schedule(channelId, seq);
  }

  /** If only deleted messages are unread, nothing is: the server, which counts them, needs the marker. */
  markDeletedRead(channelId: string): void {
    const channel = store.getState().channels[channelId];
    if (channel?.unread === 0 && channel.lastSeq > channel.readSeq) this.markRead(channelId, channel.lastSeq);
  }

  /** A running timer is kept, so that a channel in which messages never stop sends its marker too. */
  #schedule(channelId: string, seq: number): void {
    this.#sent.set(channelId, seq);
    if (this.#timers.has(channelId)) return;
    const members = store.getState().channels[channelId]?.memberCount ?? 0;
    this.#timers.set(
      channelId,
      setTimeout(() => this.#send(channelId), sendDelay(members)),
    );
  }

  async #send(channelId: string): Promise<void> {
    this.#timers.delete(channelId);
    const seq = this.#sent.get(channelId) ?? 0;
    try {
      await this.#api.markRead(channelId, seq);
    } catch {
      // Not shown: the next marker includes this one.
      if (this.#sent.get(channelId) === seq) this.#sent.delete(channelId);
    }
  }
}

/** How long a marker waits for further messages, in ms: up to 12,000 members send at most 200 a second. */
export function sendDelay(members: number): number {
  return Math.min(MAX_SEND_DELAY_MS, Math.max(SEND_DELAY_MS, members * SEND_DELAY_PER_MEMBER_MS));
}
