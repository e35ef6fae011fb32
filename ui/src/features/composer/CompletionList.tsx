/** The suggestions for the word at the caret: people or emoji. */
import { EmojiList } from "./EmojiList";
import { MentionList } from "./MentionList";
import type { Suggestion } from "./suggestions";

interface CompletionListProps {
  readonly id: string;
  readonly found: readonly Suggestion[];
  readonly active: number;
  readonly onPick: (suggestion: Suggestion) => void;
}

export function CompletionList({ id, found, active, onPick }: CompletionListProps) {
  const users = found.flatMap((each) => ("person" in each ? [each.person] : []));
  const emojis = found.flatMap((each) => ("emoji" in each ? [each.emoji] : []));
  const pick = (index: number) => {
    const suggestion = found[index];
    if (suggestion) onPick(suggestion);
  };
  return emojis.length > 0 ? (
    <EmojiList id={id} emojis={emojis} active={active} onPick={pick} />
  ) : (
    <MentionList id={id} users={users} active={active} onPick={(person) => pick(users.indexOf(person))} />
  );
}
