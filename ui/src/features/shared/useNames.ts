/** Display names. The value changes only with names, so that presence does not render messages again. */
import { useRef } from "react";
import type { ChatState } from "../../core/state/model";
import { useChat } from "./useChat";

export class Names {
  readonly people: ChatState["people"];
  readonly #me: string | undefined;
  readonly #byUsername = new Map<string, string>();

  constructor(people: ChatState["people"], me: string | undefined) {
    this.people = people;
    this.#me = me;
    for (const person of Object.values(people)) {
      this.#byUsername.set(person.username.toLowerCase(), person.userId);
    }
  }

  ofUser(userId: string): string | undefined {
    return this.people[userId]?.displayName;
  }

  resolveMention(username: string): { name: string; me: boolean } | undefined {
    const userId = this.#byUsername.get(username.toLowerCase());
    const name = userId && this.ofUser(userId);
    return name ? { name, me: userId === this.#me } : undefined;
  }

  sameAs(people: ChatState["people"]): boolean {
    if (people === this.people) return true;
    const ids = Object.keys(people);
    return (
      ids.length === Object.keys(this.people).length &&
      ids.every((id) => people[id]?.displayName === this.people[id]?.displayName)
    );
  }
}

export function useNames(): Names {
  const me = useChat((state) => state.me?.userId);
  const known = useRef<Names | null>(null);
  return useChat((state) => {
    if (!known.current?.sameAs(state.people)) known.current = new Names(state.people, me);
    return known.current;
  });
}
