/** Whom a message mentions: what is drawn as a mention of the user is what the server counts. */
import { readFileSync } from "node:fs";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import examples from "../../../../tests/text_rules/mentions.json";
import generated from "../../../../tests/text_rules/mentions_generated.json";
import { Markdown } from "../../../src/features/shared/Markdown";

interface MentionCase {
  readonly text: string;
  readonly mentions: readonly string[];
}

/** The thorough tests of the server write further cases, with its results. */
const FILE = process.env.PARLEY_MENTION_CASES;
const more: readonly MentionCase[] = FILE === undefined ? [] : JSON.parse(readFileSync(FILE, "utf8"));

function drawn(text: string): string[] {
  const html = renderToStaticMarkup(
    <Markdown text={text} resolveMention={(username) => ({ name: username.toLowerCase(), me: true })} />,
  );
  const names = [...html.matchAll(/Markdown_me"[^>]*>@<bdi>(.*?)<\/bdi>/g)].map(([, name]) => name ?? "");
  return [...new Set(names)].sort();
}

test.each(examples)("$text mentions $mentions", ({ text, mentions }) => {
  expect(drawn(text)).toEqual(mentions);
});

test("generated messages mention whom the server counts", () => {
  const wrong = [...generated, ...more].filter(
    ({ text, mentions }) => JSON.stringify(drawn(text)) !== JSON.stringify(mentions),
  );
  expect(wrong.map(({ text, mentions }) => ({ text, mentions, drawn: drawn(text) }))).toEqual([]);
});
