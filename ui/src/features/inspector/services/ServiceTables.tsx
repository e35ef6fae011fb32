/** The services and the calls between them as tables: the same data as the map. */
import { classNames } from "../../../kit/classNames";
import common from "../common.module.css";
import type { CallStatistics, Service, ServiceMap } from "../contract";
import { duration } from "../format";
import tables from "../Table.module.css";
import { failedCalls } from "./mapLayout";
import styles from "./ServiceTables.module.css";
import { serviceKind, serviceName } from "./serviceNames";

/** "0.4", "12": calls per minute. */
export const perMinute = ({ perMinute: rate }: CallStatistics) =>
  rate > 0 && rate < 0.05 ? "< 0.1" : String(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));

const time = (ms: number | null) => (ms === null ? "–" : duration(ms));

interface ServiceTablesProps {
  readonly map: ServiceMap;
  readonly selected: number | null;
  readonly onSelect: (service: Service) => void;
}

export function ServiceTables({ map, selected, onSelect }: ServiceTablesProps) {
  const byId = new Map(map.services.map((service) => [service.id, service]));
  const nameOf = (id: number) => {
    const service = byId.get(id);
    return service ? serviceName(service) : "–";
  };
  const services = map.services.filter((service) => !service.isClient);
  const calls = [...map.calls].sort((a, b) => b.statistics.calls - a.statistics.calls);
  return (
    <>
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: a scrolling region needs the keyboard. */}
      <section className={classNames(common.card, tables.scroll)} aria-label="Services" tabIndex={0}>
        <h3>Services</h3>
        <table className={classNames(tables.table, styles.calls)}>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Kind</th>
              <Columns />
            </tr>
          </thead>
          <tbody>
            {services.map((service) => (
              <tr key={service.id} aria-current={service.id === selected || undefined}>
                <th scope="row">
                  <button type="button" className={styles.name} onClick={() => onSelect(service)}>
                    {serviceName(service)}
                  </button>
                </th>
                <td>{serviceKind(service)}</td>
                <Statistics statistics={service.statistics} />
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section className={classNames(common.card, tables.scroll)} aria-label="Calls" tabIndex={0}>
        <h3>Calls</h3>
        <table className={classNames(tables.table, styles.calls)}>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <Columns />
            </tr>
          </thead>
          <tbody>
            {calls.map((call) => (
              <tr key={`${call.from}-${call.to}`}>
                <th scope="row">{nameOf(call.from)}</th>
                <td>{nameOf(call.to)}</td>
                <Statistics statistics={call.statistics} />
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: a scrolling region needs the keyboard. */}
    </>
  );
}

function Columns() {
  return (
    <>
      <th scope="col">Calls</th>
      <th scope="col">Per minute</th>
      <th scope="col">p50</th>
      <th scope="col">p95</th>
      <th scope="col">Failed</th>
    </>
  );
}

function Statistics({ statistics }: { readonly statistics: CallStatistics }) {
  const failed = failedCalls(statistics);
  return (
    <>
      <td>{statistics.calls}</td>
      <td>{perMinute(statistics)}</td>
      <td>{time(statistics.p50Ms)}</td>
      <td>{time(statistics.p95Ms)}</td>
      <td data-failed={failed > 0}>{failed}</td>
    </>
  );
}
