import data from "virtual:emoji-data";
import { describe, expect, test } from "vitest";
import { findEmojis } from "../../../src/features/emoji/findEmojis";
import type { Emoji } from "../../../src/features/emoji/pickerLines";

const symbol = ({ emoji }: Emoji) => emoji.replace("\ufe0f", "");
const found = (text: string) => findEmojis(data.emojis, text).map(symbol);

describe("the first match", () => {
  test.each([
    ["thumbs", "👍"],
    ["thumb", "👍"],
    ["thumbs down", "👎"],
    ["thumbsup", "👍"],
    ["+1", "👍"],
    ["-1", "👎"],
    ["OK", "🆗"],
    ["ok hand", "👌"],
    ["ok_h", "👌"],
    ["heart", "❤"],
    ["broken", "💔"],
    ["smile", "😄"],
    ["joy", "😂"],
    ["tada", "🎉"],
    ["party", "🎉"],
    ["rocket", "🚀"],
    ["fire", "🔥"],
    ["100", "💯"],
    ["pray", "🙏"],
    ["cry", "😢"],
    ["laugh", "😆"],
    ["wave", "👋"],
    ["clap", "👏"],
    ["think", "🤔"],
    ["eyes", "👀"],
    ["coffee", "☕"],
    ["bug", "🐛"],
    ["white_check_mark", "✅"],
    [":shrug:", "🤷"],
  ])("for %s is %s", (text, emoji) => {
    expect(found(text)[0]).toBe(emoji);
  });
});

test("exact names come before prefixes, prefixes before words, and words before parts of words", () => {
  const of = (label: string, ...tags: string[]): Emoji => ({
    emoji: label,
    label,
    names: [],
    category: 0,
    tags,
  });
  const emojis = ["Category", "A tomcat", "My cat", "Cat face", "Cat"]
    .map((label) => of(label))
    .concat(of("Paw", "cat"));
  expect(findEmojis(emojis, "cat").map(({ label }) => label)).toEqual([
    "Cat",
    "Category",
    "Cat face",
    "My cat",
    "Paw",
    "A tomcat",
  ]);
});

test("two letters match no middle of a word", () => {
  expect(found("ok")).not.toContain("💔");
  expect(found("roke")).toContain("💔");
});
