/** How far one has read: known here at once, told to the server a little later and once for many. */
import type { Api } from "../api/api";
import { withReadSeq } from "../state/frames";
import { change, store } from "../state/store";

const SEND_DELAY_MS = 350;

export class ReadMarkers {
  readonly #api: Api;
  /** What the server was told last, or is about to be. */
  readonly #sent = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Tell now what would be told in a moment: the page may be gone by then. */
  readonly flush = (): void => {
    for (const [channelId, timer] of this.#timers) {
      clearTimeout(timer);
      void this.#send(channelId, this.#sent.get(channelId) ?? 0);
    }
  };

  /** The person has seen everything up to this seq. */
  markRead(channelId: string, seq: number): void {
    const channel = store.getState().channels[channelId];
    if (!channel?.role || seq < channel.readSeq || seq <= (this.#sent.get(channelId) ?? 0)) return;
    if (seq === channel.readSeq && !this.#sent.has(channelId)) {
      // So it was when the page was opened: nothing new to tell.
      this.#sent.set(channelId, seq);
      return;
    }
    change((state) => withReadSeq(state, channelId, seq));
    this.#schedule(channelId, seq);
  }

  /** Who writes has read: known here by the message itself, and to the server only if it is told. */
  markOwnMessageRead(channelId: string, seq: number): void {
    if (seq > (this.#sent.get(channelId) ?? 0)) this.#schedule(channelId, seq);
  }

  #schedule(channelId: string, seq: number): void {
    this.#sent.set(channelId, seq);
    clearTimeout(this.#timers.get(channelId));
    this.#timers.set(
      channelId,
      setTimeout(() => this.#send(channelId, seq), SEND_DELAY_MS),
    );
  }

  async #send(channelId: string, seq: number): Promise<void> {
    this.#timers.delete(channelId);
    try {
      await this.#api.markRead(channelId, seq);
    } catch {
      // Not worth a word: the next message read says it all.
      if (this.#sent.get(channelId) === seq) this.#sent.delete(channelId);
    }
  }
}
