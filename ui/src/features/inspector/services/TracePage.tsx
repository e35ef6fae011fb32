/** One trace as a waterfall, with the way back to the map. */
import { Icon } from "../../../kit/Icon";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import { Waterfall } from "../delivery/Waterfall";
import { dayTime } from "../format";
import { useInspector } from "../inspectorContext";
import { servicesPath } from "../routes";
import { Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";

export function TracePage({ traceId }: { readonly traceId: string }) {
  const { api } = useInspector();
  const trace = useQuery(traceId, () => api.trace(traceId));
  return (
    <div className={common.page}>
      <div className={common.pageInner}>
        <header className={common.pageHead}>
          <h2 className={common.pageTitle}>Trace{trace.value && ` of ${dayTime(trace.value.startedAt)}`}</h2>
          <RouteLink to={servicesPath()} className="button button-small">
            <Icon name="back" size={16} /> Service map
          </RouteLink>
        </header>
        {trace.state === "failed" ? (
          <Failed text={trace.failure} onRetry={trace.refetch} />
        ) : trace.value ? (
          <div className={common.card}>
            <Waterfall trace={trace.value} />
          </div>
        ) : (
          <Loading what="Loading the trace" />
        )}
      </div>
    </div>
  );
}
