/** The names of users as they are shown. Users whose names look the same are shown with their usernames. */
import type { User } from "../contract";
import { compareNames } from "../text/collation";
import { nameKey, shownName } from "../text/names";
import type { ChatState } from "./model";

type People = ChatState["people"];
type Listed = Pick<User, "userId" | "status">;

export class Names {
  /** The latest users that have these names; their presence may have changed. */
  #people: People;
  readonly #names = new Map<string, string>();
  readonly #byUsername = new Map<string, string>();
  #ranks: ReadonlyMap<string, number> | undefined;

  constructor(people: People) {
    this.#people = people;
    const keys = new Map<string, number>();
    for (const { userId, username, displayName } of Object.values(people)) {
      const name = shownName(displayName, username);
      const key = nameKey(name);
      keys.set(key, (keys.get(key) ?? 0) + 1);
      this.#names.set(userId, name);
      this.#byUsername.set(username.toLowerCase(), userId);
    }
    for (const { userId, username } of Object.values(people)) {
      const name = this.#names.get(userId) ?? "";
      if ((keys.get(nameKey(name)) ?? 0) > 1) this.#names.set(userId, `${name} (@${username})`);
    }
  }

  /** Users with these names; for names only, as their presence may be older. */
  get people(): People {
    return this.#people;
  }

  ofUser(userId: string): string | undefined {
    return this.#names.get(userId);
  }

  resolveMention(username: string, me: string | undefined): { name: string; me: boolean } | undefined {
    const userId = this.#byUsername.get(username.toLowerCase());
    const name = userId && this.ofUser(userId);
    return name ? { name, me: userId === me } : undefined;
  }

  /** The other users by username, to complete a mention. */
  mentionable(me: string | undefined): User[] {
    return Object.values(this.#people)
      .filter(({ userId }) => userId !== me)
      .sort((a, b) => compareNames(a.username, b.username));
  }

  /** Online users first, then by name. Names are compared once, not each time that presence changes. */
  onlineFirst<T extends Listed>(users: readonly T[]): T[] {
    this.#ranks ??= new Map(
      [...this.#names].sort(([, a], [, b]) => compareNames(a, b)).map(([userId], index) => [userId, index]),
    );
    const ranks = this.#ranks;
    const rank = ({ userId, status }: T) =>
      (ranks.get(userId) ?? ranks.size) + (status === "online" ? 0 : ranks.size + 1);
    return [...users].sort((a, b) => rank(a) - rank(b));
  }

  sameAs(people: People): boolean {
    if (people === this.#people) return true;
    const ids = Object.keys(people);
    const same =
      ids.length === this.#names.size &&
      ids.every((id) => people[id]?.displayName === this.#people[id]?.displayName);
    if (same) this.#people = people;
    return same;
  }
}

let latest = new Names({});

/** The names of these users: the same object until a name or the set of users changes. */
export function namesOf(people: People): Names {
  if (!latest.sameAs(people)) latest = new Names(people);
  return latest;
}
