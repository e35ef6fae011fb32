/**
 * The emoji picker. A chunk of its own, with its data. The list is filtered in the very render that shows what was
 * typed, never later: a key that follows at once acts on what the field says.
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
import {
  type Cell,
  COLUMNS,
  emojiRows,
  movePosition,
  type Position,
  pickerLines,
  type Tone,
} from "./pickerLines";

const TONES: readonly (Tone | null)[] = [null, "light", "medium-light", "medium", "medium-dark", "dark"];
/** Shows the skin tone that is chosen. */
const HAND = data.emojis.find(({ label }) => label === "Raised hand");

const START: Position = { row: 0, column: 0 };

export default function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const [text, setText] = useState("");
  const [tone, setTone] = useState<Tone | null>(null);
  /** Where the arrow keys or the pointer went since the text was changed. */
  const [chosen, setChosen] = useState<Position | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [sticky, setSticky] = useState(0);
  const listId = useId();

  const lines = useMemo(() => pickerLines(data, text, tone), [text, tone]);
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
    // Upwards with one line more, which the heading may cover.
    const down = at !== null && to.row > at.row;
    list.current?.scrollToIndex(down ? line : Math.max(0, line - 1), { align: "nearest" });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.target instanceof HTMLButtonElement) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (active) onPick(active.symbol);
    } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      if (rows.length > 0) choose(at === null ? START : movePosition(rows, at, event.key));
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the field and of the list within.
    <div className="emoji-picker" onKeyDown={onKeyDown}>
      <div className="emoji-search">
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
          // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type here.
          autoFocus
          value={text}
          onChange={(event) => changeText(event.target.value)}
        />
      </div>
      <div className="emoji-viewport" ref={scroller}>
        {lines.length === 0 && <p className="emoji-note">No emoji found</p>}
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
                  <div key={line.heading} className="emoji-category">
                    {line.heading}
                  </div>
                ) : (
                  // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as the grid.
                  <div key={line.row} role="row" className="emoji-row" aria-rowindex={line.row + 1}>
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
      <div className="emoji-foot">
        <span className="emoji-foot-name" aria-live="polite">
          {active ? active.label : "Pick an emoji"}
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
      className="emoji-one"
      aria-label={cell.label}
      aria-colindex={column + 1}
      aria-selected={active || undefined}
      data-active={active ? "" : undefined}
      tabIndex={-1}
      // The field keeps the focus and the keys.
      onPointerDown={(event) => event.preventDefault()}
      // A pointer that rests chooses nothing when the list moves below it.
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

// --- the heading of what is in view stays at the top

const StickyHeading = createContext(0);

interface LineBoxProps {
  readonly style: CSSProperties;
  readonly index: number;
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLDivElement>;
}

/** A line where the list puts it, or at the top while it is the heading there. */
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
