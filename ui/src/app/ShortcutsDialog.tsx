/** The list of keyboard shortcuts. */
import { useState } from "react";
import { questionMarkOpensShortcuts, setQuestionMarkOpensShortcuts } from "../core/questionMarkShortcut";
import { Dialog } from "../kit/Dialog";
import styles from "./ShortcutsDialog.module.css";

const command = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

const shortcuts: readonly (readonly [string, readonly string[]])[] = [
  ["Find a channel or person", [command, "K"]],
  ["Search in this channel", [command, "Shift", "F"]],
  ["Next or previous channel", ["Alt", "↓ ↑"]],
  ["Next unread channel", ["Alt", "Shift", "↓"]],
  ["Send the message", ["Enter"]],
  ["New line", ["Shift", "Enter"]],
  ["Edit your last message", ["↑"]],
  ["Move to the messages and between them", ["F6", "↑ ↓"]],
  ["Move among a message's actions", ["Tab", "← →"]],
  ["Move back to the message field", ["Esc"]],
  ["Close or cancel", ["Esc"]],
  ["Show keyboard shortcuts", ["?"]],
];

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const [questionMark, setQuestionMark] = useState(questionMarkOpensShortcuts);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl>
        {shortcuts.map(([what, keys]) => (
          <div key={what} className={styles.shortcut}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key} className="keys">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label className="choice">
        <input
          type="checkbox"
          checked={questionMark}
          onChange={(event) => {
            setQuestionMarkOpensShortcuts(event.target.checked);
            setQuestionMark(event.target.checked);
          }}
        />
        <span>
          <span className="choice-title">The key ? opens this list</span>
          <span className="field-hint">All other shortcuts need a second key or act in one place only.</span>
        </span>
      </label>
    </Dialog>
  );
}
