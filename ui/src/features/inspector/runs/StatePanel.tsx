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
  const executions = run?.states.filter((execution) => execution.name === name) ?? [];
  const [chosen, setChosen] = useState(0);
  const execution = executions[Math.min(chosen, executions.length - 1)];
  return (
    <SidePanel title={name} onClose={onClose}>
      <p className={styles.stateKind}>
        {node?.type}
        {node?.resource && <code>{node.resource}</code>}
      </p>
      {node?.comment && <p className={common.comment}>{node.comment}</p>}
      {executions.length > 1 && (
        <fieldset className={styles.stateExecutions} aria-label="Executions of this state">
          {executions.map((each, index) => (
            <button
              key={each.index}
              type="button"
              className={styles.chip}
              aria-pressed={each === execution}
              onClick={() => setChosen(index)}
            >
              {each.iteration ? `Batch ${each.iteration.index + 1}` : `Execution ${index + 1}`}
            </button>
          ))}
        </fieldset>
      )}
      {execution ? (
        <StateDetails execution={execution} />
      ) : (
        run && <p className={common.comment}>The run did not enter this state.</p>
      )}
    </SidePanel>
  );
}

function StateDetails({ execution }: { execution: StateExecution }) {
  const { task, error } = execution;
  return (
    <div className={styles.stateExecution}>
      <dl className={common.facts}>
        <Fact name="Status">
          <Pill tone={tones[execution.status]}>{execution.status}</Pill>
        </Fact>
        <Fact name="Took">{duration(execution.durationMs)}</Fact>
        <Fact name="Entered">
          {preciseTime(execution.enteredAt)}{" "}
          <span className={common.factsAside}>+{duration(execution.offsetMs)}</span>
        </Fact>
        {task && <Fact name="Attempts">{task.attempts}</Fact>}
        {execution.next && <Fact name="Next">{execution.next}</Fact>}
      </dl>
      {error && (
        <ErrorText>
          <strong>{error.error}</strong>
          <p>{error.cause}</p>
        </ErrorText>
      )}
      <JsonView label="Input" value={execution.input} />
      {task && <JsonView label="Parameters" value={task.parameters} />}
      {task && <JsonView label="Result" value={task.result} />}
      {Object.keys(execution.assigned).length > 0 && (
        <JsonView label="Variables" value={execution.assigned} />
      )}
      <JsonView label="Output" value={execution.output} />
    </div>
  );
}
