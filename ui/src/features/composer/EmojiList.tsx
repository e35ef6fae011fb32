/** The emoji that match a name between colons. The text field keeps the focus and handles keys. */
import styles from "./Composer.module.css";
import type { EmojiSuggestion } from "./suggestions";

interface EmojiListProps {
  readonly id: string;
  readonly emojis: readonly EmojiSuggestion[];
  readonly active: number;
  readonly onPick: (index: number) => void;
}

export function EmojiList({ id, emojis, active, onPick }: EmojiListProps) {
  return (
    <div id={id} className={styles.suggestions} role="listbox" aria-label="Emoji to insert">
      {emojis.map(({ symbol, name }, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the text field has the focus and handles keys.
        <div
          key={symbol}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.suggestion}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(index)}
        >
          <span>{symbol}</span>
          <span className={styles.suggestionName}>:{name}:</span>
        </div>
      ))}
    </div>
  );
}
