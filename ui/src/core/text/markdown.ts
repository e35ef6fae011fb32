/**
 * The subset of Markdown that messages may use, parsed into a tree: emphasis, code, quotes, lists, links.
 * What is not in the subset (HTML, images, headings, tables) stays the text that was typed, because the
 * parser never sees it as anything else. Turning the tree into elements is for `components/Markdown.tsx`.
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

/** Deeper nesting than people write; a text of nothing but `>` would cost time and break the layout. */
const MAX_NESTING = 8;
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])(?=[ \t>]|$)[ \t]?)+/;

export function parseMarkdown(text: string): Root {
  if (tooDeep(text)) return plain(text);
  return fromMarkdown(text, {
    extensions: [disabledConstructs, gfmStrikethrough({ singleTilde: false }), gfmAutolinkLiteral()],
    mdastExtensions: [gfmStrikethroughFromMarkdown(), gfmAutolinkLiteralFromMarkdown()],
  });
}

/** Whether a text is sure to come out as one paragraph of plain text: then no parser is needed. */
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

/** An address that a link may lead to: the web, and nothing else. */
export function safeUrl(url: string): string | null {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
