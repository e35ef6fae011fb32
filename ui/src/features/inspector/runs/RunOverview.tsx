/** The states of a run in order, and its input and output. */

import { classNames } from "../../../kit/classNames";
import panelStyles from "../../../kit/SidePanel.module.css";
import common from "../common.module.css";
import type { RunDetail } from "../contract";
import { count, duration } from "../format";
import { JsonView } from "../json/JsonView";
import { ErrorText } from "../Outcome";
import styles from "./RunsView.module.css";

export function RunOverview(props: { readonly run: RunDetail; readonly onState: (state: string) => void }) {
  const { run, onState } = props;
  const total = Math.max(
    run.durationMs ?? 0,
    ...run.states.map((each) => each.offsetMs + (each.durationMs ?? 0)),
    1,
  );
  return (
    <aside className={`${panelStyles.panel} ${styles.overview}`} aria-label="States of the run">
      <header className={panelStyles.head}>
        <h2>
          States<span className={panelStyles.count}>{run.states.length}</span>
        </h2>
        <span className={panelStyles.note}>{duration(run.durationMs)}</span>
      </header>
      <div className={`${panelStyles.body} ${styles.overviewBody}`}>
        <ol>
          {run.states.map((execution) => (
            <li key={execution.index}>
              <button
                type="button"
                className={styles.execution}
                data-status={execution.status}
                onClick={() => onState(execution.name)}
              >
                <span
                  className={classNames(styles.executionName, execution.iteration && styles.executionInner)}
                >
                  {execution.name}
                  {execution.iteration && (
                    <span className={common.factsAside}> batch {execution.iteration.index + 1}</span>
                  )}
                </span>
                <span className={styles.executionDuration}>{duration(execution.durationMs)}</span>
                <span className={styles.executionTrack} aria-hidden="true">
                  <span
                    className={styles.executionBar}
                    style={{
                      insetInlineStart: `${(execution.offsetMs / total) * 100}%`,
                      inlineSize: `${Math.max(0.8, ((execution.durationMs ?? 0) / total) * 100)}%`,
                    }}
                  />
                </span>
                {execution.error && <span className={styles.executionError}>{execution.error.error}</span>}
              </button>
            </li>
          ))}
        </ol>
        <p className={panelStyles.note}>
          {count(run.states.length, "state")} in the order in which they were entered. Select one here or in
          the graph.
        </p>
        <JsonView label="Run input" value={run.input} />
        <JsonView label="Run output" value={run.output} />
        {run.error && (
          <ErrorText>
            <strong>{run.error.error}</strong>
            <p>{run.error.cause}</p>
          </ErrorText>
        )}
      </div>
    </aside>
  );
}
