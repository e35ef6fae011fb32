import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { isCodeLanguage } from "../../../src/core/text/codeLanguages";
import { isPlain } from "../../../src/core/text/markdown";
import { isEmojiOnly, Markdown } from "../../../src/features/shared/Markdown";

const people = new Map([
  ["alice", { name: "Alice <b>", me: true }],
  ["bob", { name: "Bob", me: false }],
]);
const resolveMention = (username: string) => people.get(username);
const html = (text: string) => renderToStaticMarkup(<Markdown text={text} resolveMention={resolveMention} />);

/** The inner HTML of the outermost element. */
const inner = (text: string) => html(text).replace(/^<div[^>]*>|<\/div>$/g, "");

describe("the subset", () => {
  test.each([
    ["plain", '<p dir="auto">plain</p>'],
    [
      "*a* **b** ~~c~~ `d`",
      '<p dir="auto"><em>a</em> <strong>b</strong> <del>c</del> <code dir="ltr">d</code></p>',
    ],
    ["one\ntwo", '<p dir="auto">one\ntwo</p>'],
    ["one\n\ntwo", '<p dir="auto">one</p><p dir="auto">two</p>'],
    ["- a\n- b", '<ul dir="auto"><li>a</li><li>b</li></ul>'],
    ["3. a\n4. b", '<ol dir="auto"><li>3. a</li><li>4. b</li></ol>'],
    ["> said", '<blockquote dir="auto"><p dir="auto">said</p></blockquote>'],
    ["```\na < b\n```", '<pre dir="ltr" tabindex="0"><code>a &lt; b</code></pre>'],
    ["snake_case_name", '<p dir="auto">snake_case_name</p>'],
  ])("%j", (text, expected) => {
    expect(inner(text)).toBe(expected);
  });

  test.each([
    "# no heading",
    "![no image](https://example.com/x.png)",
    "a | b\n--|--\n1 | 2",
    "***",
    "    no code",
    "[a]: https://example.com",
    "&lt;b&gt; &amp;",
  ])("%j is not in it", (text) => {
    expect(html(text)).not.toMatch(/<(h1|img|table|hr|pre)/);
  });

  test("entities are shown as typed", () => {
    expect(inner("&lt;b&gt; *x*")).toBe('<p dir="auto">&amp;lt;b&amp;gt; <em>x</em></p>');
  });
});

describe("links", () => {
  test.each([
    "https://example.com/a?b=c",
    "[here](https://example.com/a?b=c)",
    "<https://example.com/a?b=c>",
  ])("%j opens in a new tab without a referrer", (text) => {
    expect(html(text)).toContain(
      '<a href="https://example.com/a?b=c" target="_blank" rel="noopener noreferrer nofollow"',
    );
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](/relative)",
    "[x](//example.com)",
    "[x](mailto:a@example.com)",
    "a@example.com",
  ])("%j is text", (text) => {
    expect(html(text)).not.toContain("<a");
  });
});

describe("a link", () => {
  const link = (text: string) => {
    const [, href, label] = /<a href="([^"]*)"[^>]* dir="ltr"><bdi>(.*?)<\/a>/.exec(html(text)) ?? [];
    return [href, label?.replace(/<[^>]*>/g, "")];
  };

  test("is isolated, left to right, from the text around it", () => {
    expect(link("ראו https://example.com/a?b=c עכשיו")).toEqual([
      "https://example.com/a?b=c",
      "https://example.com/a?b=c",
    ]);
  });

  test("in quotation marks opens the host that was typed", () => {
    expect(link("“https://example.com”")).toEqual(["https://example.com/", "https://example.com"]);
    expect(html("“https://example.com”")).toContain("</a>”</p>");
  });

  test("whose label does not begin with its host shows the host", () => {
    expect(link("[here](https://example.com/a)")).toEqual(["https://example.com/a", "here (example.com)"]);
    expect(link("[bank.example](https://evil.example)")).toEqual([
      "https://evil.example/",
      "bank.example (evil.example)",
    ]);
    expect(link("[https://bank.example](https://evil.example)")).toEqual([
      "https://evil.example/",
      "https://bank.example (evil.example)",
    ]);
    expect(link("<https://bank.example@evil.example>")[1]).toBe(
      "https://bank.example@evil.example (evil.example)",
    );
    expect(link("[example.com/a](https://example.com/a)")[1]).toBe("example.com/a");
  });

  test("contains delimiters of emphasis as typed", () => {
    expect(link("*see https://example.com/_a_/*b*")[1]).toBe("https://example.com/_a_/*b");
  });
});

describe("markup", () => {
  test.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<b>x</b> <!-- y --> <![CDATA[z]]>",
    '<a href="javascript:alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "**<img src=x onerror=alert(1)>**",
    "> <iframe src=x>",
  ])("%j is shown as it was typed", (text) => {
    const shown = html(text);
    expect(shown).not.toMatch(/<(img|script|b|a|svg|iframe)[\s>/]/i);
    expect(shown).toContain("&lt;");
  });
});

describe("mentions", () => {
  test("of known users are highlighted and show the name", () => {
    expect(inner("hi @bob and @alice")).toContain(
      '<span class="Markdown_mention" title="@bob">@<bdi>Bob</bdi></span>',
    );
    expect(inner("hi @bob and @alice")).toContain(
      '<span class="Markdown_mention Markdown_me" title="@alice">@<bdi>Alice &lt;b&gt;</bdi></span>',
    );
  });

  test("of unknown users, and in code, are text", () => {
    expect(inner("hi @stranger")).toBe('<p dir="auto">hi @stranger</p>');
    expect(inner("`@bob`")).not.toContain("mention");
  });
});

test("every language of the highlighting is recognized as the first line of a code block", async () => {
  await import("../../../src/features/shared/HighlightedCode");
  const { refractor } = await import("refractor/core");
  expect(refractor.listLanguages().filter((name) => !isCodeLanguage(name))).toEqual([]);
});

describe("hostile input", () => {
  const most = 8_192;
  test.each([
    ["quotes", ">".repeat(most)],
    ["spaced quotes", "> ".repeat(most / 2)],
    ["lists", "- ".repeat(most / 2)],
    ["stars", "*".repeat(most)],
    ["emphasis", "*a ".repeat(most / 3)],
    ["nested emphasis", `${"**a *b ".repeat(most / 8)}`],
    ["brackets", "[".repeat(most)],
    ["links", "[a](".repeat(most / 4)],
    ["ticks", "`".repeat(most)],
    ["tick runs", Array.from({ length: 120 }, (_, index) => "`".repeat(index + 1)).join(" ")],
    ["tildes", "~".repeat(most)],
    ["addresses", "www.".repeat(most / 4)],
    ["mail", "a@".repeat(most / 2)],
    ["lines", "\n".repeat(most)],
    ["escapes", "\\".repeat(most)],
    ["mentions", "@a".repeat(most / 2)],
  ])("%s are shown before the test's deadline", (_name, text) => {
    const shown = html(text);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.split("<blockquote").length).toBeLessThan(20);
  });
});

test("the parser is skipped only for plain text", () => {
  for (const text of ["hello", "a. b", "2 + 2 = 4", "50% off!", "مرحبا", "🎉", "a-b", "it's"]) {
    expect(isPlain(text)).toBe(true);
    const parsed = renderToStaticMarkup(
      <Markdown text={`${text}\n\n\`x\``} resolveMention={resolveMention} />,
    );
    expect(parsed).toContain(renderToStaticMarkup(<p dir="auto">{text}</p>));
  }
  for (const text of ["*a*", "- a", "1. a", "> a", "https://a.example", "@bob", "a\nb"])
    expect(isPlain(text)).toBe(false);
});

test("one to three emoji without text are large", () => {
  expect(["👍", "👍🎉", "👩‍👩‍👧‍👦 ❤️ 🇩🇪"].every(isEmojiOnly)).toBe(true);
  expect(["👍 ok", "", "123", "👍👍👍👍"].some(isEmojiOnly)).toBe(false);
});
