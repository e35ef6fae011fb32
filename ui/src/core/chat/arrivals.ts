/** Which messages of others are news: each once, however often, late or out of order its frame comes. */
import type { MessageFrame } from "../contract";
import type { ChatState } from "../state/model";

/** A tab may stay open for weeks; a frame is repeated within minutes. */
const REMEMBERED = 1_000;

export type ArrivalListener = (message: MessageFrame) => void;

export class Arrivals {
  readonly #listeners = new Set<ArrivalListener>();
  readonly #heard = new Set<string>();

  /** Call with each message of somebody else, the first time that it comes. The result ends this. */
  listen(listener: ArrivalListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a frame's message was neither heard of nor on screen; asking is hearing. */
  isNews(frame: MessageFrame, before: ChatState): boolean {
    if (frame.sender.userId === before.me?.userId || this.#heard.has(frame.messageId)) return false;
    this.#remember(frame.messageId);
    const shown = before.timelines[frame.channelId]?.messages ?? [];
    return !shown.some((message) => message.seq === frame.seq);
  }

  tell(frame: MessageFrame): void {
    for (const listener of this.#listeners) listener(frame);
  }

  #remember(messageId: string): void {
    this.#heard.add(messageId);
    if (this.#heard.size > REMEMBERED) {
      const [oldest] = this.#heard;
      if (oldest !== undefined) this.#heard.delete(oldest);
    }
  }
}
