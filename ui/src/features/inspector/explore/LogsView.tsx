/** Log lines of all functions and the workflow about one id, or all errors. */
import { type FormEvent, useState } from "react";
import { navigate } from "../../../core/router";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { LogLineSummary } from "../contract";
import { count, dayTime, preciseTime } from "../format";
import { useInspector } from "../inspectorContext";
import { JsonView } from "../json/JsonView";
import { Notice } from "../Notice";
import { RefreshButton } from "../RefreshButton";
import { logsPath } from "../routes";
import { Empty, Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import styles from "./Explore.module.css";
import { ExploreTabs } from "./ExploreTabs";

const times = [
  ["15m", "15 minutes"],
  ["1h", "1 hour"],
  ["6h", "6 hours"],
  ["1d", "1 day"],
  ["7d", "7 days"],
] as const;

export default function LogsView({ id }: { readonly id: string | null }) {
  const { api } = useInspector();
  const [since, setSince] = useState<string>("1h");
  const found = useQuery(JSON.stringify([id, since]), () => api.logs({ id, since }));
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <ExploreTabs current="logs" />
        <header className={common.pageHead}>
          <h2 className={common.pageTitle}>{id ? "Log lines about an id" : "Errors of all functions"}</h2>
          <RefreshButton busy={found.state === "loading"} onRefresh={found.refetch} />
        </header>
        <ChooseId key={id} id={id ?? ""} since={since} onSince={setSince} />
        <Notice text={found.value?.omission} />
        {found.state === "failed" && <Failed text={found.failure} onRetry={found.refetch} />}
        {found.value ? (
          <Lines items={found.value.items} truncated={found.value.truncated} isAboutId={id !== null} />
        ) : (
          found.state === "loading" && <Loading what="Searching the logs of all functions" />
        )}
      </div>
    </div>
  );
}

interface ChooseIdProps {
  readonly id: string;
  readonly since: string;
  readonly onSince: (since: string) => void;
}

function ChooseId({ id, since, onSince }: ChooseIdProps) {
  const [text, setText] = useState(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    navigate(logsPath(text.trim()));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <label className={styles.field}>
        Correlation id, or another id; without one, all errors
        <input
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <label className={`${styles.field} ${styles.short}`}>
        Time
        <select value={since} onChange={(event) => onSince(event.target.value)}>
          {times.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button">
        Search
      </button>
    </form>
  );
}

interface LinesProps {
  readonly items: readonly LogLineSummary[];
  readonly truncated: boolean;
  readonly isAboutId: boolean;
}

function Lines({ items, truncated, isAboutId }: LinesProps) {
  if (items.length === 0) {
    return (
      <Empty icon={isAboutId ? "quote" : "check"} title={isAboutId ? "No line has this id" : "No errors"}>
        <p>
          {isAboutId
            ? "Choose a longer time. Lines arrive some seconds late."
            : "No function logged an error in this time."}
        </p>
      </Empty>
    );
  }
  return (
    <>
      {truncated && <Notice text={`Only the latest ${count(items.length, "line")} are shown.`} />}
      <ol className={styles.lines} aria-label="Log lines">
        {items.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal lines may occur twice, and the list is not reordered.
          <li key={index} className={styles.line}>
            <Line line={line} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Line({ line }: { readonly line: LogLineSummary }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <time dateTime={line.at} title={dayTime(line.at)}>
          {preciseTime(line.at)}
        </time>
        <span className={styles.function}>{line.function}</span>
        <bdi className={styles.message} data-level={line.level ?? undefined}>
          {[line.message, line.error].filter(Boolean).join(": ")}
        </bdi>
      </summary>
      {open && (
        <div className={styles.details}>
          {line.correlationId && (
            <p>
              Correlation id: <RouteLink to={logsPath(line.correlationId)}>{line.correlationId}</RouteLink>
            </p>
          )}
          <JsonView label="Line" value={line.details} />
        </div>
      )}
    </details>
  );
}
