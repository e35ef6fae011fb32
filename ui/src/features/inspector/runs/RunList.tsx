/** The list of runs. */
import { WindowedList } from "../../../kit/WindowedList";
import common from "../common.module.css";
import type { RunSummary } from "../contract";
import { dayTime, duration, preciseTime, words } from "../format";
import { Pill } from "../Pill";
import { runLabel, runTone } from "../runStatus";
import { Empty } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./RunsView.module.css";

interface RunListProps {
  readonly runs: readonly RunSummary[];
  readonly chosen: string | null;
  readonly filtered: boolean;
  readonly onChoose: (runId: string) => void;
}

export function RunList({ runs, chosen, filtered, onChoose }: RunListProps) {
  const names = useInspectorNames();
  if (runs.length === 0) {
    return (
      <Empty icon="flow" title={filtered ? "No matching runs" : "No runs yet"}>
        <p>
          {filtered
            ? "Clear the filters to see all runs."
            : "Send a message in the chat to see its run here."}
        </p>
      </Empty>
    );
  }
  return (
    <WindowedList
      items={runs}
      keyOf={(run) => run.runId}
      row={(run) => (
        <button
          type="button"
          className={styles.row}
          data-tone={runTone(run)}
          data-run={run.runId}
          aria-current={run.runId === chosen || undefined}
          onClick={() => onChoose(run.runId)}
        >
          <span className={styles.line}>
            <span className={styles.type}>{run.detailType ? words(run.detailType) : "Unreadable event"}</span>
            {run.seq !== null && <span className={common.seq}>{run.seq}</span>}
            {run.mode === "dry-run" && <Pill tone="calm">dry run</Pill>}
            {run.replayed && run.mode === "live" && <Pill tone="calm">replayed</Pill>}
            <span className={common.duration}>{duration(run.durationMs)}</span>
          </span>
          <span className={`${styles.line} ${styles.sub}`}>
            <Pill tone={runTone(run)}>{runLabel(run)}</Pill>
            <bdi className={common.where}>
              {names.ofUser(run.userId)} in {names.ofChannel(run.channelId)}
            </bdi>
            <time dateTime={run.startedAt} title={dayTime(run.startedAt)}>
              {preciseTime(run.startedAt)}
            </time>
          </span>
          {run.trouble && <span className={styles.trouble}>{run.trouble}</span>}
        </button>
      )}
    />
  );
}
