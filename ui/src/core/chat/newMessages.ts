/** Which messages of others are news: each once, however often, late or out of order its frame comes. */
import type { MessageFrame } from "../contract";
import type { ChatState } from "../state/model";

/** A tab may stay open for weeks; a frame is repeated within minutes. */
const MAX_REMEMBERED = 1_000;

export type NewMessageListener = (message: MessageFrame) => void;

export class NewMessages {
  readonly #listeners = new Set<NewMessageListener>();
  readonly #seen = new Set<string>();

  /** Call with each message of somebody else, the first time that it comes. The result ends this. */
  subscribe(listener: NewMessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a frame's message was neither heard of nor on screen; asking is hearing. */
  isNew(frame: MessageFrame, before: ChatState): boolean {
    if (frame.sender.userId === before.me?.userId || this.#seen.has(frame.messageId)) return false;
    this.#remember(frame.messageId);
    const shown = before.timelines[frame.channelId]?.messages ?? [];
    return !shown.some((message) => message.seq === frame.seq);
  }

  notify(frame: MessageFrame): void {
    for (const listener of this.#listeners) listener(frame);
  }

  #remember(messageId: string): void {
    this.#seen.add(messageId);
    if (this.#seen.size > MAX_REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
  }
}
