/** The stage's dashboard: the same graphs, texts and alarms as in CloudWatch and in `parley dashboard`. */
import { useEffect, useState } from "react";
import common from "../common.module.css";
import { secondTime } from "../format";
import { useInspector } from "../inspectorContext";
import { RefreshButton } from "../RefreshButton";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import { Alarms } from "./Alarms";
import { GraphCard } from "./GraphCard";
import styles from "./MetricsView.module.css";

const REFRESH_MS = 30_000;

const ranges = [
  ["15m", "15 minutes"],
  ["1h", "hour"],
  ["3h", "3 hours"],
  ["12h", "12 hours"],
  ["1d", "day"],
  ["7d", "7 days"],
] as const;

export default function MetricsView() {
  const { api } = useInspector();
  const [since, setSince] = useState<string>("1h");
  const report = useQuery(since, () => api.metrics({ since }));
  const { refetch } = report;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") refetch();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [refetch]);
  const found = report.value;
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <header className={common.pageHead}>
          <h2 className={common.pageTitle}>Metrics</h2>
          <div className={common.pageTools}>
            {found && <span>until {secondTime(found.until)}</span>}
            <select
              className={common.choice}
              aria-label="Time"
              value={since}
              onChange={(event) => setSince(event.target.value)}
            >
              {ranges.map(([value, label]) => (
                <option key={value} value={value}>
                  Last {label}
                </option>
              ))}
            </select>
            <RefreshButton busy={report.state === "loading"} onRefresh={refetch} />
          </div>
        </header>
        {report.state === "failed" && <Failed text={report.failure} onRetry={refetch} />}
        {found ? (
          <>
            <Alarms report={found} />
            <div className={styles.graphs}>
              {found.graphs.map((graph) => (
                <GraphCard key={graph.title} graph={graph} report={found} />
              ))}
            </div>
            <p className={styles.foot}>
              One point is {found.periodSeconds === 60 ? "a minute" : `${found.periodSeconds / 60} minutes`}.
              The page is read again every {REFRESH_MS / 1_000} seconds.
            </p>
          </>
        ) : (
          report.state === "loading" && <Loading what="Reading the metrics" />
        )}
      </div>
    </div>
  );
}
