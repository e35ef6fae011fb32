import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import cases from "../../../../tests/text_rules/folding.json";
import { containsWords, fold, matchesIn } from "../../../src/core/text/fold";
import { charactersOf } from "../../support/textRules";

const highlighted = (text: string, term: string) =>
  matchesIn(text, term).map(({ start, end }) => text.slice(start, end));

test.each(cases.same)("%s and %s are the same", (one, other) => {
  expect(fold(String(one))).toBe(fold(String(other)));
});

test.each(cases.different)("%s and %s are different", (one, other) => {
  expect(fold(String(one))).not.toBe(fold(String(other)));
});

test.each(cases.matches)("in $text, $term is highlighted if it matches", ({ text, term, matches }) => {
  // A filter without words excludes nothing.
  expect(containsWords(text, term)).toBe(matches || fold(term).trim() === "");
  if (matches) expect(matchesIn(text, term)).not.toEqual([]);
});

test("every letter is folded as on the server", () => {
  const lines = cases.everyLetter.ranges.flatMap(charactersOf).map((letter) => `${fold(letter)}\n`);
  expect(createHash("sha256").update(lines.join("")).digest("hex")).toBe(cases.everyLetter.sha256);
});

test.each([
  ["İİİ istanbul", "istanbul", ["istanbul"]],
  ["İstanbul'da İSTANBUL", "istanbul", ["İstanbul", "İSTANBUL"]],
  ["die Straße hier", "strasse", ["Straße"]],
  ["die Straße hier", "ss", ["ß"]],
  ["cafe\u0301 x", "café", ["cafe\u0301"]],
  ["STRAẞE", "straße", ["STRAẞE"]],
  ["\u1112\u1161\u11ab", "한", ["\u1112\u1161\u11ab"]],
  ["🎉🎉 tada", "tada", ["tada"]],
  ["one two three", "three one", ["one", "three"]],
  ["one two", "one two", ["one two"]],
  ["aaaa", "aa", ["aa", "aa"]],
  ["abc", "  ", []],
  ["abc", "x", []],
] as const)("in %j, %j highlights %j", (text, term, expected) => {
  expect(highlighted(text, term)).toEqual(expected);
});

test("a part of a text is found in it, and is what is highlighted", () => {
  const characters = fc.constantFrom(..."aAbİıßſςΣσé", "e\u0301", "🎉", "日", " ");
  const word = fc.array(characters, { minLength: 1, maxLength: 6 }).map((all) => all.join(""));
  fc.assert(
    fc.property(word, word, word, (before, term, after) => {
      fc.pre(fold(term).trim() !== "");
      const found = highlighted(before + term + after, term);
      expect(found.length).toBeGreaterThan(0);
      for (const part of found) expect(fold(part)).toContain(fold(term.trim()).split(/\s+/)[0]);
    }),
    { seed: 1, numRuns: 500 },
  );
});
