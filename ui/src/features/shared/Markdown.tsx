/** A message's text as elements. No HTML string is ever made: what is not an element below is text. */
import type { Nodes, Parent } from "mdast";
import { Fragment, lazy, memo, type ReactNode, Suspense } from "react";
import { isPlain, parseMarkdown, safeUrl } from "../../core/text/markdown";
import { findMentions } from "../../core/text/mentions";
import "./Markdown.css";

const HighlightedCode = lazy(() => import("./HighlightedCode"));

/** Who is behind an `@username`; undefined for nobody, which is then just text. */
export type ResolveMention = (
  username: string,
) => { readonly name: string; readonly me: boolean } | undefined;

interface MarkdownProps {
  readonly text: string;
  readonly resolveMention: ResolveMention;
}

export const Markdown = memo(function Markdown({ text, resolveMention }: MarkdownProps) {
  return (
    <div className={`markdown${isEmojiOnly(text) ? " markdown-emoji" : ""}`} dir="auto">
      {isPlain(text) ? <p dir="auto">{text}</p> : children(parseMarkdown(text), { text, resolveMention })}
    </div>
  );
});

interface Context {
  readonly text: string;
  readonly resolveMention: ResolveMention;
}

function children(parent: Parent, context: Context): ReactNode {
  return parent.children.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never reorders.
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
      return <code dir="ltr">{node.value}</code>;
    case "break":
      return <br />;
    case "blockquote":
      return <blockquote dir="auto">{children(node, context)}</blockquote>;
    case "list":
      return node.ordered ? (
        <ol start={node.start ?? 1} dir="auto">
          {children(node, context)}
        </ol>
      ) : (
        <ul dir="auto">{children(node, context)}</ul>
      );
    case "listItem":
      return <li>{node.spread ? children(node, context) : tight(node, context)}</li>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <pre dir="ltr" tabIndex={0}>
          <code>
            {node.lang ? (
              <Suspense fallback={node.value}>
                <HighlightedCode language={node.lang} code={node.value} />
              </Suspense>
            ) : (
              node.value
            )}
          </code>
        </pre>
      );
    case "link": {
      const href = safeUrl(node.url);
      if (!href) return source(node, context);
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
          {children(node, context)}
        </a>
      );
    }
    default:
      return source(node, context);
  }
}

/** A list item of one line needs no paragraph around it. */
function tight(item: Parent, context: Context): ReactNode {
  return item.children.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never reorders.
    <Fragment key={index}>
      {node.type === "paragraph" ? children(node, context) : element(node as Nodes, context)}
    </Fragment>
  ));
}

/** What was typed, for whatever is not shown as more than that. */
function source(node: Nodes, { text }: Context): ReactNode {
  const { position } = node;
  return position ? text.slice(position.start.offset, position.end.offset) : null;
}

function withMentions(text: string, { resolveMention }: Context): ReactNode {
  const parts: ReactNode[] = [];
  let done = 0;
  for (const { username, start, end } of findMentions(text)) {
    const person = resolveMention(username);
    if (!person) continue;
    parts.push(text.slice(done, start));
    parts.push(
      <span key={start} className={`mention${person.me ? " mention-me" : ""}`} title={`@${username}`}>
        @<bdi>{person.name}</bdi>
      </span>,
    );
    done = end;
  }
  return done === 0 ? text : [...parts, text.slice(done)];
}

/** One to three emoji and nothing else are shown larger. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 64 && /^(?:\s*(?:\p{RGI_Emoji})\s*){1,3}$/v.test(text);
}
