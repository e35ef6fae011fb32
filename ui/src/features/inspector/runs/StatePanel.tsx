/** The details of one state of a run. */
import { useMemo, useState } from "react";
import { SidePanel } from "../../../kit/SidePanel";
import { count, duration, preciseTime } from "../format";
import { allNodes, type Graph } from "../graph/definition";
import { JsonView } from "../json/JsonView";
import { Pill, type Tone } from "../Pill";
import type { RunDetail, StateVisit } from "../wire";

const tones: Readonly<Record<StateVisit["status"], Tone>> = {
  succeeded: "good",
  caught: "warn",
  failed: "bad",
  running: "calm",
};

interface StatePanelProps {
  readonly name: string;
  readonly graph: Graph;
  readonly run: RunDetail | null;
  readonly onClose: () => void;
}

export function StatePanel({ name, graph, run, onClose }: StatePanelProps) {
  const node = useMemo(() => allNodes(graph).find((each) => each.name === name), [graph, name]);
  const visits = run?.states.filter((visit) => visit.name === name) ?? [];
  const [chosen, setChosen] = useState(0);
  const visit = visits[Math.min(chosen, visits.length - 1)];
  return (
    <SidePanel title={name} onClose={onClose}>
      <p className="state-kind">
        {node?.type}
        {node?.resource && <code>{node.resource}</code>}
      </p>
      {node?.comment && <p className="state-comment">{node.comment}</p>}
      {visits.length > 1 && (
        <fieldset className="state-visits" aria-label="Visits of this state">
          {visits.map((each, index) => (
            <button
              key={each.index}
              type="button"
              className="chip"
              aria-pressed={each === visit}
              onClick={() => setChosen(index)}
            >
              {each.iteration ? `Batch ${each.iteration.index + 1}` : `Execution ${index + 1}`}
            </button>
          ))}
        </fieldset>
      )}
      {visit ? (
        <StateDetails visit={visit} />
      ) : (
        run && <p className="state-comment">The run did not enter this state.</p>
      )}
    </SidePanel>
  );
}

function StateDetails({ visit }: { visit: StateVisit }) {
  const { task, error } = visit;
  return (
    <div className="state-visit">
      <dl className="facts">
        <div>
          <dt>Status</dt>
          <dd>
            <Pill tone={tones[visit.status]}>{visit.status}</Pill>
          </dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>{duration(visit.durationMs)}</dd>
        </div>
        <div>
          <dt>Entered</dt>
          <dd>
            {preciseTime(visit.enteredAt)} <span className="facts-aside">+{duration(visit.offsetMs)}</span>
          </dd>
        </div>
        {task && (
          <div>
            <dt>Attempts</dt>
            <dd>{task.attempts}</dd>
          </div>
        )}
        {visit.next && (
          <div>
            <dt>Next</dt>
            <dd>{visit.next}</dd>
          </div>
        )}
      </dl>
      {error && (
        <div className="state-error" role="note">
          <strong>{error.error}</strong>
          <p>{error.cause}</p>
        </div>
      )}
      <JsonView label="Input" value={visit.input} />
      {task && <JsonView label="Parameters" value={task.parameters} />}
      {task && <JsonView label="Result" value={task.result} />}
      {Object.keys(visit.assigned).length > 0 && <JsonView label="Variables" value={visit.assigned} />}
      <JsonView label="Output" value={visit.output} />
    </div>
  );
}

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
