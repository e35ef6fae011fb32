/** Server-Sent Events out of chunks of text, wherever the chunks are cut. Pure. */

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

export class SseParser {
  #rest = "";

  /** The events that are whole now. Comments are left out. */
  push(text: string): ServerSentEvent[] {
    this.#rest += text;
    const found: ServerSentEvent[] = [];
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.#rest);
      if (!end) return found;
      const block = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      let event = "message";
      const data: string[] = [];
      for (const line of block.split(/\r?\n/)) {
        const [, field, value = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
        if (field === "event") event = value;
        else if (field === "data") data.push(value);
      }
      if (data.length > 0) found.push({ event, data: data.join("\n") });
    }
  }
}
