/** Ranks channels and people by how well they match a term. */

export interface Findable {
  readonly title: string;
  readonly sub: string;
  readonly unread: number;
}

/** Prefixes first, then word prefixes, then substrings; unread first among equals. */
export function rank<T extends Findable>(targets: readonly T[], term: string): T[] {
  const wanted = term.toLowerCase().replace(/^[@#]/, "");
  const score = (target: T): number => {
    if (wanted === "") return target.unread > 0 ? 3 : 2;
    const title = target.title.toLowerCase();
    const sub = target.sub.toLowerCase();
    if (title.startsWith(wanted) || sub.startsWith(`@${wanted}`)) return 3;
    if (title.split(/[\s_.-]+/).some((word) => word.startsWith(wanted))) return 2;
    return title.includes(wanted) ? 1 : 0;
  };
  return targets
    .map((target) => ({ target, points: score(target) }))
    .filter(({ points }) => points > 0)
    .sort(
      (a, b) =>
        b.points - a.points ||
        b.target.unread - a.target.unread ||
        a.target.title.localeCompare(b.target.title),
    )
    .map(({ target }) => target);
}
