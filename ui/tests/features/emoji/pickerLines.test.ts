import data from "virtual:emoji-data";
import { describe, expect, test } from "vitest";
import {
  COLUMNS,
  type EmojiData,
  emojiRows,
  movePosition,
  pickerLines,
} from "../../../src/features/emoji/pickerLines";

const emoji = (symbol: string, label: string, category: number, ...tags: string[]) => ({
  emoji: symbol,
  label,
  names: [],
  category,
  tags,
});

const few: EmojiData = {
  emojis: [
    emoji("😀", "Grinning face", 0, "smile"),
    { ...emoji("👋", "Waving hand", 1, "hello"), skins: { dark: "👋🏿" } },
    emoji("👍", "Thumbs up", 1, "hand", "hand up"),
    emoji("🎉", "Party popper", 2, "tada"),
  ],
  categories: [
    { index: 0, label: "Smileys" },
    { index: 1, label: "People" },
    { index: 2, label: "Activities" },
  ],
  skinTones: { light: "l", "medium-light": "ml", medium: "m", "medium-dark": "md", dark: "d" },
};

const symbols = (text: string, tone: "dark" | null = null) =>
  emojiRows(pickerLines(few, text, tone)).map((row) => row.map((cell) => cell.symbol));

describe("the lines for a text", () => {
  test("are a heading and rows for each category with matches", () => {
    expect(pickerLines(few, "", null).map((line) => ("heading" in line ? line.heading : line.row))).toEqual([
      "Smileys",
      0,
      "People",
      1,
      "Activities",
      2,
    ]);
  });

  test("are those of one list for a text: names and tags match case-insensitively, names first", () => {
    expect(pickerLines(few, "hand", null)[0]).toEqual({ heading: "Best matches first" });
    expect(symbols("TADA")).toEqual([["🎉"]]);
    expect(symbols(" hand ")).toEqual([["👋", "👍"]]);
    expect(symbols("face")).toEqual([["😀"]]);
  });

  test("are empty without a match", () => {
    expect(pickerLines(few, "no such emoji", null)).toEqual([]);
  });

  test("have the chosen skin tone where it exists", () => {
    expect(symbols("", "dark")).toEqual([["😀"], ["👋🏿", "👍"], ["🎉"]]);
  });

  test("begin with the recent emoji, as they were picked, if there is no text", () => {
    const recent = ["👋🏿", "no emoji", "🎉"];
    const [heading, row, next] = pickerLines(few, "", null, recent);
    expect(heading).toEqual({ heading: "Recently used" });
    expect(row).toMatchObject({
      row: 0,
      cells: [{ symbol: "👋🏿", label: "Waving hand" }, { symbol: "🎉" }],
    });
    expect(next).toEqual({ heading: "Smileys" });
    expect(pickerLines(few, "tada", null, recent)).toHaveLength(2);
  });

  test("of the real data contain every emoji of a category once, in full rows", () => {
    const rows = emojiRows(pickerLines(data, "", null));
    const shown = new Set(data.categories.map(({ index }) => index));
    expect(rows.flat()).toHaveLength(data.emojis.filter(({ category }) => shown.has(category)).length);
    expect(Math.max(...rows.map((row) => row.length))).toBe(COLUMNS);
    expect(rows.flat().length).toBeGreaterThan(1_500);
  });
});

describe("the arrow keys", () => {
  const cell = { symbol: "x", label: "x" };
  const rows = [Array(3).fill(cell), Array(8).fill(cell), Array(2).fill(cell)];
  const go = (row: number, column: number, key: string) => {
    const to = movePosition(rows, { row, column }, key);
    return [to.row, to.column];
  };

  test.each([
    ["ArrowRight", [0, 0], [0, 1]],
    ["ArrowRight", [0, 2], [1, 0]],
    ["ArrowRight", [2, 1], [2, 1]],
    ["ArrowLeft", [1, 4], [1, 3]],
    ["ArrowLeft", [1, 0], [0, 2]],
    ["ArrowLeft", [0, 0], [0, 0]],
    ["ArrowDown", [0, 2], [1, 2]],
    ["ArrowDown", [1, 7], [2, 1]],
    ["ArrowDown", [2, 0], [2, 0]],
    ["ArrowUp", [1, 7], [0, 2]],
    ["ArrowUp", [0, 1], [0, 1]],
  ])("%s moves from %j to %j", (key, from, to) => {
    expect(go(from[0] ?? 0, from[1] ?? 0, key)).toEqual(to);
  });
});
