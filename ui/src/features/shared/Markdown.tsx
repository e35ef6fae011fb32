/** Renders a message's Markdown as elements, never through an HTML string. Unsupported nodes are shown as text. */
import type { Nodes, Parent } from "mdast";
import { Fragment, memo, type ReactNode } from "react";
import { safeUrl, unnamedHost } from "../../core/text/links";
import { isPlain, parseMarkdown, visibleText } from "../../core/text/markdown";
import { findMentions } from "../../core/text/mentions";
import { hasVisible } from "../../core/text/visible";
import { chunk } from "../../kit/chunk";
import { classNames } from "../../kit/classNames";
import { breakable } from "./breakable";
import styles from "./Markdown.module.css";

const HighlightedCode = chunk(() => import("./HighlightedCode"), {
  what: "The code",
  loading: ({ code }) => code,
  fallback: ({ code }) => code,
});

/** The user of an `@username`; undefined if unknown, which is shown as text. */
export type ResolveMention = (
  username: string,
) => { readonly name: string; readonly me: boolean } | undefined;

interface MarkdownProps {
  readonly text: string;
  readonly resolveMention: ResolveMention;
}

export const Markdown = memo(function Markdown({ text, resolveMention }: MarkdownProps) {
  if (!hasVisible(text)) return <p className={styles.nothing}>This message has only invisible characters.</p>;
  return (
    <div className={classNames(styles.markdown, isEmojiOnly(text) && styles.emojiOnly)} dir="auto">
      {isPlain(text) ? (
        <p dir="auto">{breakable(text)}</p>
      ) : (
        children(parseMarkdown(text), { text, resolveMention })
      )}
    </div>
  );
});

interface Context {
  readonly text: string;
  readonly resolveMention: ResolveMention;
  /** Within a link: its label has no links and no mentions. */
  readonly inLink?: boolean;
  /** A mention in a quote does not address the user: the server does not count it either. */
  readonly inQuote?: boolean;
}

function children(parent: Parent, context: Context): ReactNode {
  return parent.children.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: nodes are never reordered.
    <Fragment key={index}>{element(node as Nodes, context)}</Fragment>
  ));
}

function element(node: Nodes, context: Context): ReactNode {
  switch (node.type) {
    case "text":
      return withMentions(node.value, context);
    case "paragraph":
      return <p dir="auto">{children(node, context)}</p>;
    case "emphasis":
      return <em>{children(node, context)}</em>;
    case "strong":
      return <strong>{children(node, context)}</strong>;
    case "delete":
      return <del>{children(node, context)}</del>;
    case "inlineCode":
      return <code dir="ltr">{breakable(node.value)}</code>;
    case "break":
      return <br />;
    case "blockquote":
      return <blockquote dir="auto">{children(node, { ...context, inQuote: true })}</blockquote>;
    case "list":
      // The numbers of an ordered list are in its text.
      return node.ordered ? (
        <ol dir="auto">{children(node, context)}</ol>
      ) : (
        <ul dir="auto">{children(node, context)}</ul>
      );
    case "listItem":
      return <li>{node.spread ? children(node, context) : tight(node, context)}</li>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard.
        <pre dir="ltr" tabIndex={0}>
          <code>{node.lang ? <HighlightedCode language={node.lang} code={node.value} /> : node.value}</code>
        </pre>
      );
    case "link": {
      const href = context.inLink ? null : safeUrl(node.url);
      if (!href) return children(node, context);
      const host = unnamedHost(visibleText(node), href);
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href} dir="ltr">
          <bdi>{children(node, { ...context, inLink: true })}</bdi>
          {host && <span className={styles.host}> ({host})</span>}
        </a>
      );
    }
    default:
      return source(node, context);
  }
}

/** Items of a tight list have no paragraph around their text. */
function tight(item: Parent, context: Context): ReactNode {
  return item.children.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: nodes are never reordered.
    <Fragment key={index}>
      {node.type === "paragraph" ? children(node, context) : element(node as Nodes, context)}
    </Fragment>
  ));
}

/** The source text of a node that is not supported. */
function source(node: Nodes, { text }: Context): ReactNode {
  const { position } = node;
  return position ? breakable(text.slice(position.start.offset, position.end.offset)) : null;
}

function withMentions(text: string, { resolveMention, inLink, inQuote }: Context): ReactNode {
  if (inLink) return breakable(text);
  const parts: ReactNode[] = [];
  let done = 0;
  for (const { username, start, end } of findMentions(text)) {
    const person = resolveMention(username);
    if (!person) continue;
    parts.push(text.slice(done, start));
    parts.push(
      <span
        key={start}
        className={classNames(styles.mention, person.me && !inQuote && styles.me)}
        title={`@${username}`}
      >
        @<bdi>{breakable(person.name)}</bdi>
      </span>,
    );
    done = end;
  }
  parts.push(text.slice(done));
  return parts.map((part) => (typeof part === "string" ? breakable(part) : part));
}

/** Whether the text is one to three emoji only, which are shown larger. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 64 && /^(?:\s*(?:\p{RGI_Emoji})\s*){1,3}$/v.test(text);
}
