/**
 * The syntax of messages, as an extension of the parser. It is narrower than CommonMark, so that text is markup only
 * where that is certainly meant; everything else is shown as typed:
 * a quote needs a space after `>`, a code block needs backticks, escapes keep their backslash, and HTML, images,
 * headings, tables and references are text.
 */
import type { CompileContext, Extension as TreeExtension } from "mdast-util-from-markdown";
import { codeFenced } from "micromark-core-commonmark";
import { markdownLineEnding, markdownSpace } from "micromark-util-character";
import type { Construct, Extension, TokenizeContext, Tokenizer } from "micromark-util-types";
import { findUrls } from "./links";

const GREATER_THAN = 62;
const GRAVE_ACCENT = 96;

/** The extension for one text, whose URLs are found first. */
export function messageSyntax(text: string): Extension {
  const urls = literalUrl(text);
  return {
    disable: {
      null: [
        "blockQuote",
        "characterReference",
        "codeFenced",
        "codeIndented",
        "definition",
        "hardBreakEscape",
        "headingAtx",
        "htmlFlow",
        "htmlText",
        "labelStartImage",
        "setextUnderline",
        "thematicBreak",
      ],
    },
    document: { [GREATER_THAN]: quote },
    flow: { [GRAVE_ACCENT]: { ...codeFenced, name: "backtickFence" } },
    text: Object.fromEntries([..."hHwW"].map((letter) => [letter.charCodeAt(0), urls])),
  };
}

/** A quote begins with `> ` at the start of its line; within a quote, `>` alone is an empty line. */
const quote: Construct = {
  name: "quote",
  tokenize: tokenizeQuoteMarker(false),
  continuation: { tokenize: tokenizeQuoteContinuation },
  exit: (effects) => void effects.exit("blockQuote"),
};
const quoteMarker: Construct = { tokenize: tokenizeQuoteMarker(true), partial: true };

function tokenizeQuoteMarker(continues: boolean): Tokenizer {
  return function (this: TokenizeContext, effects, ok, nok) {
    return (code) => {
      const indented = this.events.at(-1)?.[1].type === "linePrefix";
      if (code !== GREATER_THAN || (indented && !continues)) return nok(code);
      if (!continues) effects.enter("blockQuote", { _container: true });
      effects.enter("blockQuotePrefix");
      effects.enter("blockQuoteMarker");
      effects.consume(code);
      effects.exit("blockQuoteMarker");
      return (next) => {
        if (markdownSpace(next)) {
          effects.enter("blockQuotePrefixWhitespace");
          effects.consume(next);
          effects.exit("blockQuotePrefixWhitespace");
          effects.exit("blockQuotePrefix");
          return ok;
        }
        if (!continues || !(next === null || markdownLineEnding(next))) return nok(next);
        effects.exit("blockQuotePrefix");
        return ok(next);
      };
    };
  };
}

function tokenizeQuoteContinuation(
  this: TokenizeContext,
  ...[effects, ok, nok]: Parameters<Tokenizer>
): ReturnType<Tokenizer> {
  const marker = effects.attempt(quoteMarker, ok, nok);
  return function indent(code) {
    if (!markdownSpace(code)) return marker(code);
    effects.enter("linePrefix");
    effects.consume(code);
    effects.exit("linePrefix");
    return indent;
  };
}

/** A URL in the text, as an autolink without angle brackets. */
function literalUrl(text: string): Construct {
  const ends = new Map(findUrls(text).map(({ start, end }) => [start, end]));
  return {
    name: "literalUrl",
    tokenize(effects, ok, nok) {
      const { now } = this;
      const end = ends.get(now().offset);
      return function begin(code) {
        if (end === undefined) return nok(code);
        effects.enter("autolink");
        effects.enter("autolinkProtocol");
        return within(code);
      };
      function within(code: Parameters<typeof ok>[0]): ReturnType<typeof ok> {
        if (end === undefined || now().offset < end) {
          effects.consume(code);
          return within;
        }
        effects.exit("autolinkProtocol");
        effects.exit("autolink");
        return ok(code);
      }
    },
  };
}

/** Keeps the backslash of an escape, and the spaces at the start of a line. */
export const keepTyped: TreeExtension = {
  enter: { escapeMarker: () => undefined },
  exit: {
    escapeMarker(token) {
      const text = this.stack.at(-1);
      if (text?.type === "text") text.value += this.sliceSerialize(token);
    },
    linePrefix(token) {
      if (!holdsLines(this)) return;
      this.config.enter.data?.call(this, token);
      this.config.exit.data?.call(this, token);
    },
  },
};

function holdsLines({ stack, config }: CompileContext): boolean {
  const parent = stack.at(-1);
  return parent !== undefined && config.canContainEols.includes(parent.type);
}
