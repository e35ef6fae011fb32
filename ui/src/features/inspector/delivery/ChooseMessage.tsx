/** Selecting a message by its id or from recent messages. */
import { type FormEvent, useMemo, useState } from "react";
import { navigate } from "../../../core/router";
import panelStyles from "../../../kit/SidePanel.module.css";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { RunSummary } from "../contract";
import { count, duration, preciseTime } from "../format";
import { useInspector } from "../inspectorContext";
import { mergeNewest } from "../live/feed";
import { useLive } from "../live/useLive";
import { Pill } from "../Pill";
import { deliveryPath, runPath } from "../routes";
import { runLabel, runTone } from "../runStatus";
import { Failed, Loading } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import { useQuery } from "../useQuery";
import styles from "./DeliveryView.module.css";

export function ChooseMessage() {
  const { api } = useInspector();
  const names = useInspectorNames();
  const live = useLive("runs");
  const [id, setId] = useState("");
  const past = useQuery("recent messages", () =>
    api.runs({ detailType: "MessageSent", since: "1d", limit: 50 }),
  );
  const recent = useMemo(() => {
    const all = mergeNewest<RunSummary>(
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
    <div className={common.page}>
      <div className={`${common.pageInner} ${common.pageNarrow}`}>
        <h2 className={common.pageTitle}>Inspect the delivery of a message</h2>
        <p className={common.pageLead}>
          The path of one message from the sender's socket to every recipient: event, workflow, posts and
          trace, with the duration of each. In the chat, open it with "Inspect delivery" on a message.
        </p>
        <form className={styles.idForm} onSubmit={go}>
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
          <h3 className={common.sectionTitle}>Recent messages</h3>
          {past.state === "failed" && recent.length === 0 ? (
            <Failed text={past.failure} onRetry={past.refetch} />
          ) : past.state === "loading" && recent.length === 0 ? (
            <Loading what="Loading runs" />
          ) : recent.length === 0 ? (
            <p className={panelStyles.note}>No messages in the last 24 hours. Send one in the chat.</p>
          ) : (
            <ul className={common.recent}>
              {recent.map((run) => (
                <li key={run.runId}>
                  <RouteLink
                    to={deliveryPath(run.messageId ?? "")}
                    className={`${common.recentLink} ${styles.recentMessage}`}
                  >
                    <span className={common.recentSender}>
                      <bdi>{names.ofUser(run.userId)}</bdi>
                      <span className={common.where}>
                        {run.seq !== null && `${run.seq} `}in {names.ofChannel(run.channelId)}
                      </span>
                    </span>
                    <span className={common.recentDelivered}>
                      {run.delivered} of {count(run.recipients, "connection")}
                    </span>
                    <Pill tone={runTone(run)}>{runLabel(run)}</Pill>
                    <span className={common.duration}>{duration(run.durationMs)}</span>
                    <time dateTime={run.startedAt}>{preciseTime(run.startedAt)}</time>
                  </RouteLink>
                </li>
              ))}
            </ul>
          )}
          <p className={panelStyles.note}>
            Runs of all event types are listed under <RouteLink to={runPath()}>Runs</RouteLink>.
          </p>
        </section>
      </div>
    </div>
  );
}
