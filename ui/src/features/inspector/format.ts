/** Formats times, durations, ids and names. Pure. */
import { dateFormat, formatNumber } from "../../core/text/language";

const clock = dateFormat({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const shortClock = dateFormat({
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayAndClock = dateFormat({
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export const preciseTime = (iso: string) => clock.format(new Date(iso));
export const secondTime = (iso: string) => shortClock.format(new Date(iso));
export const dayTime = (iso: string) => dayAndClock.format(new Date(iso));

/** "0.4 ms", "12 ms", "1.25 s", "2 min 5 s": about three significant digits. */
export function duration(ms: number | null): string {
  if (ms === null) return "…";
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms === 0) return "0 ms";
  if (ms < 0.05) return "< 0.1 ms";
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** One decimal, for values that are summed. */
export const exactMs = (ms: number) => `${ms.toFixed(1)} ms`;

const DIRECT = "direct-";

/** The first part of a UUID, also in the id of a direct channel. */
export function shortId(id: string): string {
  if (id.length <= 12) return id;
  return id.slice(0, id.startsWith(DIRECT) ? DIRECT.length + 8 : 8);
}

/** "MessageSent" as words: "Message sent". */
export function words(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** A resource name without the stack prefix and without CloudFormation's hash. */
export function plainName(name: string): string {
  const parts = name.split("-");
  if (parts[0] !== "Parley" || parts.length < 4) return name;
  const own = parts[3] ?? name;
  return own.replace(/[0-9A-F]{8}$/, "") || name;
}

export const count = (many: number, one: string, several = `${one}s`) =>
  `${formatNumber(many)} ${many === 1 ? one : several}`;

/** A sentence about the posts of a message that has no problems. */
export function postSummary(posts: {
  readonly total: number;
  readonly delivered: number;
  readonly gone: number;
  readonly retried: number;
}): string {
  if (posts.total === 0) return "Stored. No connections were open, so nothing was posted.";
  const parts = [`Delivered to ${posts.delivered} of ${count(posts.total, "connection")}`];
  if (posts.gone > 0) parts.push(`${count(posts.gone, "connection")} had closed`);
  if (posts.retried > 0) parts.push(`${count(posts.retried, "post")} needed retries`);
  return `${parts.join(", ")}.`;
}
