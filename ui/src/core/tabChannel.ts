/** Messages between the tabs of one browser. A browser that blocks site data may have no channel: tabs are then apart. */

/** How long to wait for the answer of another tab. */
const ANSWER_TIMEOUT_MS = 200;

export class TabChannel<Message> {
  readonly #channel: BroadcastChannel | null;

  constructor(name: string) {
    this.#channel = open(name);
  }

  post(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** Call `listener` with each message of another tab. The result removes it. */
  listen(listener: (message: Message) => void): () => void {
    const onMessage = ({ data }: MessageEvent<Message>) => listener(data);
    this.#channel?.addEventListener("message", onMessage);
    return () => this.#channel?.removeEventListener("message", onMessage);
  }

  /** Ask the other tabs. Returns the first accepted answer, or null if there is none in time. */
  ask<Answer>(question: Message, accept: (answer: Message) => Answer | null): Promise<Answer | null> {
    return new Promise((resolve) => {
      const end = (answer: Answer | null) => {
        clearTimeout(timer);
        stopListening();
        resolve(answer);
      };
      const timer = setTimeout(() => end(null), ANSWER_TIMEOUT_MS);
      const stopListening = this.listen((message) => {
        const answer = accept(message);
        if (answer !== null) end(answer);
      });
      this.post(question);
    });
  }

  /** The browser keeps a channel that has a listener until it is closed. */
  close(): void {
    this.#channel?.close();
  }
}

function open(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
