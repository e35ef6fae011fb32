/** The delivery of one message, or a list of messages to select one. */
import { type FormEvent, useMemo, useState } from "react";
import { navigate } from "../../../core/router";
import { CopyButton } from "../../../kit/CopyButton";
import { Icon } from "../../../kit/Icon";
import { RouteLink } from "../../shared/RouteLink";
import { count, duration, exactMs, postSummary, preciseTime, shortId } from "../format";
import { useInspector } from "../inspectorContext";
import { mergeNewest } from "../live/feed";
import { useLive } from "../live/useLive";
import { Pill } from "../Pill";
import { deliveryPath, historyPath, runPath } from "../routes";
import { runLabel, runTone } from "../runStatus";
import { Failed, Loading } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import { useQuery } from "../useQuery";
import type { Run, Way } from "../wire";
import { DeliverySteps } from "./DeliverySteps";
import { Posts } from "./Posts";
import { countPosts, sumOfHops } from "./postCounts";
import { Waterfall } from "./Waterfall";
import "./DeliveryView.css";

export function DeliveryView({ messageId }: { readonly messageId: string | null }) {
  const { api } = useInspector();
  const report = useQuery(messageId, () => api.follow(messageId ?? ""));
  if (messageId === null) return <ChooseMessage />;
  return (
    <div className="page">
      <div className="page-inner">
        {report.state === "failed" && !report.value ? (
          <Failed text={report.failure} onRetry={report.refetch} />
        ) : report.value ? (
          <DeliveryReport
            report={report.value}
            busy={report.state === "loading"}
            onRefresh={report.refetch}
          />
        ) : (
          <Loading what="Loading the delivery" />
        )}
      </div>
    </div>
  );
}

function DeliveryReport({ report, busy, onRefresh }: { report: Way; busy: boolean; onRefresh: () => void }) {
  const names = useInspectorNames();
  const { message } = report;
  const posts = countPosts(report.posts);
  const text = textOf(report);
  return (
    <>
      <header className="delivery-head">
        <div className="delivery-head-text">
          <h2>
            {message ? (
              <>
                Message {message.seq} in <bdi>{names.ofChannel(message.channelId)}</bdi>
              </>
            ) : (
              "Message is not stored"
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
            <span className="run-head-id" title={report.messageId}>
              {shortId(report.messageId)}
              <CopyButton what="the message's id" text={() => report.messageId} />
            </span>
          </p>
          {text && (
            <blockquote className="delivery-text" dir="auto">
              {text}
            </blockquote>
          )}
        </div>
        <div className="delivery-head-tools">
          <button type="button" className="button button-small" disabled={busy} onClick={onRefresh}>
            <Icon name="retry" size={16} /> Refresh
          </button>
          {message && (
            <RouteLink to={historyPath(message.channelId)} className="button button-small">
              <Icon name="clock" size={16} /> Channel history
            </RouteLink>
          )}
        </div>
      </header>

      {report.problems.length > 0 ? (
        <ul className="delivery-problems" aria-label="Problems">
          {report.problems.map((problem) => (
            <li key={problem}>
              <Icon name="alert" size={18} /> {problem}
            </li>
          ))}
        </ul>
      ) : (
        <p className="delivery-well" role="status">
          <Icon name="checks" size={18} /> {postSummary(posts)}
        </p>
      )}

      <HopTimes report={report} />
      <div className="delivery-columns">
        <DeliverySteps report={report} />
        <Posts report={report} counts={posts} />
      </div>
      <section className="card" aria-label="Trace">
        <h3>
          {report.traces.length > 1 ? `${report.traces.length} traces, joined by their annotations` : "Trace"}
        </h3>
        {report.traces.length === 0 ? (
          <p className="panel-note">No trace is available. Traces are kept for a limited time.</p>
        ) : (
          report.traces.map((trace) => <Waterfall key={trace.traceId} trace={trace} />)
        )}
      </section>
    </>
  );
}

function HopTimes({ report }: { report: Way }) {
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

/** The text of the message from the run's input, unless it was deleted. */
function textOf(report: Way): string | null {
  if (report.message?.deletedAt) return null;
  const input = report.runs[0]?.input as { detail?: { data?: { text?: unknown } } } | null | undefined;
  const text = input?.detail?.data?.text;
  if (typeof text !== "string") return null;
  return text.length > 280 ? `${text.slice(0, 280)} …` : text;
}

function ChooseMessage() {
  const { api } = useInspector();
  const names = useInspectorNames();
  const live = useLive("runs");
  const [id, setId] = useState("");
  const past = useQuery("recent messages", () =>
    api.runs({ detailType: "MessageSent", since: "1d", limit: 50 }),
  );
  const recent = useMemo(() => {
    const all = mergeNewest<Run>(
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
    if (id.trim()) navigate(deliveryPath(id.trim()));
  };
  return (
    <div className="page">
      <div className="page-inner page-narrow">
        <h2 className="page-title">Inspect the delivery of a message</h2>
        <p className="page-lead">
          The path of one message from the sender's socket to every recipient: event, workflow, posts and
          trace, with the duration of each. In the chat, open it with "Inspect delivery" on a message.
        </p>
        <form className="message-id-form" onSubmit={go}>
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
          <button type="submit" className="button button-primary" disabled={!id.trim()}>
            Inspect
          </button>
        </form>
        <section aria-label="Recent messages">
          <h3 className="section-title">Recent messages</h3>
          {past.state === "failed" && recent.length === 0 ? (
            <Failed text={past.failure} onRetry={past.refetch} />
          ) : past.state === "loading" && recent.length === 0 ? (
            <Loading what="Loading runs" />
          ) : recent.length === 0 ? (
            <p className="panel-note">No messages in the last 24 hours. Send one in the chat.</p>
          ) : (
            <ul className="recent">
              {recent.map((run) => (
                <li key={run.runId}>
                  <RouteLink to={deliveryPath(run.messageId ?? "")} className="recent-link">
                    <span className="recent-sender">
                      <bdi>{names.ofUser(run.userId)}</bdi>
                      <span className="run-row-where">
                        {run.seq !== null && `${run.seq} `}in {names.ofChannel(run.channelId)}
                      </span>
                    </span>
                    <span className="recent-delivered">
                      {run.delivered} of {count(run.recipients, "connection")}
                    </span>
                    <Pill tone={runTone(run)}>{runLabel(run)}</Pill>
                    <span className="run-row-duration">{duration(run.durationMs)}</span>
                    <time dateTime={run.startedAt}>{preciseTime(run.startedAt)}</time>
                  </RouteLink>
                </li>
              ))}
            </ul>
          )}
          <p className="panel-note">
            Runs of all event types are listed under <RouteLink to={runPath()}>Runs</RouteLink>.
          </p>
        </section>
      </div>
    </div>
  );
}
