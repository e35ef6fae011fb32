import { expect, test } from "vitest";
import cases from "../../../../tests/text_rules/visible.json";
import { hasVisible } from "../../../src/core/text/visible";
import { charactersOf } from "../../support/textRules";

test.each(cases.texts)("a reader sees something of $text: $visible", ({ text, visible }) => {
  expect(hasVisible(text)).toBe(visible);
});

test("the invisible characters are those of the server", () => {
  const invisible = cases.checked.flatMap(charactersOf).filter((character) => !hasVisible(character));
  expect(invisible).toEqual(cases.invisible.flatMap(charactersOf));
});
