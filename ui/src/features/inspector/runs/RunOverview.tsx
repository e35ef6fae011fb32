/** The states of a run in order, and its input and output. */

import type { RunDetail } from "../contract";
import { count, duration } from "../format";
import { JsonView } from "../json/JsonView";

export function RunOverview(props: { readonly run: RunDetail; readonly onState: (state: string) => void }) {
  const { run, onState } = props;
  const total = Math.max(
    run.durationMs ?? 0,
    ...run.states.map((each) => each.offsetMs + (each.durationMs ?? 0)),
    1,
  );
  return (
    <aside className="panel run-overview" aria-label="States of the run">
      <header className="panel-head">
        <h2>
          States<span className="panel-count">{run.states.length}</span>
        </h2>
        <span className="panel-note">{duration(run.durationMs)}</span>
      </header>
      <div className="panel-body">
        <ol className="visits">
          {run.states.map((visit) => (
            <li key={visit.index}>
              <button
                type="button"
                className={`visit visit-${visit.status}`}
                onClick={() => onState(visit.name)}
              >
                <span className={`visit-name${visit.iteration ? " visit-inner" : ""}`}>
                  {visit.name}
                  {visit.iteration && <span className="facts-aside"> batch {visit.iteration.index + 1}</span>}
                </span>
                <span className="visit-duration">{duration(visit.durationMs)}</span>
                <span className="visit-track" aria-hidden="true">
                  <span
                    className="visit-bar"
                    style={{
                      insetInlineStart: `${(visit.offsetMs / total) * 100}%`,
                      inlineSize: `${Math.max(0.8, ((visit.durationMs ?? 0) / total) * 100)}%`,
                    }}
                  />
                </span>
                {visit.error && <span className="visit-error">{visit.error.error}</span>}
              </button>
            </li>
          ))}
        </ol>
        <p className="panel-note">
          {count(run.states.length, "state")} in the order in which they were entered. Select one here or in
          the graph.
        </p>
        <JsonView label="Run input" value={run.input} />
        <JsonView label="Run output" value={run.output} />
        {run.error && (
          <div className="state-error" role="note">
            <strong>{run.error.error}</strong>
            <p>{run.error.cause}</p>
          </div>
        )}
      </div>
    </aside>
  );
}
