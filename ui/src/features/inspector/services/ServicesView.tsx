/** The service map: what traces went through, how often, how fast, and what failed; or one of the traces. */
import { useMemo, useState } from "react";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import { secondTime } from "../format";
import { useInspector } from "../inspectorContext";
import { RefreshButton } from "../RefreshButton";
import { deliveryPath } from "../routes";
import { Empty, Failed, Loading } from "../StatusMessage";
import { useQuery } from "../useQuery";
import { MapDrawing } from "./MapDrawing";
import { withOneClient } from "./mapLayout";
import { ServicePanel } from "./ServicePanel";
import styles from "./ServicesView.module.css";
import { ServiceTables } from "./ServiceTables";
import { TracePage } from "./TracePage";

const ranges = [
  ["15m", "15 minutes"],
  ["1h", "hour"],
  ["6h", "6 hours"],
] as const;

export default function ServicesView({ traceId }: { readonly traceId: string | null }) {
  return traceId === null ? <Services /> : <TracePage traceId={traceId} />;
}

function Services() {
  const { api } = useInspector();
  const [since, setSince] = useState<string>("1h");
  const [selected, setSelected] = useState<number | null>(null);
  const services = useQuery(since, () => api.services({ since }));
  const map = useMemo(() => services.value && withOneClient(services.value), [services.value]);
  const service = map?.services.find((each) => each.id === selected && !each.isClient);
  return (
    <div className={styles.services}>
      <div className={common.page}>
        <div className={common.pageInner}>
          <header className={common.pageHead}>
            <h2 className={common.pageTitle}>Service map</h2>
            <div className={common.pageTools}>
              {map && <span>until {secondTime(map.until)}</span>}
              <select
                className={common.choice}
                aria-label="Time"
                value={since}
                onChange={(event) => {
                  setSince(event.target.value);
                  setSelected(null);
                }}
              >
                {ranges.map(([value, label]) => (
                  <option key={value} value={value}>
                    Last {label}
                  </option>
                ))}
              </select>
              <RefreshButton busy={services.state === "loading"} onRefresh={services.refetch} />
            </div>
          </header>
          <p className={common.pageLead}>
            Calls per minute and response times, from traces.{" "}
            {map &&
              (map.everything
                ? "This stage records every trace."
                : "AWS records a sample of the traces: the numbers are those of the sample.")}
          </p>
          {services.state === "failed" && <Failed text={services.failure} onRetry={services.refetch} />}
          {!map ? (
            services.state === "loading" && <Loading what="Reading the service map" />
          ) : map.services.length === 0 ? (
            <Empty icon="map" title="No traces in this time">
              <p>Send a message in the chat, or choose a longer time.</p>
            </Empty>
          ) : (
            <>
              <MapDrawing map={map} selected={selected} onSelect={(each) => setSelected(each.id)} />
              <ServiceTables map={map} selected={selected} onSelect={(each) => setSelected(each.id)} />
              <p className={styles.foot}>
                Select a service to see the calls per minute at its arrows. A call without response times was
                not waited for. X-Ray also counts as failed what a condition of a write has refused: that is
                how limits and memberships work. One message in all its steps is under{" "}
                <RouteLink to={deliveryPath()}>Delivery</RouteLink>.
              </p>
            </>
          )}
        </div>
      </div>
      {service && (
        <ServicePanel key={service.id} service={service} since={since} onClose={() => setSelected(null)} />
      )}
    </div>
  );
}
