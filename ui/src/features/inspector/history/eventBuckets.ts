/** Event counts by category along the slider's track. Pure. */

import type { PublishedEvent } from "../contract";
import { type EventCategory, eventCategory } from "../events/describeEvent";

export interface Bucket {
  readonly total: number;
  readonly counts: readonly (readonly [EventCategory, number])[];
}

const CATEGORIES: readonly EventCategory[] = ["message", "change", "reaction", "member", "presence", "other"];

/** Buckets of equal event counts, not of equal times, so that idle periods do not fill the track. */
export function eventBuckets(events: readonly PublishedEvent[], max = 120): Bucket[] {
  const size = Math.max(1, Math.ceil(events.length / max));
  const found: Bucket[] = [];
  for (let start = 0; start < events.length; start += size) {
    const counts = new Map<EventCategory, number>();
    for (const event of events.slice(start, start + size)) {
      const kind = eventCategory(event.detailType);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    found.push({
      total: Math.min(size, events.length - start),
      counts: CATEGORIES.flatMap((kind) => {
        const many = counts.get(kind);
        return many === undefined ? [] : [[kind, many] as const];
      }),
    });
  }
  return found;
}
