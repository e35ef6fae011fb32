/** A command line for the operator's terminal, with a button that copies it. */
import { CopyButton } from "../../kit/CopyButton";
import styles from "./Command.module.css";

export function Command({ does, line }: { readonly does: string; readonly line: string }) {
  return (
    <div className={styles.command}>
      <span className={styles.does}>{does}</span>
      <span className={styles.line}>
        <code>{line}</code>
        <CopyButton what={`the command: ${does.toLowerCase()}`} text={() => line} />
      </span>
    </div>
  );
}
