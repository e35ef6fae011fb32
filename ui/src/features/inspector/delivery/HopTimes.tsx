/** The duration of each hop of a delivery. */

import { classNames } from "../../../kit/classNames";
import common from "../common.module.css";
import type { MessageReport } from "../contract";
import { exactMs } from "../format";
import tables from "../Table.module.css";
import styles from "./DeliveryView.module.css";
import { sumOfHops } from "./postCounts";

export function HopTimes({ report }: { report: MessageReport }) {
  const { hops, total } = report;
  if (!total || hops.length === 0) return null;
  const sum = sumOfHops(hops);
  return (
    <section className={common.card} aria-label="Time by hop">
      <div className={styles.hopsHead}>
        <h3>Time by hop</h3>
        <p className={styles.hopsTotal}>
          <strong>{exactMs(total.ms)}</strong> from the WebSocket route to the last post
        </p>
      </div>
      <div className={styles.hopsBar} aria-hidden="true">
        {hops.map((hop) => (
          <span
            key={hop.name}
            className={styles.hop}
            data-hop={hop.name}
            style={{ flexGrow: Math.max(hop.durationMs, total.ms / 200) }}
            title={`${hop.label}: ${exactMs(hop.durationMs)}`}
          />
        ))}
      </div>
      <table className={classNames(tables.table, tables.numbers, styles.hops)}>
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Hop</th>
            <th scope="col">Starts</th>
            <th scope="col">Takes</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {hops.map((hop) => (
            <tr key={hop.name}>
              <th scope="row">
                <span className={styles.hopMark} data-hop={hop.name} aria-hidden="true" />
                {hop.label}
                {hop.clock === "log" && (
                  <span
                    className={styles.hopClock}
                    title="Taken from the workflow's log, which has millisecond resolution"
                  >
                    ±1 ms
                  </span>
                )}
              </th>
              <td className={styles.hopsStart}>+{exactMs(hop.offsetMs)}</td>
              <td>{exactMs(hop.durationMs)}</td>
              <td className={styles.hopsShare}>
                {Math.round((hop.durationMs / Math.max(total.ms, 0.001)) * 100)} %
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All hops{Math.abs(sum - total.ms) < 0.05 ? ", the total" : ""}</th>
            <td className={styles.hopsStart} />
            <td data-sum={sum.toFixed(3)} data-total={total.ms}>
              {exactMs(sum)}
            </td>
            <td className={styles.hopsShare}>
              {Math.abs(sum - total.ms) < 0.05 ? "100 %" : `${exactMs(sum - total.ms)} off`}
            </td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
