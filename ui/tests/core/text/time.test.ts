import { expect, test } from "vitest";
import { ago, dayName } from "../../../src/core/text/time";

test("times are formatted relative to now", () => {
  const now = Date.UTC(2026, 5, 10, 12);
  expect(ago(new Date(now - 5_000).toISOString(), now)).toBe("just now");
  expect(ago(new Date(now - 5 * 60_000).toISOString(), now)).toMatch(/5/);
  expect(ago(new Date(now + 60_000).toISOString(), now)).toBe("just now");
  expect(dayName(new Date(now).toISOString(), now)).toMatch(/today/i);
  expect(dayName(new Date(now - 86_400_000).toISOString(), now)).toMatch(/yesterday/i);
});
