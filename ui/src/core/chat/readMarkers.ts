/**
 * Read markers: updated in the store immediately, sent to the server after a delay, once for several messages. A marker
 * that cannot be sent is sent again later.
 */
import type { Api } from "../api/api";
import { ApiError } from "../api/errors";
import { withReadSeq } from "../state/frames";
import { change, store } from "../state/store";
import { isRead } from "../state/timeline";
import { timeForMembers } from "./spreadRequests";

const SEND_DELAY_MS = 350;
const SEND_AGAIN_MS = 60_000;

export class ReadMarkers {
  readonly #api: Api;
  /** channelId → the last seq that was sent or is scheduled. */
  readonly #sent = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Channels whose marker could not be sent. */
  readonly #unsent = new Set<string>();
  #stopped = false;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Send scheduled markers now, because the page is closing. */
  readonly flush = (): void => {
    for (const channelId of [...this.#timers.keys()]) void this.#send(channelId);
  };

  /** The server can be reached again. */
  resume(): void {
    for (const channelId of [...this.#unsent]) void this.#send(channelId);
  }

  /** Send scheduled markers now, and none later. */
  stop(): void {
    this.#stopped = true;
    this.flush();
  }

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
    this.markHolesRead(channelId);
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

  /** If only holes are left after the read marker, nothing is unread: the server, which counts them, needs the marker. */
  markHolesRead(channelId: string): void {
    const { channels, timelines, me } = store.getState();
    const [channel, timeline] = [channels[channelId], timelines[channelId]];
    if (!channel || !timeline || !me || channel.lastSeq <= channel.readSeq) return;
    if (isRead(timeline, channel, me.userId)) this.markRead(channelId, channel.lastSeq);
  }

  /** A running timer is kept, so that a channel in which messages never stop sends its marker too. */
  #schedule(channelId: string, seq: number): void {
    this.#sent.set(channelId, seq);
    // A marker that could not be sent does not delay this one, which includes it.
    if (this.#unsent.delete(channelId)) this.#cancel(channelId);
    const members = store.getState().channels[channelId]?.memberCount ?? 0;
    this.#sendAfter(channelId, sendDelay(members));
  }

  #sendAfter(channelId: string, ms: number): void {
    if (this.#timers.has(channelId)) return;
    this.#timers.set(
      channelId,
      setTimeout(() => this.#send(channelId), ms),
    );
  }

  #cancel(channelId: string): void {
    clearTimeout(this.#timers.get(channelId));
    this.#timers.delete(channelId);
  }

  async #send(channelId: string): Promise<void> {
    this.#cancel(channelId);
    this.#unsent.delete(channelId);
    const seq = this.#sent.get(channelId) ?? 0;
    try {
      await this.#api.markRead(channelId, seq);
    } catch (failure) {
      // Neither is shown. A marker that the server refuses is included in the next one.
      if (failure instanceof ApiError && failure.isTransient) this.#sendAgain(channelId);
      else if (this.#sent.get(channelId) === seq) this.#sent.delete(channelId);
    }
  }

  /** With the next socket, or with the next marker, or after a while. */
  #sendAgain(channelId: string): void {
    if (this.#stopped) return;
    this.#unsent.add(channelId);
    this.#sendAfter(channelId, SEND_AGAIN_MS);
  }
}

/** How long a marker waits for further messages, in ms. In a channel of 10,000, every message is read by many at once. */
export function sendDelay(members: number): number {
  return Math.max(SEND_DELAY_MS, timeForMembers(members));
}
