/** The details of one state of a run. */
import { useMemo, useState } from "react";
import { SidePanel } from "../../../kit/SidePanel";
import common from "../common.module.css";
import type { RunDetail, StateExecution } from "../contract";
import { Fact } from "../Fact";
import { duration, preciseTime } from "../format";
import { allNodes, type Graph } from "../graph/definition";
import { JsonView } from "../json/JsonView";
import { ErrorText } from "../Outcome";
import { Pill, type Tone } from "../Pill";
import styles from "./RunsView.module.css";

const tones: Readonly<Record<StateExecution["status"], Tone>> = {
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
      <p className={styles.stateKind}>
        {node?.type}
        {node?.resource && <code>{node.resource}</code>}
      </p>
      {node?.comment && <p className={common.comment}>{node.comment}</p>}
      {visits.length > 1 && (
        <fieldset className={styles.stateVisits} aria-label="Visits of this state">
          {visits.map((each, index) => (
            <button
              key={each.index}
              type="button"
              className={styles.chip}
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
        run && <p className={common.comment}>The run did not enter this state.</p>
      )}
    </SidePanel>
  );
}

function StateDetails({ visit }: { visit: StateExecution }) {
  const { task, error } = visit;
  return (
    <div className={styles.stateVisit}>
      <dl className={common.facts}>
        <Fact name="Status">
          <Pill tone={tones[visit.status]}>{visit.status}</Pill>
        </Fact>
        <Fact name="Took">{duration(visit.durationMs)}</Fact>
        <Fact name="Entered">
          {preciseTime(visit.enteredAt)}{" "}
          <span className={common.factsAside}>+{duration(visit.offsetMs)}</span>
        </Fact>
        {task && <Fact name="Attempts">{task.attempts}</Fact>}
        {visit.next && <Fact name="Next">{visit.next}</Fact>}
      </dl>
      {error && (
        <ErrorText>
          <strong>{error.error}</strong>
          <p>{error.cause}</p>
        </ErrorText>
      )}
      <JsonView label="Input" value={visit.input} />
      {task && <JsonView label="Parameters" value={task.parameters} />}
      {task && <JsonView label="Result" value={task.result} />}
      {Object.keys(visit.assigned).length > 0 && <JsonView label="Variables" value={visit.assigned} />}
      <JsonView label="Output" value={visit.output} />
    </div>
  );
}
