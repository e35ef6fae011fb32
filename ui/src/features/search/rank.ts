/** Ranks channels and people by how well they match a term. */
import { compareNames } from "../../core/text/collation";
import { containsWords, fold } from "../../core/text/fold";

export interface Findable {
  readonly title: string;
  readonly sub: string;
  readonly unread: number;
}

/** Prefixes first, then word prefixes, then titles with all words of the term, in any order; unread first among equals. */
export function rank<T extends Findable>(targets: readonly T[], term: string): T[] {
  const wanted = fold(term).replace(/^[@#]/, "");
  const score = (target: T): number => {
    if (wanted === "") return target.unread > 0 ? 3 : 2;
    const title = fold(target.title);
    const sub = fold(target.sub);
    if (title.startsWith(wanted) || sub.startsWith(`@${wanted}`)) return 3;
    if (title.split(/[\s_.-]+/).some((word) => word.startsWith(wanted))) return 2;
    return containsWords(title, wanted) ? 1 : 0;
  };
  return targets
    .map((target) => ({ target, points: score(target) }))
    .filter(({ points }) => points > 0)
    .sort(
      (a, b) =>
        b.points - a.points ||
        b.target.unread - a.target.unread ||
        compareNames(a.target.title, b.target.title),
    )
    .map(({ target }) => target);
}
