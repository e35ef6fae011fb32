/** What was typed is what is shown: a reader can select and copy every character that is not clearly markup. */
import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { isCodeLanguage } from "../../../src/core/text/codeLanguages";
import { hasVisible } from "../../../src/core/text/visible";
import { Markdown } from "../../../src/features/shared/Markdown";

/** The same messages in every run; the thorough tests generate more, and other ones each time. */
const RUNS = process.env.PARLEY_TEXT_RUNS;
const parameters = RUNS === undefined ? { numRuns: 1_000, seed: 1 } : { numRuns: Number(RUNS) };

const html = (text: string) =>
  renderToStaticMarkup(<Markdown text={text} resolveMention={() => undefined} />);

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" };

function textOf(markup: string): string {
  return markup
    .replace(/<span class="Markdown_host">.*?<\/span>/g, "")
    .replace(/<br\/>/g, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&([a-z]+|#x27);/g, (entity, name: string) => entities[name] ?? entity);
}

const shown = (text: string) => textOf(html(text));
const shape = (text: string) =>
  [...html(text).matchAll(/<(em|strong|del|code|pre|blockquote|ul|ol|a)\b/g)].map(([, tag]) => tag);

describe("shown as typed, without markup", () => {
  test.each([
    "¯\\_(ツ)_/¯",
    "¯_(ツ)_/¯",
    "C:\\_temp\\*new",
    "C:\\Users\\_new_\\*.txt",
    "\\*not emphasis\\*",
    "a line\\\nthe next",
    ">_<",
    ">:(",
    ">.< and >_<",
    "->",
    ">",
    ">>> print(1)",
    "-_- and -_-",
    "^_^ ^_^",
    ";_; sad ;_;",
    "*_*",
    "*.* and *.*",
    "**/*.ts, **/*.js",
    "2*3*4 and 2**3**4",
    "__init__.py and __name__",
    "snake_case_name",
    "/*a*/ b /*c*/",
    "+ 1",
    "+1",
    "-",
    "*",
    "- - -",
    "***",
    "---",
    "```",
    "``` ```",
    "```\n```",
    "```js",
    "```hello",
    "~~~hello~~~",
    "~~~\ncode\n~~~",
    "~~~~",
    "` `",
    "[](https://example.com)",
    '[x](https://example.com "a title")',
    "![x][y]",
    "[a]: https",
    "&amp; &#65;",
    "<b>x</b>",
    "   /\\_/\\\n  ( o.o )\n   > ^<",
    "if a:\n    b()\n  c()",
    "*\u200b*",
    "# no heading",
    "a | b\n--|--",
  ])("%j", (text) => {
    expect(shown(text)).toBe(text);
    expect(shape(text)).toEqual([]);
  });
});

describe("is markup", () => {
  test.each([
    ["*a* _b_ **c** ~~d~~ ***e***", "a b c d e", ["em", "em", "strong", "del", "em", "strong"]],
    ["(*a*), “_b_”; *c*.", "(a), “b”; c.", ["em", "em", "em"]],
    ["これは*強調*です", "これは強調です", ["em"]],
    ["*$5* and *“quoted.”*", "$5 and “quoted.”", ["em", "em"]],
    ["> a\n> b\n>\n> c", "a\nbc", ["blockquote"]],
    ["> > a", "a", ["blockquote", "blockquote"]],
    ["1985. a year", "1985. a year", ["ol"]],
    ["2) a\n7) b", "2) a7) b", ["ol"]],
    ["1. a\n\n   b", "1. ab", ["ol"]],
    ["- a\n-\n- b", "ab", ["ul"]],
    ["```js\na\n```", "a", ["pre", "code"]],
    ["```some text\nmore\n```", "some text\nmore", ["pre", "code"]],
    ["```hello\n```", "hello", ["pre", "code"]],
    ["`` a`b ``", "a`b", ["code"]],
  ])("%j", (text, content, elements) => {
    expect(shown(text)).toBe(content);
    expect(shape(text)).toEqual(elements);
  });
});

test.each(["plain", "*em*", "`code`", "[label](https://example.com)", "> quoted", "- item"])(
  "lines break within a letter with too many marks: %s",
  (text) => {
    const typed = text.replace(/[a-z](?=\W|$)/, `$&${"\u0489".repeat(150)}`);
    expect(html(typed).match(/<wbr\/>/g)).toHaveLength(9);
    expect(shown(typed)).toContain("\u0489".repeat(150));
  },
);

test("a message of invisible characters says so", () => {
  for (const text of ["\u200b", "\u2060\u200d", "\u3164", "\u2800\u2800", "\u00ad"])
    expect(shown(text)).toBe("This message has only invisible characters.");
});

// --- generated messages

const scripts = [
  "word",
  "Ünïcödé",
  "слово",
  "λόγος",
  "שלום",
  "مرحبا",
  "नमस्ते",
  "日本語",
  "한국어",
  "ภาษา",
  "a\u0301\u0323\u0308",
  "🎉",
  "👩‍👩‍👧‍👦",
  "❤️",
  "¯",
  "ツ",
  "İ",
  "ß",
];
const delimiters = [
  "*",
  "**",
  "_",
  "__",
  "~~",
  "~~~",
  "`",
  "``",
  "```",
  "\\",
  ">",
  "> ",
  "- ",
  "* ",
  "+ ",
  "1. ",
  "2) ",
  "[",
  "]",
  "(",
  ")",
  "!",
  "<",
  "&",
  "#",
  "|",
  ":",
  "/",
];
const spaces = [" ", "  ", "\n", "\n\n", "\t", "    "];
const wholes = [
  "**bold**",
  "_it_",
  "~~gone~~",
  "`code`",
  "[label](https://example.com/a_b)",
  "https://example.com/a_b_c?d=*e*",
  "www.example.org",
  "```js\nlet a\n```",
  "```note\nb\n```",
  "> said\n",
  "\\*",
  "@bob",
  "<https://example.com>",
  "“",
  "”",
  "。",
  "،",
  "؟",
];

const messages = fc
  .array(fc.oneof(...[scripts, delimiters, spaces, wholes].map((pieces) => fc.constantFrom(...pieces))), {
    minLength: 1,
    maxLength: 24,
  })
  .map((pieces) => pieces.join(""));

/** Markup that is not shown: the destination of a link, and the language of a code block. */
const HIDDEN = [
  /\]\(\s*<?(?:https?:\/\/|www\.)[^\s)]*(?=[\s)])/g,
  /(?<=```[ \t]*)\w+(?=[ \t]*(?:\n|$))/g,
] as const;

function mustBeShown(text: string): string {
  const [destination, language] = HIDDEN;
  return text
    .replace(destination, "")
    .replace(language, (word) => (isCodeLanguage(word) ? "" : word))
    .replace(/[\s*_~`>[\]()<+-]/g, "");
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of part) {
    at = whole.indexOf(character, at);
    if (at < 0) return false;
    at += character.length;
  }
  return true;
}

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

test("in generated messages nothing is lost, out of order or invisible", () => {
  fc.assert(
    fc.property(messages, (text) => {
      fc.pre(hasVisible(text));
      const markup = html(text);
      const content = textOf(markup);
      expect(isSubsequence(mustBeShown(text), content), content).toBe(true);
      expect(hasVisible(content)).toBe(true);
      expect(markup).not.toMatch(/<(em|strong|del|code|a|blockquote|ol|ul)\b[^>]*><\/\1>/);

      // A delimiter is left out only for an element that is shown in its place.
      if (/https?:|www\./.test(text)) return;
      const missing = (pattern: RegExp) => count(text, pattern) - count(content, pattern);
      const elements = (tag: string) => count(markup, new RegExp(`<${tag}\\b`, "g"));
      const emphasis = 2 * elements("em") + 4 * elements("strong");
      expect(missing(/\\/g)).toBe(0);
      expect(missing(/[[\]()!<&#|:/+\d.]/g)).toBe(0);
      expect(missing(/~/g)).toBe(4 * elements("del"));
      expect(missing(/[*_]/g)).toBeGreaterThanOrEqual(emphasis);
      expect(missing(/[*_-]/g)).toBeLessThanOrEqual(emphasis + elements("li"));
      if (missing(/>/g) > 0) expect(elements("blockquote")).toBeGreaterThan(0);
      if (missing(/`/g) > 0) expect(elements("code")).toBeGreaterThan(0);
    }),
    parameters,
  );
});
