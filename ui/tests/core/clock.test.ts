import { expect, test, vi } from "vitest";
import { serverNow, updateServerTime } from "../../src/core/clock";

test("the server's time is taken from responses, and small differences are ignored", () => {
  vi.spyOn(Date, "now").mockReturnValue(Date.parse("2026-11-24T12:00:00.400Z"));
  updateServerTime("Tue, 24 Nov 2026 15:00:00 GMT");
  expect(serverNow() - Date.now()).toBe(3 * 3_600_000 - 400);
  updateServerTime("Tue, 24 Nov 2026 12:00:00 GMT");
  expect(serverNow()).toBe(Date.now());
  updateServerTime("nonsense");
  expect(serverNow()).toBe(Date.now());
  vi.restoreAllMocks();
});
