/**
 * Parses the Markdown subset of messages into a tree: emphasis, code, quotes, lists, links. What is not clearly markup
 * stays text, exactly as typed, and nothing in the tree is invisible: markup without visible content is text too.
 * `features/shared/Markdown.tsx` renders the tree.
 */
import type { Code, Delete, Emphasis, List, Nodes, Paragraph, PhrasingContent, Root, Strong } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { isCodeLanguage } from "./codeLanguages";
import { safeUrl } from "./links";
import { keepTyped, messageSyntax } from "./markdownSyntax";
import { hasVisible } from "./visible";

/** Limits the time to parse hostile input such as thousands of `>`, and keeps the layout usable. */
const MAX_NESTING = 8;
/** Nodes whose children are blocks, not parts of a line. */
const BLOCKS: ReadonlySet<string> = new Set(["root", "blockquote", "list", "listItem"]);
const CONTAINERS = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])(?=[ \t>]|$)[ \t]?)+/;

export function parseMarkdown(text: string): Root {
  if (tooDeep(text)) return plain(text);
  const root = fromMarkdown(text, {
    extensions: [messageSyntax(text), gfmStrikethrough({ singleTilde: false })],
    mdastExtensions: [gfmStrikethroughFromMarkdown(), keepTyped],
  });
  withTypedText(root, text);
  return root;
}

/** The text of a message without its markup, in one line: for a screen reader's announcement and for notifications. */
export function withoutMarkup(text: string): string {
  return isPlain(text) ? text : visibleText(parseMarkdown(text));
}

/** What is visible of a node of the tree. */
export function visibleText(node: Nodes): string {
  if (node.type === "break") return " ";
  if ("children" in node) return node.children.map(visibleText).join(BLOCKS.has(node.type) ? " " : "");
  return "value" in node ? node.value : "";
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

// --- what is not clearly markup becomes text again

type Parent = Extract<Nodes, { children: unknown[] }>;
type Marked = Emphasis | Strong | Delete;

/** Changes the descendants of a node. */
function withTypedText(parent: Parent, source: string): void {
  const children: Nodes[] = [];
  for (const child of parent.children as Nodes[]) {
    if (!visible(child)) {
      children.push(isBlock(child) ? typedParagraph(child, source) : typedText(child, source));
      continue;
    }
    if (child.type === "list" && (child.ordered || isPlus(child, source))) addItemMarkers(child, source);
    if ("children" in child) withTypedText(child, source);
    if (child.type === "paragraph" && parent.type === "root") children.push(withIndent(child, source));
    else children.push(...typed(child, source));
  }
  // The parser's types do not express that a node is replaced by nodes that its parent may contain.
  parent.children = joined(children) as never[];
}

/** The node, or the nodes that show it as typed. */
function typed(node: Nodes, source: string): Nodes[] {
  switch (node.type) {
    case "emphasis":
    case "strong":
    case "delete":
      return isClear(node, source) ? [node] : withMarkers(node, source);
    case "link":
      return safeUrl(node.url) && !node.title ? [node] : [typedText(node, source)];
    case "code":
      return [withFirstLine(node, source)];
    case "list":
      return isPlus(node, source) ? node.children.flatMap((item) => item.children) : [node];
    case "text":
    case "inlineCode":
    case "break":
    case "paragraph":
    case "blockquote":
    case "listItem":
      return [node];
    default:
      return [typedText(node, source)];
  }
}

const startOf = (node: Nodes) => node.position?.start.offset ?? 0;
const endOf = (node: Nodes) => node.position?.end.offset ?? 0;

function typedText(node: Nodes, source: string): Nodes {
  return { type: "text", value: source.slice(startOf(node), endOf(node)), ...positionOf(node) };
}

function positionOf({ position }: Nodes): Pick<Nodes, "position"> {
  return position ? { position } : {};
}

function typedParagraph(node: Nodes, source: string): Paragraph {
  return { type: "paragraph", children: [typedText(node, source) as PhrasingContent], ...positionOf(node) };
}

function isBlock({ type }: Nodes): boolean {
  return type === "blockquote" || type === "list" || type === "code" || type === "paragraph";
}

/** Whether a reader sees anything of a node; an empty item is seen by its bullet or number. */
function visible(node: Nodes): boolean {
  if (node.type === "text" || node.type === "break" || node.type === "listItem") return true;
  if (node.type === "list")
    return node.ordered === true || node.children.some((item) => item.children.some(seen));
  return seen(node);
}

function seen(node: Nodes): boolean {
  if (node.type === "code") return hasVisible(node.value + (node.lang ?? ""));
  if (node.type === "list" && node.ordered) return true;
  if ("children" in node) return (node.children as Nodes[]).some(seen);
  return "value" in node && hasVisible(node.value);
}

/** A character that may stand directly before or after emphasised text: space, brackets, quotes, sentence marks. */
const OUTSIDE = /[\s()[\]{}"'“”‘’«»‹›.,;:!?…¿¡—–\-*_~]/u;
/** Between letters of other scripts, which are often written without spaces, `*` and `~~` are markup as well. */
const OTHER_LETTER = /[[\p{L}\p{M}\p{Emoji_Presentation}]--\p{ASCII}]/v;
const FIRST_INSIDE = /[\p{L}\p{N}\p{M}\p{Emoji}\p{Sc}"'“‘«¿¡([{_~`@<>+]/u;
const LAST_INSIDE = /[\p{L}\p{N}\p{M}\p{Emoji}\p{Sc}"'”’»)\]}_~`.,;:!?…%<>]/u;

/** Whether emphasis is meant: not in `2*3*4`, `__init__`, `¯_(ツ)_/¯` or `*.*`. */
function isClear(node: Marked, source: string): boolean {
  const [start, end] = [startOf(node), endOf(node)];
  const marker = source.charAt(start);
  if (node.type === "strong" && marker === "_") return false;
  const width = node.type === "emphasis" ? 1 : 2;
  const inside = source.slice(start + width, end - width);
  const allowed = (character: string) =>
    character === "" || OUTSIDE.test(character) || (marker !== "_" && OTHER_LETTER.test(character));
  return (
    allowed(lastCharacter(source.slice(Math.max(0, start - 2), start))) &&
    allowed(firstCharacter(source.slice(end, end + 2))) &&
    FIRST_INSIDE.test(firstCharacter(inside)) &&
    LAST_INSIDE.test(lastCharacter(inside)) &&
    /[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(inside)
  );
}

const firstCharacter = (text: string) => text.slice(0, (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
const lastCharacter = (text: string) => [...text].at(-1) ?? "";

function withMarkers(node: Marked, source: string): Nodes[] {
  const width = node.type === "emphasis" ? 1 : 2;
  const marker: Nodes = { type: "text", value: source.slice(startOf(node), startOf(node) + width) };
  return [marker, ...node.children, { ...marker }];
}

/** The first line of a fence is a language, or else code. */
function withFirstLine(node: Code, source: string): Nodes {
  const lines = source.slice(startOf(node), endOf(node)).split("\n");
  const first = (lines[0] ?? "").replace(/^`+/, "");
  const closed = lines.length > 1 && /^[ \t>]*`{3,}[ \t]*$/.test(lines.at(-1) ?? "");
  const isLanguage = isCodeLanguage(first.trim());
  const value =
    isLanguage || first.trim() === ""
      ? node.value
      : [first, ...(node.value === "" ? [] : [node.value])].join("\n");
  if (!hasVisible(value) || (!closed && lines.length === 1)) return typedParagraph(node, source);
  return { ...node, lang: isLanguage ? first.trim() : null, meta: null, value };
}

/** `+` is no bullet: "+ 1" is what was meant. */
function isPlus(list: List, source: string): boolean {
  return source.charAt(startOf(list)) === "+";
}

/** The numbers of an ordered list are text, as typed: the list may begin at 1985, and numbers can be copied. */
function addItemMarkers(list: List, source: string): void {
  for (const item of list.children) {
    const [first] = item.children;
    const value = source.slice(startOf(item), first ? startOf(first) : endOf(item));
    if (first?.type === "paragraph") first.children.unshift({ type: "text", value });
    else item.children.unshift({ type: "paragraph", children: [{ type: "text", value }] });
  }
}

/** Spaces before the first line of a paragraph, which the parser leaves out. */
function withIndent(node: Paragraph, source: string): Nodes {
  const start = startOf(node);
  const indent = /(?:^|\n)([ \t]+)$/.exec(source.slice(source.lastIndexOf("\n", start - 1) + 1, start))?.[1];
  if (!indent) return node;
  return {
    ...node,
    children: joined([{ type: "text", value: indent }, ...node.children]) as PhrasingContent[],
  };
}

/** Adjacent texts as one, so that a mention is found in it. */
function joined(nodes: readonly Nodes[]): Nodes[] {
  const result: Nodes[] = [];
  for (const node of nodes) {
    const before = result.at(-1);
    if (node.type === "text" && before?.type === "text") {
      result[result.length - 1] = { type: "text", value: before.value + node.value };
    } else result.push(node);
  }
  return result;
}
