/** Times in the language of the interface and the time zone of the user. */
import { dateFormat, LANGUAGE } from "./language";

const hoursAndMinutes = dateFormat({ hour: "2-digit", minute: "2-digit" });
const dateAndTime = dateFormat({ dateStyle: "full", timeStyle: "medium" });
const thisYear = dateFormat({ weekday: "long", month: "long", day: "numeric" });
const otherYear = dateFormat({
  weekday: "short",
  year: "numeric",
  month: "long",
  day: "numeric",
});
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
const monthAndDay = dateFormat({ month: "short", day: "numeric", year: "numeric" });

export const timeOfDay = (iso: string) => hoursAndMinutes.format(new Date(iso));
export const fullTime = (iso: string) => dateAndTime.format(new Date(iso));
export const shortDate = (iso: string) => monthAndDay.format(new Date(iso));

/** The same text for all times on one local day. */
export function dayKey(time: string | number): string {
  const day = new Date(time);
  return `${day.getFullYear()}-${day.getMonth()}-${day.getDate()}`;
}

/** The start of the local day that is `days` after the day of `now`. A day may have 23 or 25 hours. */
export function startOfDay(now: number, days = 0): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days).getTime();
}

export function dayName(iso: string, now = Date.now()): string {
  const day = new Date(iso);
  const key = dayKey(iso);
  if (key === dayKey(now)) return capital(relative.format(0, "day"));
  if (key === dayKey(startOfDay(now, -1))) return capital(relative.format(-1, "day"));
  return day.getFullYear() === new Date(now).getFullYear() ? thisYear.format(day) : otherYear.format(day);
}

/** "5 minutes ago"; `now` is in ms, by the clock that produced `iso`. Days are those of the calendar. */
export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1_000);
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3_600), "hour");
  const days = Math.round((startOfDay(now) - startOfDay(Date.parse(iso))) / 86_400_000);
  return days < 30 ? relative.format(-days, "day") : shortDate(iso);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
