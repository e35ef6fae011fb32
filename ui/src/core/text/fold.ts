/**
 * Folds text for comparisons: without case, accents, points and compatibility forms, so that `STRASSE` matches `straße`,
 * `cafe` matches `café` and `οδος` matches `ΟΔΟΣ`. A folded text may be longer or shorter than the text. Pure.
 * `functions/chat/folding.py` is the same function, and `tests/text_rules/folding.json` checks both.
 */

/** Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel signs. Vowel signs of other scripts are letters. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]/g;
const ASCII = /^[\0-\x7f]*$/;
/** A letter with its marks: folding it does not depend on what is around it. */
const CLUSTERS = /\P{M}\p{M}*|\p{M}+/gu;

export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const letters = text.normalize("NFKD").replace(MARKS, "");
  // Lower case first, because the upper case of `ẞ` is itself; again, because that of `ß` is `SS`.
  // The lower case of a sigma depends on its place in the word.
  return letters.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

/** Whether a text contains all words of a term, in any order and as parts of words too: the rule of the search. */
export function containsWords(text: string, term: string): boolean {
  const folded = fold(text);
  return fold(term)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where a text matches a term, as positions in the text: the term, or else each of its words. */
export function matchesIn(text: string, term: string): Range[] {
  const wanted = fold(term).trim();
  if (wanted === "") return [];
  const index = new FoldedIndex(text);
  const whole = index.find(wanted);
  if (whole.length > 0) return whole;
  const words = wanted.split(/\s+/).flatMap((word) => index.find(word));
  return joined(words.sort((a, b) => a.start - b.start));
}

class FoldedIndex {
  #folded = "";
  /** For each position in the folded text, the range of the letter in the text that it comes from. */
  readonly #sources: { start: number; end: number }[] = [];

  constructor(text: string) {
    for (const { 0: cluster, index: start } of text.matchAll(CLUSTERS)) {
      const folded = fold(cluster);
      const source = { start, end: start + cluster.length };
      for (let count = 0; count < folded.length; count += 1) this.#sources.push(source);
      this.#folded += folded;
    }
  }

  find(wanted: string): Range[] {
    const ranges: Range[] = [];
    let at = this.#folded.indexOf(wanted);
    while (at >= 0) {
      const [first, last] = [this.#sources[at], this.#sources[at + wanted.length - 1]];
      if (first && last) ranges.push({ start: first.start, end: last.end });
      at = this.#folded.indexOf(wanted, at + wanted.length);
    }
    return joined(ranges);
  }
}

/** Sorted ranges without overlaps. */
function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last && range.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else result.push(range);
  }
  return result;
}
