import fc from "fast-check";
import { expect, test } from "vitest";
import { fold, matchesIn } from "../../../src/core/text/fold";

const highlighted = (text: string, term: string) =>
  matchesIn(text, term).map(({ start, end }) => text.slice(start, end));

test.each([
  ["straße", "STRASSE"],
  ["ΟΔΟΣ", "οδος"],
  ["οδός", "ΟΔΟΣ"],
  ["café", "cafe\u0301"],
  ["Ünïcödé", "unicode"],
  ["İstanbul", "istanbul"],
  ["ＡＢＣ", "abc"],
  ["ﬁn", "FIN"],
  ["שָׁלוֹם", "שלום"],
  ["ёлка", "елка"],
])("%s and %s are the same", (a, b) => {
  expect(fold(a)).toBe(fold(b));
});

test("vowel signs that are letters are kept", () => {
  expect(fold("कि")).not.toBe(fold("क"));
});

test.each([
  ["İİİ istanbul", "istanbul", ["istanbul"]],
  ["İstanbul'da İSTANBUL", "istanbul", ["İstanbul", "İSTANBUL"]],
  ["die Straße hier", "strasse", ["Straße"]],
  ["die Straße hier", "ss", ["ß"]],
  ["cafe\u0301 x", "café", ["cafe\u0301"]],
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
