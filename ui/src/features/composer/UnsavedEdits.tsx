/** The edits of a channel's messages that were not saved: continue or discard them. */
import type { EditDraft } from "../../core/state/drafts";
import styles from "./Composer.module.css";

const MAX_SHOWN_CHARACTERS = 60;

interface UnsavedEditsProps {
  readonly edits: readonly EditDraft[];
  readonly onContinue: (edit: EditDraft) => void;
  readonly onDiscard: (edit: EditDraft) => void;
}

export function UnsavedEdits({ edits, onContinue, onDiscard }: UnsavedEditsProps) {
  return edits.map((edit) => (
    <div key={edit.seq} className={styles.editing}>
      <span className={styles.unsaved}>
        Edit not saved: <bdi>{edit.text.slice(0, MAX_SHOWN_CHARACTERS)}</bdi>
      </span>
      <button type="button" className="button-link" onClick={() => onContinue(edit)}>
        Continue
      </button>
      <button type="button" className="button-link" onClick={() => onDiscard(edit)}>
        Discard
      </button>
    </div>
  ));
}
