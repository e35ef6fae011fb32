/** Times in the user's language and time zone. */

const hoursAndMinutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const otherYear = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  year: "numeric",
  month: "long",
  day: "numeric",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const dateFormat = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", year: "numeric" });

export const timeOfDay = (iso: string) => hoursAndMinutes.format(new Date(iso));
export const fullTime = (iso: string) => dateAndTime.format(new Date(iso));
export const shortDate = (iso: string) => dateFormat.format(new Date(iso));

/** The same text for all times on one local day. */
export function dayKey(iso: string): string {
  const day = new Date(iso);
  return `${day.getFullYear()}-${day.getMonth()}-${day.getDate()}`;
}

export function dayName(iso: string, now = Date.now()): string {
  const day = new Date(iso);
  const key = dayKey(iso);
  if (key === dayKey(new Date(now).toISOString())) return capital(relative.format(0, "day"));
  if (key === dayKey(new Date(now - 86_400_000).toISOString())) return capital(relative.format(-1, "day"));
  return day.getFullYear() === new Date(now).getFullYear() ? thisYear.format(day) : otherYear.format(day);
}

/** "5 minutes ago"; `now` is in ms, by the clock that produced `iso`. */
export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1_000);
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3_600), "hour");
  if (seconds < 30 * 86_400) return relative.format(-Math.floor(seconds / 86_400), "day");
  return shortDate(iso);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
