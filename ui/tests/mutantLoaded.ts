/** Setup for runs with a mutant: fails a test file that never loaded the changed module. */
import { afterAll, expect } from "vitest";
import { LOADED } from "./mutants";

afterAll(() => {
  expect(LOADED in globalThis, "the module of the mutant was never loaded").toBe(true);
});
