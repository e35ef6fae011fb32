/** One service: its calls, and its newest traces. */

import { SidePanel } from "../../../kit/SidePanel";
import panelStyles from "../../../kit/SidePanel.module.css";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { Service } from "../contract";
import { Fact } from "../Fact";
import { duration, secondTime } from "../format";
import { useInspector } from "../inspectorContext";
import { Pill } from "../Pill";
import { servicesPath } from "../routes";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import styles from "./ServicePanel.module.css";
import { perMinute } from "./ServiceTables";
import { serviceKind, serviceName } from "./serviceNames";

interface ServicePanelProps {
  readonly service: Service;
  readonly since: string;
  readonly onClose: () => void;
}

export function ServicePanel({ service, since, onClose }: ServicePanelProps) {
  const { api } = useInspector();
  const traces = useQuery(`${service.name} ${since}`, () => api.traces({ service: service.name, since }));
  const { statistics } = service;
  return (
    <SidePanel title={serviceName(service)} onClose={onClose}>
      <div className={styles.panel}>
        <dl className={common.facts}>
          <Fact name="Kind">{serviceKind(service)}</Fact>
          <Fact name="Calls">{statistics.calls}</Fact>
          <Fact name="Per minute">{perMinute(statistics)}</Fact>
          {statistics.p50Ms !== null && <Fact name="p50">{duration(statistics.p50Ms)}</Fact>}
          {statistics.p95Ms !== null && <Fact name="p95">{duration(statistics.p95Ms)}</Fact>}
          <Fact name="Failed">{statistics.faults}</Fact>
          <Fact name="Refused">{statistics.errors}</Fact>
          {statistics.throttles > 0 && <Fact name="of them throttled">{statistics.throttles}</Fact>}
        </dl>
        <p className={styles.id}>{service.name}</p>
        <h3 className={common.sectionTitle}>Newest traces</h3>
        {traces.state === "failed" ? (
          <Failed text={traces.failure} onRetry={traces.refetch} />
        ) : !traces.value ? (
          <Loading what="Searching traces" />
        ) : traces.value.items.length === 0 ? (
          <p className={panelStyles.note}>X-Ray has no traces of it in this time.</p>
        ) : (
          <ul className={styles.traces} aria-label="Newest traces">
            {traces.value.items.map((trace) => (
              <li key={trace.traceId}>
                <RouteLink to={servicesPath(trace.traceId)} className={styles.trace}>
                  <time dateTime={trace.startedAt}>{secondTime(trace.startedAt)}</time>
                  <span>{duration(trace.durationMs)}</span>
                  {trace.failed && <Pill tone="bad">failed</Pill>}
                </RouteLink>
              </li>
            ))}
          </ul>
        )}
        {traces.value?.truncated && <p className={panelStyles.note}>There are more in this time.</p>}
      </div>
    </SidePanel>
  );
}
