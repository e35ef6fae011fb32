import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_CLUSTER_WIDTH, partsOfWideClusters } from "../../../src/core/text/clusters";

const clusters = (text: string) =>
  [...new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text)].map(({ segment }) => segment);

test.each([
  ["", "word ".repeat(100), "é".repeat(40), "日本語".repeat(40), "한국어".repeat(40), "@".repeat(64)],
  [
    "🎉".repeat(40),
    "👍🏽".repeat(40),
    "👩🏽‍❤️‍💋‍👨🏿".repeat(20),
    "👩‍👩‍👧‍👦🏳️‍🌈".repeat(20),
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿".repeat(20),
    "🇩🇪".repeat(40),
  ],
  ["नमस्ते".repeat(40), "ภาษาไทยที่".repeat(40), "بِسْمِ".repeat(40), "שָׁלוֹם".repeat(40), "བསྒྲུབས".repeat(40)],
])("letters and emoji that people write stay whole: %j", (...texts) => {
  for (const text of texts) expect(partsOfWideClusters(text)).toEqual([text]);
});

test.each([
  ["marks", `a${"\u0489".repeat(150)}`],
  ["marks of a script", `ก${"\u0e49".repeat(150)}`],
  ["joined emoji", "👩\u200d".repeat(60)],
  ["joined consonants", "क\u094d".repeat(80)],
  ["parts of Hangul", "\u1100".repeat(100)],
  ["signs before a number", `${"\u0600".repeat(60)}1`],
  ["a letter before a letter", "\u0d4e".repeat(60)],
  ["skin tones", `👍${"🏽".repeat(20)}`],
  ["keys", `1${"\u20e3".repeat(20)}`],
])("a line can break within too many %s", (_what, text) => {
  expect(clusters(text)).toHaveLength(1);
  const parts = partsOfWideClusters(text);
  expect(parts.join("")).toBe(text);
  for (const part of parts)
    expect([...part.replaceAll("\u200d", "")].length).toBeLessThanOrEqual(MAX_CLUSTER_WIDTH);
});

const pieces = [
  "a",
  " ",
  "\u0301",
  "\u0489",
  "\u200d",
  "👩",
  "🏽",
  "क",
  "\u094d",
  "\u1100",
  "\u1161",
  "\ufe0f",
  "🇩",
  "ก\u0e33",
];
const texts = fc
  .array(fc.tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 40 })), { maxLength: 8 })
  .map((runs) => runs.map(([piece, count]) => piece.repeat(count)).join(""));

test("in generated texts no part has a wider cluster, and no character is lost", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const parts = partsOfWideClusters(text);
      expect(parts.join("")).toBe(text);
      for (const cluster of parts.flatMap(clusters))
        expect([...cluster.replaceAll("\u200d", "")].length).toBeLessThanOrEqual(MAX_CLUSTER_WIDTH);
    }),
    { numRuns: 300, seed: 1 },
  );
});
