/** Part of a run with a mutant: fails a test file that never loaded the changed module, which proves nothing. */
import { afterAll, expect } from "vitest";
import { LOADED } from "./mutants";

afterAll(() => {
  expect(LOADED in globalThis, "the module of the mutant was never loaded").toBe(true);
});
