/** The suggestions for the word at the caret: people or emoji. The text field keeps the focus and handles keys. */
import { shownName } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import styles from "./Composer.module.css";
import type { Suggestion } from "./suggestions";

interface CompletionListProps {
  readonly id: string;
  readonly found: readonly Suggestion[];
  readonly active: number;
  readonly onPick: (suggestion: Suggestion) => void;
}

export function CompletionList({ id, found, active, onPick }: CompletionListProps) {
  const label = found.some((each) => "emoji" in each) ? "Emoji to insert" : "People to mention";
  return (
    <div id={id} className={styles.suggestions} role="listbox" aria-label={label}>
      {found.map((suggestion, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the text field has the focus and handles keys.
        <div
          key={suggestion.inserted}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.suggestion}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(suggestion)}
        >
          <SuggestionContent suggestion={suggestion} />
        </div>
      ))}
    </div>
  );
}

function SuggestionContent({ suggestion }: { readonly suggestion: Suggestion }) {
  if ("emoji" in suggestion)
    return (
      <>
        <span>{suggestion.emoji.symbol}</span>
        <span className={styles.suggestionName}>:{suggestion.emoji.name}:</span>
      </>
    );
  const { userId, username, displayName } = suggestion.person;
  return (
    <>
      <Avatar userId={userId} name={displayName} size={24} />
      <bdi className={styles.suggestionName}>{shownName(displayName, username)}</bdi>
      <span className={styles.suggestionUsername}>@{username}</span>
    </>
  );
}
