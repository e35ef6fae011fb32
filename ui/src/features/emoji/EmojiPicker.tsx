/**
 * The emoji picker, in a separate chunk with its data. The list is filtered in the same render as the text field, so
 * that the next key acts on the text in the field.
 */
import data from "virtual:emoji-data";
import {
  type CSSProperties,
  createContext,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useContext,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import styles from "./EmojiPopover.module.css";
import {
  type Cell,
  COLUMNS,
  emojiRows,
  movePosition,
  type Position,
  pickerLines,
  type Tone,
} from "./pickerLines";
import { recentEmojis, rememberEmoji } from "./recentEmojis";

const TONES: readonly (Tone | null)[] = [null, "light", "medium-light", "medium", "medium-dark", "dark"];
/** The emoji that shows the selected skin tone. */
const HAND = data.emojis.find(({ label }) => label === "Raised hand");

const START: Position = { row: 0, column: 0 };

export default function EmojiPicker({ onPick: onPicked }: { onPick: (emoji: string) => void }) {
  const [recent] = useState(recentEmojis);
  const onPick = (symbol: string) => {
    rememberEmoji(symbol);
    onPicked(symbol);
  };
  const [text, setText] = useState("");
  const [tone, setTone] = useState<Tone | null>(null);
  /** Selected by arrow keys or pointer since the text changed. */
  const [chosen, setChosen] = useState<Position | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [sticky, setSticky] = useState(0);
  const listId = useId();

  const lines = useMemo(() => pickerLines(data, text, tone, recent), [text, tone, recent]);
  const rows = useMemo(() => emojiRows(lines), [lines]);
  const at = chosen ?? (text.trim() === "" ? null : START);
  const active = at === null ? undefined : rows[at.row]?.[at.column];

  const changeText = (value: string) => {
    setText(value);
    setChosen(null);
    setSticky(0);
    list.current?.scrollTo(0);
  };

  const choose = (to: Position) => {
    setChosen(to);
    const line = lines.findIndex((each) => "cells" in each && each.row === to.row);
    // Upwards one more line, because the sticky heading covers one.
    const down = at !== null && to.row > at.row;
    list.current?.scrollToIndex(down ? line : Math.max(0, line - 1), { align: "nearest" });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLButtonElement) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (active) onPick(active.symbol);
    } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      if (rows.length > 0) choose(at === null ? START : movePosition(rows, at, event.key));
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: handles keys of the field and the list inside.
    <div className={styles.picker} onKeyDown={onKeyDown}>
      <div className={styles.search}>
        <input
          className="input"
          type="search"
          aria-label="Search emoji"
          aria-controls={listId}
          placeholder="Search emoji"
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="done"
          // biome-ignore lint/a11y/noAutofocus: the picker is opened to search.
          autoFocus
          value={text}
          onChange={(event) => changeText(event.target.value)}
        />
      </div>
      {/* No tab stop, which browsers make of what scrolls: the arrow keys in the field move among the emoji. */}
      <div className={styles.viewport} ref={scroller} tabIndex={-1}>
        <div role="status">{lines.length === 0 && <p className={styles.note}>No emoji found</p>}</div>
        {/* biome-ignore lint/a11y/useSemanticElements: a table cannot be windowed. */}
        <div
          id={listId}
          role="grid"
          aria-label="Emoji"
          aria-colcount={COLUMNS}
          aria-rowcount={rows.length}
          tabIndex={-1}
        >
          <StickyHeading value={sticky}>
            <Virtualizer
              ref={list}
              scrollRef={scroller}
              data={lines}
              item={LineBox}
              keepMounted={lines.length > 0 ? [sticky] : []}
              onScroll={(offset) => setSticky(headingAt(lines, list.current?.findItemIndex(offset) ?? 0))}
            >
              {(line) =>
                "heading" in line ? (
                  <div key={line.heading} className={styles.category}>
                    {line.heading}
                  </div>
                ) : (
                  // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as the grid.
                  <div key={line.row} role="row" className={styles.row} aria-rowindex={line.row + 1}>
                    {line.cells.map((cell, column) => (
                      <EmojiCell
                        key={cell.label}
                        cell={cell}
                        column={column}
                        active={cell === active}
                        onChoose={() => setChosen({ row: line.row, column })}
                        onPick={onPick}
                      />
                    ))}
                  </div>
                )
              }
            </Virtualizer>
          </StickyHeading>
        </div>
      </div>
      <div className={styles.foot}>
        <span className={styles.footName} aria-live="polite">
          {active ? active.label : lines.length > 0 && "Pick an emoji"}
        </span>
        <ToneButton tone={tone} onTone={setTone} />
      </div>
    </div>
  );
}

interface EmojiCellProps {
  readonly cell: Cell;
  readonly column: number;
  readonly active: boolean;
  readonly onChoose: () => void;
  readonly onPick: (emoji: string) => void;
}

function EmojiCell({ cell, column, active, onChoose, onPick }: EmojiCellProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid.
    <button
      type="button"
      role="gridcell"
      className={styles.one}
      aria-label={cell.label}
      aria-colindex={column + 1}
      aria-selected={active || undefined}
      data-active={active ? "" : undefined}
      tabIndex={-1}
      // Keep the focus in the text field.
      onPointerDown={(event) => event.preventDefault()}
      // Not onMouseEnter: scrolling below a resting pointer must not select.
      onMouseMove={active ? undefined : onChoose}
      onClick={() => onPick(cell.symbol)}
    >
      {cell.symbol}
    </button>
  );
}

function ToneButton({ tone, onTone }: { tone: Tone | null; onTone: (tone: Tone | null) => void }) {
  const next = TONES[(TONES.indexOf(tone) + 1) % TONES.length] ?? null;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Change skin tone${next ? ` (${data.skinTones[next]})` : ""}`}
      aria-live="polite"
      onClick={() => onTone(next)}
    >
      {(tone && HAND?.skins?.[tone]) || HAND?.emoji}
    </button>
  );
}

// --- sticky heading

const StickyHeading = createContext(0);

interface LineBoxProps {
  readonly style: CSSProperties;
  readonly index: number;
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLDivElement>;
}

/** A line of the list; sticky at the top if it is the heading of the visible category. */
function LineBox({ style, index, children, ref }: LineBoxProps) {
  const sticky = useContext(StickyHeading) === index;
  return (
    <div ref={ref} style={sticky ? { ...style, position: "sticky", top: 0, zIndex: 1 } : style}>
      {children}
    </div>
  );
}

function headingAt(lines: ReturnType<typeof pickerLines>, index: number): number {
  for (let at = Math.min(index, lines.length - 1); at > 0; at -= 1) {
    const line = lines[at];
    if (line && "heading" in line) return at;
  }
  return 0;
}
