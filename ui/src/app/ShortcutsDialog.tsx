/** The list of keyboard shortcuts. */
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
  ["Close or cancel", ["Esc"]],
  ["Show keyboard shortcuts", ["?"]],
];

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
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
    </Dialog>
  );
}
