/** The steps of a delivery: event, archive, rule, runs, dead letters. */
import type { ReactNode } from "react";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { MessageReport } from "../contract";
import { duration, plainName, preciseTime, shortId } from "../format";
import { Pill, type Tone } from "../Pill";
import { runPath } from "../routes";
import { runLabel, runTone } from "../runStatus";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./DeliveryView.module.css";

export function DeliverySteps({ report }: { readonly report: MessageReport }) {
  const names = useInspectorNames();
  const { event, archive, rule, runs, queues } = report;
  return (
    <section className={common.card} aria-label="Steps">
      <h3>Delivery steps</h3>
      <ol>
        <Step title="Event" tone={event ? "good" : "warn"}>
          {event ? (
            <>
              <p>
                {event.detailType} by {names.ofUser(event.actor)} at {preciseTime(event.occurredAt)}
              </p>
              <p className={styles.stepNote} title={event.eventId}>
                event {shortId(event.eventId)}
                {event.correlationId && (
                  <span title={event.correlationId}>, correlation {shortId(event.correlationId)}</span>
                )}
              </p>
            </>
          ) : (
            <p>No run of this event was found.</p>
          )}
        </Step>
        <Step
          title="Archive"
          tone={archive.holdsIt === true ? "good" : archive.holdsIt === false ? "warn" : "calm"}
        >
          <p>
            {archive.holdsIt === true
              ? `Archived for ${archive.retentionDays} days`
              : archive.holdsIt === false
                ? "Not archived"
                : "May be archived"}
          </p>
          <p className={styles.stepNote}>{archive.note}</p>
        </Step>
        <Step title="Rule" tone={rule.state !== "ENABLED" ? "bad" : runs.length > 0 ? "good" : "warn"}>
          <p>
            {rule.name ? plainName(rule.name) : "Missing"}, {rule.state.toLowerCase()}
          </p>
          <p className={styles.stepNote}>{rule.note}</p>
        </Step>
        {runs.map((run) => (
          <Step
            key={run.runId}
            title={run.mode === "dry-run" ? "Dry run" : run.replayed ? "Replay" : "Run"}
            tone={runTone(run)}
          >
            <p className={styles.stepRun}>
              <RouteLink to={runPath(run.runId)}>{shortId(run.runId)}</RouteLink>
              <Pill tone={runTone(run)}>{runLabel(run)}</Pill>
              <span>{duration(run.durationMs)}</span>
            </p>
            <p className={styles.stepNote}>
              {run.path.length} states, {run.delivered} delivered, {run.gone} gone, {run.undelivered}{" "}
              undelivered
            </p>
            {run.trouble && <p className={styles.stepTrouble}>{run.trouble}</p>}
          </Step>
        ))}
        {queues.map((queue) => (
          <Step key={queue.name} title="Dead letters" tone={queue.holdsIt ? "bad" : "good"}>
            <p>{queue.holdsIt ? "It is in the queue" : "Not in the queue"}</p>
            <p className={styles.stepNote}>
              {queue.waiting} in the queue. {queue.note}
            </p>
          </Step>
        ))}
      </ol>
      {report.links && (
        <p className={styles.links}>
          {Object.entries(report.links).map(([name, address]) => (
            <a key={name} href={address} target="_blank" rel="noreferrer">
              {name} in the console
            </a>
          ))}
        </p>
      )}
    </section>
  );
}

function Step({ title, tone, children }: { title: string; tone: Tone; children: ReactNode }) {
  return (
    <li className={styles.step} data-tone={tone}>
      <h4>{title}</h4>
      <div className={styles.stepText}>{children}</div>
    </li>
  );
}
