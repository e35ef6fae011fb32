/**
 * Characters that show nothing: spaces, controls, zero-width characters, and letters that are drawn blank. Pure.
 * `functions/contract/text.py` has the same rule, and `tests/text_rules/visible.json` checks both.
 */

const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a reader sees anything of the text. */
export function hasVisible(text: string): boolean {
  return VISIBLE.test(text);
}
