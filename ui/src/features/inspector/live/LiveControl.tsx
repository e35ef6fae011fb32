/** The status of live updates and a button to pause them. */
import { IconButton } from "../../../kit/IconButton";
import { count } from "../format";
import styles from "./LiveControl.module.css";
import type { Live } from "./useLive";

export function LiveControl({ live }: { readonly live: Live }) {
  const { status, paused, waiting, missed, problem, toggle } = live;
  const shown = paused ? "paused" : problem && status === "live" ? "lost" : status;
  return (
    <div className={styles.live}>
      <span className={styles.dot} data-status={shown} aria-hidden="true" />
      <span className={styles.label} role="status">
        {paused
          ? "Paused"
          : status === "live"
            ? problem
              ? "Not live"
              : "Live"
            : status === "lost"
              ? "Reconnecting …"
              : "Connecting …"}
      </span>
      {paused && waiting > 0 && <span className={styles.waiting}>{waiting} new</span>}
      {missed > 0 && (
        <span
          className={styles.missed}
          title="Events arrived faster than this page or the stage could process them."
        >
          {count(missed, "skipped", "skipped")}
        </span>
      )}
      <IconButton
        icon={paused ? "play" : "pause"}
        label="Pause live updates"
        title={paused ? "Resume" : "Pause"}
        aria-pressed={paused}
        onClick={toggle}
      />
    </div>
  );
}
