/** The line below a graph: what a bad value looks like, and what to do. It has a little Markdown, for CloudWatch. */
import { Fragment } from "react";

const PARTS = /(`[^`]+`|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/;

export function Hint({ text }: { readonly text: string }) {
  return text.split(PARTS).map((part, at) => {
    const key = `${at}${part}`;
    if (/^`.+`$/.test(part)) return <code key={key}>{part.slice(1, -1)}</code>;
    if (/^\*.+\*$/.test(part)) return <em key={key}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    return link ? (
      <span key={key}>
        {link[1]} (<code>{link[2]}</code>)
      </span>
    ) : (
      <Fragment key={key}>{part}</Fragment>
    );
  });
}
