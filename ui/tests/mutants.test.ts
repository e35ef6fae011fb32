import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chosenMutant, mutants, mutated } from "./mutants";

const source = `
const PAUSES: readonly number[] = [1, 2];
export const limit = 3;
export function twice(n: number): number {
  return n * 2;
}
export class Box<T> {
  readonly #items: T[] = [];
  size = 0;
  add(item: T): void {
    this.#items.push(item);
  }
  async #load(): Promise<void> {
    await this.add;
  }
}
class Other {
  add() {
    return 1;
  }
}
`;
const change = (symbol: string, code: string, text = source) =>
  mutated(text, { file: "src/x.ts", symbol, code });
const squeezed = (text: string) => text.replace(/\s+/g, " ");

describe("a mutant replaces", () => {
  test.each([
    ["a const", "PAUSES", "[]", "const PAUSES: readonly number[] = [];"],
    ["an exported const", "limit", "4", "export const limit = 4;"],
    ["a function's body", "twice", "return 0;", "function twice(n: number): number { return 0; }"],
    ["a method's body", "Box.add", "", "add(item: T): void { } async #load"],
    ["a private method's body", "Box.#load", "return;", "async #load(): Promise<void> { return; }"],
    ["a property", "Box.size", "7", "size = 7;"],
    ["a private property", "Box.#items", "[null as never]", "#items: T[] = [null as never];"],
  ])("%s, and nothing else", (_, symbol, code, expected) => {
    const after = change(symbol, code);
    expect(squeezed(after)).toContain(expected);
    const kept = source.split("\n").filter((line) => !after.includes(line));
    expect(kept.length).toBeLessThanOrEqual(1);
  });
});

describe("a mutant is rejected", () => {
  test.each(["nothing", "Box.nothing", "Nothing.add", "Box"])("if there is no %s", (symbol) => {
    expect(() => change(symbol, "0")).toThrow(`there are 0 definitions of ${symbol}`);
  });

  test("if there are two definitions", () => {
    const overloaded = "class A { get x() { return 1; } set x(value) { this; } }";
    expect(() => change("A.x", "", overloaded)).toThrow("there are 2 definitions of A.x");
  });

  test("if its code is invalid", () => {
    expect(() => change("twice", "return (;")).toThrow("the code of the mutant for twice is wrong");
  });

  test("if it changes nothing", () => {
    expect(() => change("limit", "3")).toThrow("changes nothing");
  });
});

test("a mutant is chosen by its name, and an unknown name is an error", () => {
  const [first] = mutants;
  expect(chosenMutant("")).toBeUndefined();
  expect(chosenMutant(first?.what)).toBe(first);
  expect(() => chosenMutant("no such mutant")).toThrow('there is no mutant "no such mutant"');
});

describe("each mutant of the list", () => {
  test.each(mutants)("applies: $what", (mutant) => {
    const file = readFileSync(new URL(`../${mutant.file}`, import.meta.url), "utf8");
    expect(mutated(file, mutant)).not.toBe(file);
  });

  test("has a unique name", () => {
    expect(new Set(mutants.map(({ what }) => what)).size).toBe(mutants.length);
  });
});
