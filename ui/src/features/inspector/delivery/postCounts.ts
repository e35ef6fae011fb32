/** Counts of a message's posts by outcome. Pure. */
import type { Hop, Post } from "../contract";

export interface PostCounts {
  readonly total: number;
  readonly delivered: number;
  readonly gone: number;
  readonly slow: number;
  readonly retried: number;
  readonly undelivered: number;
  readonly unknown: number;
}

export function countPosts(posts: readonly Post[]): PostCounts {
  const of = (outcome: Post["outcome"]) => posts.filter((post) => post.outcome === outcome).length;
  return {
    total: posts.length,
    delivered: of("delivered"),
    gone: of("gone"),
    slow: of("slow"),
    retried: posts.filter((post) => post.retries > 0).length,
    undelivered: of("undelivered"),
    unknown: of("unknown"),
  };
}

const rank: Readonly<Record<Post["outcome"], number>> = {
  undelivered: 0,
  unknown: 1,
  slow: 2,
  gone: 3,
  delivered: 4,
};

/** Sort failures first. */
export function worstFirst<T extends Post>(posts: readonly T[]): readonly T[] {
  return [...posts].sort((a, b) => rank[a.outcome] - rank[b.outcome] || b.retries - a.retries);
}

export function sumOfHops(hops: readonly Hop[]): number {
  return hops.reduce((sum, hop) => sum + hop.durationMs, 0);
}
