/** The duration of each hop of a delivery. */

import type { MessageReport } from "../contract";
import { exactMs } from "../format";
import { sumOfHops } from "./postCounts";

export function HopTimes({ report }: { report: MessageReport }) {
  const { hops, total } = report;
  if (!total || hops.length === 0) return null;
  const sum = sumOfHops(hops);
  return (
    <section className="card" aria-label="Time by hop">
      <div className="hops-head">
        <h3>Time by hop</h3>
        <p className="hops-total">
          <strong>{exactMs(total.ms)}</strong> from the WebSocket route to the last post
        </p>
      </div>
      <div className="hops-bar" aria-hidden="true">
        {hops.map((hop) => (
          <span
            key={hop.name}
            className={`hop hop-${hop.name}`}
            style={{ flexGrow: Math.max(hop.durationMs, total.ms / 200) }}
            title={`${hop.label}: ${exactMs(hop.durationMs)}`}
          />
        ))}
      </div>
      <table className="hops">
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
                <span className={`hop-mark hop-${hop.name}`} aria-hidden="true" />
                {hop.label}
                {hop.clock === "log" && (
                  <span
                    className="hop-clock"
                    title="Taken from the workflow's log, which has millisecond resolution"
                  >
                    ±1 ms
                  </span>
                )}
              </th>
              <td className="hops-start">+{exactMs(hop.offsetMs)}</td>
              <td>{exactMs(hop.durationMs)}</td>
              <td className="hops-share">
                {Math.round((hop.durationMs / Math.max(total.ms, 0.001)) * 100)} %
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All hops{Math.abs(sum - total.ms) < 0.05 ? ", the total" : ""}</th>
            <td className="hops-start" />
            <td data-sum={sum.toFixed(3)} data-total={total.ms}>
              {exactMs(sum)}
            </td>
            <td className="hops-share">
              {Math.abs(sum - total.ms) < 0.05 ? "100 %" : `${exactMs(sum - total.ms)} off`}
            </td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
