import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ago, dayName } from "../../../src/core/text/time";

test("times are formatted relative to now", () => {
  const now = Date.UTC(2026, 5, 10, 12);
  expect(ago(new Date(now - 5_000).toISOString(), now)).toBe("just now");
  expect(ago(new Date(now - 5 * 60_000).toISOString(), now)).toBe("5 minutes ago");
  expect(ago(new Date(now + 60_000).toISOString(), now)).toBe("just now");
  expect(dayName(new Date(now).toISOString(), now)).toBe("Today");
  expect(dayName(new Date(now - 86_400_000).toISOString(), now)).toBe("Yesterday");
});

/** The module as loaded by a browser with this time zone and these languages. */
async function load(
  zone: string,
  ...languages: string[]
): Promise<typeof import("../../../src/core/text/time")> {
  process.env.TZ = zone;
  vi.stubGlobal("navigator", { languages });
  vi.resetModules();
  return await import("../../../src/core/text/time");
}

describe("in another time zone or language", () => {
  const before = { zone: process.env.TZ, navigator: globalThis.navigator };
  beforeEach(() => void vi.resetModules());
  afterEach(() => {
    if (before.zone === undefined) delete process.env.TZ;
    else process.env.TZ = before.zone;
    vi.stubGlobal("navigator", before.navigator);
    vi.resetModules();
  });

  test("days are those of the calendar, also when a day has 23 or 25 hours", async () => {
    const time = await load("Europe/Berlin", "en");
    const names = (now: Date, ...days: Date[]) =>
      days.map((day) => time.dayName(day.toISOString(), now.getTime()));
    // In Berlin, 28 March 2027 has 23 hours and 31 October 2027 has 25.
    expect(
      names(
        new Date(2027, 2, 29, 0, 30),
        new Date(2027, 2, 29),
        new Date(2027, 2, 28, 12),
        new Date(2027, 2, 27, 23, 45),
      ),
    ).toEqual(["Today", "Yesterday", "Saturday, March 27"]);
    expect(
      names(new Date(2027, 10, 1, 0, 30), new Date(2027, 9, 31, 0, 15), new Date(2027, 9, 30, 23, 45)),
    ).toEqual(["Yesterday", "Saturday, October 30"]);
    expect(time.ago(new Date(2027, 2, 27, 20).toISOString(), new Date(2027, 2, 29, 0, 30).getTime())).toBe(
      "2 days ago",
    );
  });

  test("dates and numbers are in the language of the interface, with the clock of the user", async () => {
    const time = await load("Europe/Berlin", "de-DE", "fr");
    const { formatNumber } = await import("../../../src/core/text/language");
    const iso = new Date(2027, 4, 4, 15, 5).toISOString();
    expect(time.dayName(iso, new Date(2027, 11, 1).getTime())).toBe("Tuesday, May 4");
    expect(time.shortDate(iso)).toBe("May 4, 2027");
    expect(time.timeOfDay(iso)).toBe("15:05");
    expect(time.fullTime(iso)).toContain("Tuesday, May 4, 2027");
    expect(time.ago(iso, new Date(2027, 4, 4, 16, 6).getTime())).toBe("1 hour ago");
    expect(formatNumber(8_192)).toBe("8,192");
  });

  test("dates are in the user's variant of English", async () => {
    const time = await load("Europe/London", "de", "en-GB");
    const iso = new Date(2027, 4, 4, 15, 5).toISOString();
    expect(time.shortDate(iso)).toBe("4 May 2027");
    expect(time.timeOfDay(iso)).toBe("15:05");
    const american = await load("America/New_York", "en-US");
    expect(american.timeOfDay(new Date(2027, 4, 4, 15, 5).toISOString())).toMatch(/^03:05\sPM$/);
  });
});
