/** Messages between the tabs of one browser. A browser that blocks site data may have no channel: tabs are then apart. */
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
