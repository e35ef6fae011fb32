/**
 * Parses the Markdown subset of messages into a tree: emphasis, code, quotes, lists, links. Everything else (HTML,
 * images, headings, tables) stays text, because its constructs are disabled in the parser.
 * `features/shared/Markdown.tsx` renders the tree.
 */
import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";

const disabledConstructs = {
  disable: {
    null: [
      "characterReference",
      "codeIndented",
      "definition",
      "headingAtx",
      "htmlFlow",
      "htmlText",
      "labelStartImage",
      "setextUnderline",
      "thematicBreak",
    ],
  },
};

/** Limits the time to parse hostile input such as thousands of `>`, and keeps the layout usable. */
const MAX_NESTING = 8;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])(?=[ \t>]|$)[ \t]?)+/;

export function parseMarkdown(text: string): Root {
  if (tooDeep(text)) return plain(text);
  return fromMarkdown(text, {
    extensions: [disabledConstructs, gfmStrikethrough({ singleTilde: false }), gfmAutolinkLiteral()],
    mdastExtensions: [gfmStrikethroughFromMarkdown(), gfmAutolinkLiteralFromMarkdown()],
  });
}

/** Whether the text is certainly a single plain paragraph, so that it need not be parsed. */
export function isPlain(text: string): boolean {
  return !/[\\`*_~[\]<>&@]|https?:|www\.|^[ \t]*(?:[-+#]|\d+[.)])|\n/im.test(text);
}

function tooDeep(text: string): boolean {
  for (const line of text.split("\n")) {
    const markers = CONTAINERS.exec(line)?.[0];
    if (markers && (markers.match(/>|[-+*]|\d+[.)]/g)?.length ?? 0) > MAX_NESTING) return true;
  }
  return false;
}

function plain(text: string): Root {
  return { type: "root", children: [{ type: "paragraph", children: [{ type: "text", value: text }] }] };
}

/** The URL if it is http or https, else null. */
export function safeUrl(url: string): string | null {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
