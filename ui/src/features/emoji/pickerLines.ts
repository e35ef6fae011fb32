/** Emoji matches as lines of the picker, and moving between them with arrow keys. Pure. */
import { findEmojis } from "./findEmojis";

export const COLUMNS = 8;

export type Tone = "light" | "medium-light" | "medium" | "medium-dark" | "dark";

export interface Emoji {
  readonly emoji: string;
  readonly label: string;
  /** What people write between colons, such as "tada", if it is not the label. */
  readonly names: readonly string[];
  readonly category: number;
  readonly tags: readonly string[];
  readonly skins?: Readonly<Partial<Record<Tone, string>>>;
}

export interface EmojiData {
  readonly emojis: readonly Emoji[];
  /** In display order. */
  readonly categories: readonly { readonly index: number; readonly label: string }[];
  readonly skinTones: Readonly<Record<Tone, string>>;
}

/** An emoji in the selected skin tone. */
export interface Cell {
  readonly symbol: string;
  readonly label: string;
}

/** A category heading, or a row of emoji with its row number. */
export type Line = { readonly heading: string } | { readonly row: number; readonly cells: readonly Cell[] };

export interface Position {
  readonly row: number;
  readonly column: number;
}

/** The emoji that match a text, best first; for an empty text, recent ones and then all emoji by category. */
export function pickerLines(
  data: EmojiData,
  text: string,
  tone: Tone | null,
  recent: readonly string[] = [],
): Line[] {
  const groups =
    text.trim() === ""
      ? data.categories.map(({ index, label }) => ({
          label,
          emojis: data.emojis.filter(({ category }) => category === index),
        }))
      : [{ label: "Best matches first", emojis: findEmojis(data.emojis, text) }];
  const sections = groups.map(({ label, emojis }) => ({
    label,
    cells: emojis.map(
      (emoji): Cell => ({
        symbol: (tone && emoji.skins?.[tone]) || emoji.emoji,
        label: emoji.label,
      }),
    ),
  }));
  if (text.trim() === "") sections.unshift({ label: "Recently used", cells: cellsOf(data, recent) });
  const lines: Line[] = [];
  let row = 0;
  for (const { label, cells } of sections) {
    if (cells.length === 0) continue;
    lines.push({ heading: label });
    for (let at = 0; at < cells.length; at += COLUMNS) {
      lines.push({ row, cells: cells.slice(at, at + COLUMNS) });
      row += 1;
    }
  }
  return lines;
}

/** The cells of emoji that are known, each in the skin tone in which it was picked. */
function cellsOf({ emojis }: EmojiData, symbols: readonly string[]): Cell[] {
  return symbols.flatMap((symbol) => {
    const known = emojis.find(
      ({ emoji, skins }) => emoji === symbol || (skins && Object.values(skins).includes(symbol)),
    );
    return known ? [{ symbol, label: known.label }] : [];
  });
}

/** The rows without headings, by row number. */
export function emojiRows(lines: readonly Line[]): readonly (readonly Cell[])[] {
  return lines.flatMap((line) => ("cells" in line ? [line.cells] : []));
}

/** The position after an arrow key: left and right across rows, up and down in the column. */
export function movePosition(
  rows: readonly (readonly Cell[])[],
  { row, column }: Position,
  key: string,
): Position {
  const lastOf = (of: number) => (rows[of]?.length ?? 1) - 1;
  const lastRow = Math.max(0, rows.length - 1);
  switch (key) {
    case "ArrowLeft":
      if (column > 0) return { row, column: column - 1 };
      return row > 0 ? { row: row - 1, column: lastOf(row - 1) } : { row, column };
    case "ArrowRight":
      if (column < lastOf(row)) return { row, column: column + 1 };
      return row < lastRow ? { row: row + 1, column: 0 } : { row, column };
    case "ArrowUp":
      return row > 0 ? { row: row - 1, column: Math.min(column, lastOf(row - 1)) } : { row, column };
    case "ArrowDown":
      return row < lastRow ? { row: row + 1, column: Math.min(column, lastOf(row + 1)) } : { row, column };
    default:
      return { row, column };
  }
}
