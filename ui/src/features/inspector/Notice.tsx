/** A sentence above a page's content about what the content lacks. */
import { Icon } from "../../kit/Icon";
import styles from "./Notice.module.css";

export function Notice({ text }: { readonly text: string | null | undefined }) {
  if (!text) return null;
  return (
    <p className={styles.notice} role="note">
      <Icon name="info" size={16} />
      <span>{text}</span>
    </p>
  );
}
