/** Notifies about new messages of other users: once each in a page, also if frames are duplicate, late or out of order. */
import type { MessageFrame } from "../contract";
import type { ChatState } from "../state/model";

/** Limits memory of long-lived tabs; duplicate frames arrive within minutes. */
const MAX_REMEMBERED = 1_000;

export type NewMessageListener = (message: MessageFrame) => void;

export class NewMessages {
  readonly #listeners = new Set<NewMessageListener>();
  readonly #seen = new Set<string>();

  /** Call `listener` once for each new message of another user. The result unsubscribes. */
  subscribe(listener: NewMessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the message was neither seen before nor loaded. Marks it as seen. */
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
