import { describe, expect, test } from "vitest";
import { hue, initials } from "../../src/kit/Avatar";

describe("initials", () => {
  test.each([
    ["Alice", "A"],
    ["Alice B. Carter", "AC"],
    ["Alice (@alice-2)", "A"],
    ["Alice Carter (@alice)", "AC"],
    ["дмитрий соколов", "ДС"],
    ["陈伟", "陈"],
    ["<b>Mark</b>", "BB"],
    ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"],
    ["", "?"],
  ])("of %j are %j", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});

test("similar ids have clearly different colours", () => {
  const hues = ["user-1", "user-2", "user-3", "user-4"].map(hue);
  expect(new Set(hues).size).toBe(4);
  for (const value of hues) expect(value).toBeGreaterThanOrEqual(0);
});
