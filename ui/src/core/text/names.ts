/** Names that users chose, made safe to show: nothing invisible, no stacks of marks, no effect on text around them. */
import { fold } from "./fold";
import { hasVisible } from "./visible";

/** Invisible characters, except those that join letters or emoji: two joiners, variations and the tags of flags. */
const INVISIBLE =
  /(?!\p{M}|\u200c|\u200d|[\u{e0020}-\u{e007f}])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const ALL_INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** No script needs more marks on one letter. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

export function shownName(name: string, username: string): string {
  const shown = name.replace(INVISIBLE, "").replace(STACKED_MARKS, "$1").trim();
  return hasVisible(shown) ? shown : `@${username}`;
}

/** The same for names that a reader could take for each other because of case, accents or invisible characters. */
export function nameKey(name: string): string {
  return fold(name.replace(ALL_INVISIBLE, "")).replace(/\s+/g, " ").trim();
}

/** The name for use within a sentence without markup: a right-to-left name does not reorder the sentence. */
export function isolated(name: string): string {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}
