/** The users that match a mention. The text field keeps the focus and handles keys. */
import type { User } from "../../core/contract";
import { shownName } from "../../core/text/names";
import { Avatar } from "../../kit/Avatar";
import styles from "./Composer.module.css";

interface MentionListProps {
  readonly id: string;
  readonly users: readonly User[];
  readonly active: number;
  readonly onPick: (person: User) => void;
}

export function MentionList({ id, users, active, onPick }: MentionListProps) {
  return (
    <div id={id} className={styles.suggestions} role="listbox" aria-label="People to mention">
      {users.map((person, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the text field has the focus and handles keys.
        <div
          key={person.userId}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.suggestion}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(person)}
        >
          <Avatar userId={person.userId} name={person.displayName} size={24} />
          <bdi className={styles.suggestionName}>{shownName(person.displayName, person.username)}</bdi>
          <span className={styles.suggestionUsername}>@{person.username}</span>
        </div>
      ))}
    </div>
  );
}
