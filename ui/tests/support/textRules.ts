/** Helpers for the cases in `tests/text_rules`, which the functions are tested with too. */

/** All characters of a range of code points in hexadecimal, without surrogates. */
export function charactersOf([first = "", last = ""]: readonly string[]): string[] {
  const characters: string[] = [];
  for (let code = Number.parseInt(first, 16); code <= Number.parseInt(last, 16); code += 1) {
    if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code));
  }
  return characters;
}
