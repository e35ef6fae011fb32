/** Runs of the workflow: a live list, and the selected run on the graph of the workflow. */
import { useEffect, useMemo, useState } from "react";
import { navigate } from "../../../core/router";
import { classNames } from "../../../kit/classNames";
import common from "../common.module.css";
import type { RunSummary } from "../contract";
import { readDefinition } from "../graph/definition";
import { WorkflowGraph } from "../graph/WorkflowGraph";
import { useInspector } from "../inspectorContext";
import { mergeNewest } from "../live/feed";
import { LiveControl } from "../live/LiveControl";
import { useLive } from "../live/useLive";
import { Notice } from "../Notice";
import { runPath } from "../routes";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import { Filters } from "./Filters";
import { matchesRun, NO_FILTER, sortRuns } from "./matching";
import { RunHead } from "./RunHead";
import { RunList } from "./RunList";
import { RunOverview } from "./RunOverview";
import styles from "./RunsView.module.css";
import { StatePanel } from "./StatePanel";

const PAGE = 200;
const NO_RUNS: readonly RunSummary[] = [];

export function RunsView({ runId }: { readonly runId: string | null }) {
  const { api } = useInspector();
  const [filter, setFilter] = useState(NO_FILTER);
  const [failedFirst, setFailedFirst] = useState(false);
  const [state, setState] = useState<string | null>(null);
  const live = useLive("runs");

  const query = {
    detailType: filter.type,
    status: filter.status,
    channelId: filter.channelId,
    userId: filter.userId,
    order: failedFirst ? "failed-first" : "newest",
    since: "1d",
    limit: PAGE,
  };
  const past = useQuery(JSON.stringify(query), () => api.runs(query));
  const workflow = useQuery("workflow", () => api.workflow());
  const run = useQuery(runId, () => (runId ? api.run(runId) : Promise.reject(new Error("no run"))));
  const graph = useMemo(() => workflow.value && readDefinition(workflow.value.definition), [workflow.value]);

  const runs = useMemo(() => {
    const known = mergeNewest(
      past.value?.items ? newestFirst(past.value.items) : NO_RUNS,
      live.runs,
      (each) => each.runId,
      (each) => each.startedAt,
    );
    return sortRuns(
      known.filter(
        (each) => matchesRun(each, filter) && (live.until === null || each.startedAt <= live.until),
      ),
      failedFirst,
    );
  }, [past.value, live.runs, live.until, filter, failedFirst]);

  // The selected run may not have entered the selected state.
  const entered = run.value?.states.some((execution) => execution.name === state) ?? true;
  useEffect(() => {
    if (!entered) setState(null);
  }, [entered]);

  return (
    <div className={classNames(styles.runs, runId && styles.withOne)}>
      <section className={styles.side} aria-label="Runs">
        <header className={styles.sideHead}>
          <LiveControl live={live} />
          <label className={common.toggle}>
            <input
              type="checkbox"
              checked={failedFirst}
              onChange={(event) => setFailedFirst(event.target.checked)}
            />
            Failed first
          </label>
        </header>
        <Filters filter={filter} ephemeral={false} statuses onChange={setFilter} />
        <Notice text={live.problem} />
        <Notice text={past.value?.omission} />
        {past.state === "failed" && runs.length === 0 ? (
          <Failed text={past.failure} onRetry={past.refetch} />
        ) : past.state === "loading" && runs.length === 0 ? (
          <Loading what="Loading runs" />
        ) : (
          <RunList
            runs={runs}
            chosen={runId}
            filtered={Object.values(filter).some(Boolean)}
            onChoose={(id) => navigate(runPath(id))}
          />
        )}
      </section>
      <section className={styles.main} aria-label={runId ? "Run" : "Workflow"}>
        {run.value && runId && <RunHead run={run.value} onClose={() => navigate(runPath())} />}
        {runId && run.state === "failed" && !run.value ? (
          <Failed text={run.failure} onRetry={run.refetch} />
        ) : workflow.state === "failed" && !workflow.value ? (
          <Failed text={workflow.failure} onRetry={workflow.refetch} />
        ) : !graph || (runId && !run.value) ? (
          <Loading what={graph ? "Loading the run" : "Loading the workflow"} />
        ) : (
          <div className={styles.stage}>
            <WorkflowGraph
              name="deliver"
              graph={graph}
              executions={(runId && run.value?.states) || null}
              selected={state}
              onSelect={setState}
            />
            {state ? (
              <StatePanel
                key={`${runId}.${state}`}
                name={state}
                graph={graph}
                run={runId ? run.value : null}
                onClose={() => setState(null)}
              />
            ) : (
              runId && run.value && <RunOverview run={run.value} onState={setState} />
            )}
          </div>
        )}
      </section>
    </div>
  );
}

function newestFirst(runs: readonly RunSummary[]): readonly RunSummary[] {
  return [...runs].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}
