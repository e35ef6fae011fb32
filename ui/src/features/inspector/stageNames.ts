/** The names of users and channels, read from the stage once, for a page without the chat. */
import type { KnownNames } from "./contract";
import type { InspectorApi } from "./inspectorApi";

const NONE: KnownNames = { users: {}, channels: {} };

export class StageNames {
  readonly #api: InspectorApi;
  readonly #listeners = new Set<() => void>();
  #known = NONE;
  #started = false;

  constructor(api: InspectorApi) {
    this.#api = api;
  }

  read = (): KnownNames => this.#known;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#started) {
      this.#started = true;
      // Without the right to read them, the pages show shortened ids.
      this.#api.names().then(
        (known) => {
          this.#known = known;
          for (const each of this.#listeners) each();
        },
        () => undefined,
      );
    }
    return () => this.#listeners.delete(listener);
  };
}

export const noNames = { read: () => NONE, subscribe: () => () => undefined };
