/** Every post of the message: to whom, and what became of it. */
import { useState } from "react";
import { Avatar } from "../../../kit/Avatar";
import { useInspectedNames } from "../context";
import { shortId } from "../format";
import { Pill, type Tone } from "../parts";
import type { Post, Way } from "../wire";
import { type Account, worstFirst } from "./accounts";

const SHOWN_AT_FIRST = 50;

const tones: Readonly<Record<Post["outcome"], Tone>> = {
  delivered: "good",
  gone: "calm",
  undelivered: "bad",
  unknown: "warn",
};

const words: Readonly<Record<Post["outcome"], string>> = {
  delivered: "delivered",
  gone: "gone",
  undelivered: "not reached",
  unknown: "not told",
};

export function Posts({ way, account }: { readonly way: Way; readonly account: Account }) {
  const names = useInspectedNames();
  const [all, setAll] = useState(false);
  const sorted = worstFirst(way.posts);
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  const several = way.runs.length > 1;
  return (
    <section className="card" aria-label="Posts">
      <h3>
        Posts<span className="panel-count">{account.total}</span>
      </h3>
      <ul className="tally" aria-label="Outcomes">
        <Tally name="delivered" value={account.delivered} />
        <Tally name="gone" value={account.gone} />
        <Tally name="retried" value={account.retried} />
        <Tally name="not reached" value={account.undelivered} bad />
        {account.unknown > 0 && <Tally name="not told" value={account.unknown} />}
      </ul>
      {account.total === 0 ? (
        <p className="panel-note">Nobody was connected.</p>
      ) : (
        <div className="posts-scroll">
          <table className="posts">
            <thead>
              <tr>
                <th scope="col">Whose</th>
                <th scope="col">Connection</th>
                <th scope="col">Outcome</th>
                <th scope="col">Retries</th>
                {several && <th scope="col">Run</th>}
              </tr>
            </thead>
            <tbody>
              {shown.map((post) => {
                const name = post.displayName ?? (post.userId ? names.ofUser(post.userId) : null);
                return (
                  <tr key={`${post.runId}.${post.connectionId}`}>
                    <td>
                      {name && post.userId ? (
                        <span className="posts-who">
                          <Avatar userId={post.userId} name={name} size={20} />
                          <bdi>{name}</bdi>
                        </span>
                      ) : (
                        <span
                          className="posts-left"
                          title="The connection is closed since, and its row is gone"
                        >
                          left since
                        </span>
                      )}
                    </td>
                    <td className="posts-id" title={post.connectionId}>
                      {shortId(post.connectionId)}
                    </td>
                    <td>
                      <Pill tone={tones[post.outcome]}>{words[post.outcome]}</Pill>
                      {post.reason && <span className="posts-reason">{post.reason}</span>}
                    </td>
                    <td className="posts-number">{post.retries}</td>
                    {several && <td className="posts-id">{shortId(post.runId)}</td>}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < sorted.length && (
        <button type="button" className="button button-small" onClick={() => setAll(true)}>
          Show all {sorted.length}
        </button>
      )}
    </section>
  );
}

function Tally({ name, value, bad = false }: { name: string; value: number; bad?: boolean }) {
  return (
    <li className={`tally-item${bad && value > 0 ? " tally-bad" : ""}`}>
      <strong>{value}</strong> <span>{name}</span>
    </li>
  );
}
