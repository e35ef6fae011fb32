/** The posts of a message: recipient, outcome, retries. */
import { useState } from "react";
import { Avatar } from "../../../kit/Avatar";
import { classNames } from "../../../kit/classNames";
import { keepFocus } from "../../../kit/keepFocus";
import panelStyles from "../../../kit/SidePanel.module.css";
import common from "../common.module.css";
import type { MessageReport, Post } from "../contract";
import { shortId } from "../format";
import { Pill, type Tone } from "../Pill";
import tables from "../Table.module.css";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./DeliveryView.module.css";
import { type PostCounts, worstFirst } from "./postCounts";

const SHOWN_AT_FIRST = 50;

const tones: Readonly<Record<Post["outcome"], Tone>> = {
  delivered: "good",
  gone: "calm",
  slow: "warn",
  undelivered: "bad",
  unknown: "warn",
};

const labels: Readonly<Record<Post["outcome"], string>> = {
  delivered: "delivered",
  gone: "gone",
  slow: "slow client",
  undelivered: "undelivered",
  unknown: "unknown",
};

export function Posts({ report, counts }: { readonly report: MessageReport; readonly counts: PostCounts }) {
  const names = useInspectorNames();
  const [all, setAll] = useState(false);
  const sorted = worstFirst(report.posts);
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  const severalRuns = report.runs.length > 1;
  return (
    <section className={common.card} aria-label="Posts">
      <h3>
        Posts<span className={panelStyles.count}>{counts.total}</span>
      </h3>
      <ul className={styles.tally} aria-label="Outcomes">
        <Tally name="delivered" value={counts.delivered} />
        <Tally name="gone" value={counts.gone} />
        <Tally name="retried" value={counts.retried} />
        <Tally name="undelivered" value={counts.undelivered} bad />
        {counts.slow > 0 && <Tally name="slow clients" value={counts.slow} />}
        {counts.unknown > 0 && <Tally name="unknown" value={counts.unknown} />}
      </ul>
      {counts.total === 0 ? (
        <p className={panelStyles.note}>No connections were open.</p>
      ) : (
        <div className={tables.scroll}>
          <table className={tables.table}>
            <thead>
              <tr>
                <th scope="col">User</th>
                <th scope="col">Connection</th>
                <th scope="col">Outcome</th>
                <th scope="col">Retries</th>
                {severalRuns && <th scope="col">Run</th>}
              </tr>
            </thead>
            <tbody>
              {shown.map((post) => {
                const name = post.displayName ?? (post.userId ? names.ofUser(post.userId) : null);
                return (
                  <tr key={`${post.runId}.${post.connectionId}`}>
                    <td>
                      {name && post.userId ? (
                        <span className={styles.postsWho}>
                          <Avatar userId={post.userId} name={name} size={20} />
                          <bdi>{name}</bdi>
                        </span>
                      ) : (
                        <span
                          className={styles.postsLeft}
                          title="The connection has been closed and its row deleted"
                        >
                          closed
                        </span>
                      )}
                    </td>
                    <td className={styles.postsId} title={post.connectionId}>
                      {shortId(post.connectionId)}
                    </td>
                    <td>
                      <Pill tone={tones[post.outcome]}>{labels[post.outcome]}</Pill>
                      {post.reason && <span className={styles.postsReason}>{post.reason}</span>}
                    </td>
                    <td>{post.retries}</td>
                    {severalRuns && <td className={styles.postsId}>{shortId(post.runId)}</td>}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < sorted.length && (
        <button type="button" ref={keepFocus} className="button button-small" onClick={() => setAll(true)}>
          Show all {sorted.length}
        </button>
      )}
    </section>
  );
}

function Tally({ name, value, bad = false }: { name: string; value: number; bad?: boolean }) {
  return (
    <li className={classNames(styles.tallyItem, bad && value > 0 && styles.tallyBad)}>
      <strong>{value}</strong> <span>{name}</span>
    </li>
  );
}
