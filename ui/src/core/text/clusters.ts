/**
 * Letters with their marks, and joined emoji (grapheme clusters). A browser never breaks a line within one, and text may join
 * any number of characters to one: a letter with 150 marks would be wider than its row. Pure.
 */

/** In widths of a letter. No letter or emoji that people write is wider, and it fits into the narrowest row. */
export const MAX_CLUSTER_WIDTH = 16;

/** Characters that become a part of the cluster of their neighbours: marks, joiners, skin tones, parts of Hangul. */
const JOINED =
  "\\p{M}\\p{Cf}\\p{Emoji_Modifier}\\u0d4e\\u0e33\\u0eb3\\u1100-\\u11ff\\ua960-\\ua97c\\ud7b0-\\ud7ff";
/** What every cluster that is too wide contains. */
const MAY_BE_WIDE = new RegExp(`(?:[^${JOINED}\\s]?[${JOINED}]){${MAX_CLUSTER_WIDTH / 2}}`, "u");

const ZERO_WIDTH_JOINER = "\u200d";
const TWICE_AS_WIDE = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u20e3/u;

let segmenter: Intl.Segmenter | undefined;

/** The text in parts between which a line may break, because the cluster there is too wide. Nearly always one part. */
export function partsOfWideClusters(text: string): string[] {
  if (!MAY_BE_WIDE.test(text)) return [text];
  segmenter ??= new Intl.Segmenter("und", { granularity: "grapheme" });
  const parts: string[] = [];
  let done = 0;
  for (const { segment, index } of segmenter.segment(text)) {
    let end = index;
    let total = 0;
    for (const character of segment) {
      const width = widthOf(character);
      if (total + width > MAX_CLUSTER_WIDTH) {
        parts.push(text.slice(done, end));
        done = end;
        total = 0;
      }
      end += character.length;
      total += width;
    }
  }
  return [...parts, text.slice(done)];
}

/** The width of a character that is not drawn as one with its neighbours, at most. */
function widthOf(character: string): number {
  if (character === ZERO_WIDTH_JOINER) return 0;
  return TWICE_AS_WIDE.test(character) ? 2 : 1;
}
