/** The whole way of one message on one screen. */
import { type FormEvent, useMemo, useState } from "react";
import { navigate } from "../../../core/router";
import { CopyButton } from "../../../kit/CopyButton";
import { Icon } from "../../../kit/Icon";
import { RouteLink } from "../../shared/RouteLink";
import { useAsked, useInspectedNames, useInspection } from "../context";
import { count, duration, exactMs, preciseTime, shortId, wordsOfWay } from "../format";
import { withNew } from "../live/feed";
import { useLive } from "../live/useLive";
import { Failed, Loading, Pill, runTone, runWord } from "../parts";
import { followPath, runPath, travelPath } from "../paths";
import type { Run, Way } from "../wire";
import { account, sumOfHops } from "./accounts";
import { Posts } from "./Posts";
import { Stations } from "./Stations";
import { Waterfall } from "./Waterfall";
import "./FollowView.css";

export function FollowView({ messageId }: { readonly messageId: string | null }) {
  const { api } = useInspection();
  const way = useAsked(messageId, () => api.follow(messageId ?? ""));
  if (messageId === null) return <ChooseMessage />;
  return (
    <div className="page">
      <div className="page-inner">
        {way.state === "failed" && !way.value ? (
          <Failed text={way.failure} onRetry={way.again} />
        ) : way.value ? (
          <WayOf way={way.value} busy={way.state === "loading"} onAgain={way.again} />
        ) : (
          <Loading what="Following the message" />
        )}
      </div>
    </div>
  );
}

function WayOf({ way, busy, onAgain }: { way: Way; busy: boolean; onAgain: () => void }) {
  const names = useInspectedNames();
  const { message } = way;
  const posts = account(way.posts);
  const text = textOf(way);
  return (
    <>
      <header className="way-head">
        <div className="way-head-text">
          <h2>
            {message ? (
              <>
                Message {message.seq} in <bdi>{names.ofChannel(message.channelId)}</bdi>
              </>
            ) : (
              "A message that is not stored"
            )}
          </h2>
          <p className="run-head-facts">
            {message && (
              <>
                <span>
                  by <bdi>{message.senderName}</bdi>
                </span>
                <time dateTime={message.sentAt}>{preciseTime(message.sentAt)}</time>
                {message.editedAt && <span>edited {preciseTime(message.editedAt)}</span>}
                {message.deletedAt && <span>deleted {preciseTime(message.deletedAt)}</span>}
              </>
            )}
            <span className="run-head-id" title={way.messageId}>
              {shortId(way.messageId)}
              <CopyButton what="the message's id" text={() => way.messageId} />
            </span>
          </p>
          {text && (
            <blockquote className="way-text" dir="auto">
              {text}
            </blockquote>
          )}
        </div>
        <div className="way-head-tools">
          <button type="button" className="button button-small" disabled={busy} onClick={onAgain}>
            <Icon name="retry" size={16} /> Look again
          </button>
          {message && (
            <RouteLink to={travelPath(message.channelId)} className="button button-small">
              <Icon name="clock" size={16} /> Its channel
            </RouteLink>
          )}
        </div>
      </header>

      {way.problems.length > 0 ? (
        <ul className="way-problems" aria-label="Problems">
          {way.problems.map((problem) => (
            <li key={problem}>
              <Icon name="alert" size={18} /> {problem}
            </li>
          ))}
        </ul>
      ) : (
        <p className="way-well" role="status">
          <Icon name="checks" size={18} /> {wordsOfWay(posts)}
        </p>
      )}

      <HopsCard way={way} />
      <div className="way-columns">
        <Stations way={way} />
        <Posts way={way} account={posts} />
      </div>
      <section className="card" aria-label="Trace">
        <h3>
          {way.traces.length > 1 ? `${way.traces.length} traces, joined by their annotations` : "Trace"}
        </h3>
        {way.traces.length === 0 ? (
          <p className="panel-note">No trace of it is held (any more).</p>
        ) : (
          way.traces.map((trace) => <Waterfall key={trace.traceId} trace={trace} />)
        )}
      </section>
    </>
  );
}

function HopsCard({ way }: { way: Way }) {
  const { hops, total } = way;
  if (!total || hops.length === 0) return null;
  const sum = sumOfHops(hops);
  return (
    <section className="card" aria-label="Time by hop">
      <div className="hops-head">
        <h3>Time by hop</h3>
        <p className="hops-total">
          <strong>{exactMs(total.ms)}</strong> from the route to the last post
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
        <thead className="unseen">
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
                  <span className="hop-clock" title="Told by the workflow's log, to the millisecond">
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

/** What was said, where the run's input still tells; not of what was deleted. */
function textOf(way: Way): string | null {
  if (way.message?.deletedAt) return null;
  const input = way.runs[0]?.input as { detail?: { data?: { text?: unknown } } } | null | undefined;
  const text = input?.detail?.data?.text;
  if (typeof text !== "string") return null;
  return text.length > 280 ? `${text.slice(0, 280)} …` : text;
}

function ChooseMessage() {
  const { api } = useInspection();
  const names = useInspectedNames();
  const live = useLive("runs");
  const [id, setId] = useState("");
  const past = useAsked("recent messages", () =>
    api.runs({ detailType: "MessageSent", since: "1d", limit: 50 }),
  );
  const recent = useMemo(() => {
    const all = withNew<Run>(
      past.value?.items ?? [],
      live.runs,
      (run) => run.runId,
      (run) => run.startedAt,
    );
    const seen = new Set<string>();
    return all
      .filter((run) => {
        if (run.detailType !== "MessageSent" || !run.messageId || seen.has(run.messageId)) return false;
        seen.add(run.messageId);
        return true;
      })
      .slice(0, 40);
  }, [past.value, live.runs]);
  const go = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim()) navigate(followPath(id.trim()));
  };
  return (
    <div className="page">
      <div className="page-inner page-narrow">
        <h2 className="page-title">Follow a message</h2>
        <p className="page-lead">
          From the socket it came by to every socket it reached: event, workflow, posts and trace, with the
          time that each took. In the chat, each message's actions lead here too.
        </p>
        <form className="follow-form" onSubmit={go}>
          <label className="field">
            <span className="field-label">Message id</span>
            <input
              className="input"
              value={id}
              spellCheck={false}
              autoComplete="off"
              placeholder="0be0df76-4807-5cd6-95c0-3e6d46d3e05e"
              onChange={(event) => setId(event.target.value)}
            />
          </label>
          <button type="submit" className="button button-main" disabled={!id.trim()}>
            Follow
          </button>
        </form>
        <section aria-label="Recent messages">
          <h3 className="section-title">Recent messages</h3>
          {past.state === "failed" && recent.length === 0 ? (
            <Failed text={past.failure} onRetry={past.again} />
          ) : past.state === "loading" && recent.length === 0 ? (
            <Loading what="Reading the workflow's log" />
          ) : recent.length === 0 ? (
            <p className="panel-note">None in the last day. Send one in the chat.</p>
          ) : (
            <ul className="recent">
              {recent.map((run) => (
                <li key={run.runId}>
                  <RouteLink to={followPath(run.messageId ?? "")} className="recent-link">
                    <span className="recent-who">
                      <bdi>{names.ofUser(run.userId)}</bdi>
                      <span className="run-row-where">
                        {run.seq !== null && `${run.seq} `}in {names.ofChannel(run.channelId)}
                      </span>
                    </span>
                    <span className="recent-reach">
                      {run.delivered} of {count(run.recipients, "connection")}
                    </span>
                    <Pill tone={runTone(run)}>{runWord(run)}</Pill>
                    <span className="run-row-duration">{duration(run.durationMs)}</span>
                    <time dateTime={run.startedAt}>{preciseTime(run.startedAt)}</time>
                  </RouteLink>
                </li>
              ))}
            </ul>
          )}
          <p className="panel-note">
            All runs, those of other events too, are under <RouteLink to={runPath()}>Runs</RouteLink>.
          </p>
        </section>
      </div>
    </div>
  );
}
