/** One graph of the dashboard: its chart, the values at the pointer, all values as a table, and what to do. */
import { useMemo, useState } from "react";
import { classNames } from "../../../kit/classNames";
import common from "../common.module.css";
import type { DashboardGraph, DashboardReport } from "../contract";
import { dayTime } from "../format";
import { Pill } from "../Pill";
import tables from "../Table.module.css";
import { Chart, colourOf } from "./Chart";
import { type ChartData, chartData, highest, latest, metricValue } from "./chartData";
import styles from "./GraphCard.module.css";
import { Hint } from "./Hint";

export function GraphCard(props: { readonly graph: DashboardGraph; readonly report: DashboardReport }) {
  const { graph, report } = props;
  const data = useMemo(() => chartData(graph, report), [graph, report]);
  const [place, setPlace] = useState<number | null>(null);
  const time = place === null ? undefined : data.times[place];
  const problems = graph.lines.filter((line) => line.problem);
  const limits = Object.entries(graph.limits);
  return (
    <section className={classNames(common.card, styles.card)} aria-label={graph.title}>
      <header className={styles.head}>
        <h3>{graph.title}</h3>
        {data.exceeded && <Pill tone="bad">over the limit</Pill>}
      </header>
      {data.lines.length === 0 ? (
        <p className={styles.empty}>No data in this time.</p>
      ) : (
        <>
          <Chart
            data={data}
            label={`Chart of ${data.lines.map((line) => line.label).join(", ")}; the values are in the table`}
            onPlace={setPlace}
          />
          <table className={classNames(tables.table, tables.numbers)}>
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col">{time === undefined ? "Latest" : dayTime(iso(time))}</th>
                <th scope="col">Highest</th>
              </tr>
            </thead>
            <tbody>
              {data.lines.map((line) => (
                <tr key={line.label}>
                  <th scope="row">
                    <span className={styles.swatch} data-line={colourOf(line.index)} />
                    {line.label}
                  </th>
                  <td>{metricValue(place === null ? latest(line) : line.values[place])}</td>
                  <td>{metricValue(highest(line))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {data.lines.length > 0 && data.without.length > 0 && (
        <p className={styles.note}>No data: {data.without.join(", ")}</p>
      )}
      {limits.map(([label, limit]) => (
        <p key={label} className={styles.note}>
          Limit: {metricValue(limit)} ({label})
        </p>
      ))}
      {problems.map((line) => (
        <p key={line.label} className={styles.problem}>
          {line.label}: {line.problem}
        </p>
      ))}
      {graph.whenRed && (
        <p className={styles.hint}>
          <Hint text={graph.whenRed} />
        </p>
      )}
      {data.lines.length > 0 && <Values data={data} title={graph.title} />}
    </section>
  );
}

function Values({ data, title }: { readonly data: ChartData; readonly title: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={styles.values} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All values</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the keyboard.
        <section className={styles.scroll} aria-label={`All values: ${title}`} tabIndex={0}>
          <table className={classNames(tables.table, tables.numbers)}>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {data.lines.map((line) => (
                  <th key={line.label} scope="col">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.times
                .map((time, at) => [time, at] as const)
                .filter(([, at]) => data.lines.some((line) => line.values[at] !== null))
                .toReversed()
                .map(([time, at]) => (
                  <tr key={time}>
                    <th scope="row">{dayTime(iso(time))}</th>
                    {data.lines.map((line) => (
                      <td key={line.label}>{metricValue(line.values[at])}</td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

const iso = (seconds: number) => new Date(seconds * 1_000).toISOString();
