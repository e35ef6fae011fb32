/** The delivery of one message: summary, hops, steps, posts and traces. */
import { CopyButton } from "../../../kit/CopyButton";
import { Icon } from "../../../kit/Icon";
import panelStyles from "../../../kit/SidePanel.module.css";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { MessageReport } from "../contract";
import { postSummary, preciseTime, shortId } from "../format";
import { Outcome, OutcomeItem, OutcomeList } from "../Outcome";
import { RefreshButton } from "../RefreshButton";
import { historyPath } from "../routes";
import { useInspectorNames } from "../useInspectorNames";
import { DeliverySteps } from "./DeliverySteps";
import styles from "./DeliveryView.module.css";
import { HopTimes } from "./HopTimes";
import { Posts } from "./Posts";
import { countPosts } from "./postCounts";
import { Waterfall } from "./Waterfall";

export function DeliveryReport({
  report,
  busy,
  onRefresh,
}: {
  report: MessageReport;
  busy: boolean;
  onRefresh: () => void;
}) {
  const names = useInspectorNames();
  const { message } = report;
  const posts = countPosts(report.posts);
  const text = textOf(report);
  return (
    <>
      <header className={styles.head}>
        <div className={styles.headText}>
          <h2>
            {message ? (
              <>
                Message {message.seq} in <bdi>{names.ofChannel(message.channelId)}</bdi>
              </>
            ) : report.unreadable ? (
              "Message cannot be read"
            ) : (
              "Message is not stored"
            )}
          </h2>
          <p className={common.headFacts}>
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
            <span className={common.id} title={report.messageId}>
              {shortId(report.messageId)}
              <CopyButton what="the message's id" text={() => report.messageId} />
            </span>
          </p>
          {text && (
            <blockquote className={styles.text} dir="auto">
              {text}
            </blockquote>
          )}
        </div>
        <div className={styles.headTools}>
          <RefreshButton busy={busy} onRefresh={onRefresh} />
          {message && (
            <RouteLink to={historyPath(message.channelId)} className="button button-small">
              <Icon name="clock" size={16} /> Channel history
            </RouteLink>
          )}
        </div>
      </header>

      {report.unfinished !== null && <Outcome tone="warn">{report.unfinished}</Outcome>}
      {report.problems.length > 0 ? (
        <OutcomeList label="Problems">
          {report.problems.map((problem) => (
            <OutcomeItem key={problem} tone="bad">
              {problem}
            </OutcomeItem>
          ))}
        </OutcomeList>
      ) : (
        report.unfinished === null && <Outcome tone="good">{postSummary(posts)}</Outcome>
      )}

      <HopTimes report={report} />
      <div className={styles.columns}>
        <DeliverySteps report={report} />
        <Posts report={report} counts={posts} />
      </div>
      <section className={common.card} aria-label="Trace">
        <h3>
          {report.traces.length > 1 ? `${report.traces.length} traces, joined by their annotations` : "Trace"}
        </h3>
        {report.traces.length === 0 ? (
          <p className={panelStyles.note}>No trace is available. Traces are kept for a limited time.</p>
        ) : (
          report.traces.map((trace) => <Waterfall key={trace.traceId} trace={trace} />)
        )}
      </section>
    </>
  );
}

/** How a sealed text begins, which only its key opens: functions/contract/text.py. */
const SEALED = "\u0001";

/** The text of the message from the run's input, unless it was deleted or is sealed. */
function textOf(report: MessageReport): string | null {
  if (report.message?.deletedAt) return null;
  const input = report.runs[0]?.input as { detail?: { data?: { text?: unknown } } } | null | undefined;
  const text = input?.detail?.data?.text;
  if (typeof text !== "string" || text.startsWith(SEALED)) return null;
  return text.length > 280 ? `${text.slice(0, 280)} …` : text;
}
