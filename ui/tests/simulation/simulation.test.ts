/**
 * Thousands of simulated schedules: the browser's client and a model of the service, in virtual time, with every fault
 * that the promises are about. PARLEY_SCHEDULES sets their number, and PARLEY_SCHEDULE repeats one.
 */
import { expect, test } from "vitest";
import { play } from "./schedule";
import { allFaults } from "./serviceModel";

const COUNT = Number(process.env.PARLEY_SCHEDULES ?? 300);
const ONLY = process.env.PARLEY_SCHEDULE;
const SEEDS = ONLY ? [Number(ONLY)] : Array.from({ length: COUNT }, (_, index) => index + 1);

test("client and server agree at the end of every schedule", { timeout: 600_000 }, async () => {
  const total: Record<string, number> = {};
  for (const seed of SEEDS) {
    const { counts } = await play(seed);
    for (const [fault, times] of Object.entries(counts)) total[fault] = (total[fault] ?? 0) + times;
  }
  if (ONLY) return;
  const kinds = [...Object.keys(allFaults), "throttle", "cut", "silence", "offline", "reload"];
  expect(kinds.filter((fault) => !total[fault])).toEqual([]);
});

test("a seed repeats a schedule step by step", async () => {
  const [first, second] = [await play(7), await play(7)];
  expect(first.trace.length).toBeGreaterThan(50);
  expect(second.trace).toEqual(first.trace);
});
