import { expect, test, vi } from "vitest";
import { compareNames } from "../../../src/core/text/collation";

test("names are compared by one collator, which is created once", () => {
  const created = vi.spyOn(Intl, "Collator");
  const compared = vi.spyOn(String.prototype, "localeCompare");
  expect(["Person 10", "Asb", "Person 9", "åsa"].sort(compareNames)).toEqual([
    "åsa",
    "Asb",
    "Person 9",
    "Person 10",
  ]);
  expect(created).not.toHaveBeenCalled();
  expect(compared).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
