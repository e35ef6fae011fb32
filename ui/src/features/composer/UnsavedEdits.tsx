/** The edits of a channel's messages that were not saved: continue or discard them. */
import type { EditDraft } from "../../core/state/drafts";
import styles from "./Composer.module.css";
import { focusComposerOnRemoval } from "./focusComposer";

const MAX_SHOWN_CHARACTERS = 60;

interface UnsavedEditsProps {
  /** The text to which the message was changed elsewhere while it is edited here; null if it was not. */
  readonly changedTo: string | null;
  readonly edits: readonly EditDraft[];
  readonly onContinue: (edit: EditDraft) => void;
  readonly onDiscard: (edit: EditDraft) => void;
}

export function UnsavedEdits({ changedTo, edits, onContinue, onDiscard }: UnsavedEditsProps) {
  const unsaved = edits.map((edit) => (
    <div key={edit.seq} className={styles.editing} ref={focusComposerOnRemoval}>
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
  return (
    <>
      <div role="status">
        {changedTo !== null && (
          <p className={styles.editing}>
            <span>
              This message was changed elsewhere. Saving replaces: <bdi>{changedTo}</bdi>
            </span>
          </p>
        )}
      </div>
      {unsaved}
    </>
  );
}
