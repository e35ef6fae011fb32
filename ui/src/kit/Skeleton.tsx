/** Grey lines in place of content that is loading. */
import styles from "./Skeleton.module.css";

export function Skeleton({ lines }: { lines: number }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are identical.
        <span key={index} className={styles.line} />
      ))}
    </div>
  );
}
