import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { quote } from "../../../src/features/message/quote";
import { Markdown } from "../../../src/features/shared/Markdown";

const shown = (text: string) =>
  renderToStaticMarkup(<Markdown text={text} resolveMention={() => undefined} />).replace(/<[^>]*>/g, "");

test("a quote shows the name and the text of the message as they were shown", () => {
  for (const name of ["Bob", "*Bob*", "b`o`b", "``", "__bob__", "C:\\bob", "@bob", "Bob (he)", "鮑勃", "-"]) {
    expect(shown(quote("one\ntwo", name)).replaceAll("&lt;", "<")).toBe(`${name}\none\ntwo`);
  }
});
