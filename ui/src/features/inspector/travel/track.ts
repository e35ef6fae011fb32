/** What the slider's track shows: how many events of which family lie where. Pure. */
import { type Family, family } from "../events/tell";
import type { BusEvent } from "../wire";

export interface Bucket {
  readonly total: number;
  readonly parts: readonly (readonly [Family, number])[];
}

const FAMILIES: readonly Family[] = ["message", "change", "reaction", "member", "presence", "other"];

/** Events by their place in the order, not by time: a quiet night must not fill the track. */
export function buckets(events: readonly BusEvent[], most = 120): Bucket[] {
  const size = Math.max(1, Math.ceil(events.length / most));
  const found: Bucket[] = [];
  for (let start = 0; start < events.length; start += size) {
    const counts = new Map<Family, number>();
    for (const event of events.slice(start, start + size)) {
      const kind = family(event.detailType);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    found.push({
      total: Math.min(size, events.length - start),
      parts: FAMILIES.flatMap((kind) => {
        const many = counts.get(kind);
        return many === undefined ? [] : [[kind, many] as const];
      }),
    });
  }
  return found;
}
