/**
 * Keeps the changes of messages whose frames arrive while messages are requested. The answer may be older than they are, and the
 * messages that it brings may not be loaded before.
 */
import type { Message } from "../contract";
import { withChange } from "../state/frames";
import type { MessageChangeFrame } from "../state/model";

/** Of one request. If more arrive, the oldest are dropped. */
const MAX_CHANGES = 1_000;

interface OpenRequest {
  readonly channelId: string;
  readonly changes: MessageChangeFrame[];
}

export class ChangesDuringRequests {
  readonly #open = new Set<OpenRequest>();

  add(frame: MessageChangeFrame): void {
    for (const { channelId, changes } of this.#open) {
      if (channelId !== frame.channelId) continue;
      changes.push(frame);
      if (changes.length > MAX_CHANGES) changes.shift();
    }
  }

  /** The answer to a request that was sent just now, with the changes that have arrived since. */
  async appliedTo<T extends { readonly items: readonly Message[] }>(
    channelId: string,
    request: Promise<T>,
  ): Promise<T> {
    const open: OpenRequest = { channelId, changes: [] };
    this.#open.add(open);
    try {
      const answer = await request;
      return { ...answer, items: answer.items.map((message) => changed(message, open.changes)) };
    } finally {
      this.#open.delete(open);
    }
  }
}

/** The message with its changes in the order in which they were made, which frames need not have. */
function changed(message: Message, changes: readonly MessageChangeFrame[]): Message {
  const own = changes.filter((frame) => frame.seq === message.seq);
  return own.sort((a, b) => (madeAt(a) < madeAt(b) ? -1 : 1)).reduce(withChange, message);
}

function madeAt(frame: MessageChangeFrame): string {
  if (frame.type === "reaction") return frame.reactedAt;
  return frame.type === "messageEdited" ? frame.editedAt : frame.deletedAt;
}
