/** Where the message came by: event, archive, rule, runs, dead letters. */
import type { ReactNode } from "react";
import { RouteLink } from "../../shared/RouteLink";
import { useInspectedNames } from "../context";
import { duration, plainName, preciseTime, shortId } from "../format";
import { Pill, runTone, runWord, type Tone } from "../parts";
import { runPath } from "../paths";
import type { Way } from "../wire";

export function Stations({ way }: { readonly way: Way }) {
  const names = useInspectedNames();
  const { event, archive, rule, runs, queues } = way;
  return (
    <section className="card" aria-label="Stations">
      <h3>Stations</h3>
      <ol className="stations">
        <Station title="Event" tone={event ? "good" : "warn"}>
          {event ? (
            <>
              <p>
                {event.detailType} by {names.ofUser(event.actor)} at {preciseTime(event.occurredAt)}
              </p>
              <p className="station-note" title={event.eventId}>
                event {shortId(event.eventId)}
                {event.correlationId && (
                  <span title={event.correlationId}>, correlation {shortId(event.correlationId)}</span>
                )}
              </p>
            </>
          ) : (
            <p>No run tells what it was.</p>
          )}
        </Station>
        <Station
          title="Archive"
          tone={archive.holdsIt === true ? "good" : archive.holdsIt === false ? "warn" : "calm"}
        >
          <p>
            {archive.holdsIt === true
              ? `Holds it for ${archive.retentionDays} days`
              : archive.holdsIt === false
                ? "Does not hold it"
                : "May hold it"}
          </p>
          <p className="station-note">{archive.note}</p>
        </Station>
        <Station title="Rule" tone={rule.state !== "ENABLED" ? "bad" : runs.length > 0 ? "good" : "warn"}>
          <p>
            {rule.name ? plainName(rule.name) : "Missing"}, {rule.state.toLowerCase()}
          </p>
          <p className="station-note">{rule.note}</p>
        </Station>
        {runs.map((run, index) => (
          <Station
            key={run.runId}
            title={index === 0 ? "Run" : run.mode === "dry-run" ? "Dry run" : "Run again"}
            tone={runTone(run)}
          >
            <p className="station-run">
              <RouteLink to={runPath(run.runId)}>{shortId(run.runId)}</RouteLink>
              <Pill tone={runTone(run)}>{runWord(run)}</Pill>
              <span>{duration(run.durationMs)}</span>
            </p>
            <p className="station-note">
              {run.path.length} states, {run.delivered} delivered, {run.gone} gone, {run.undelivered} not
              reached
            </p>
            {run.trouble && <p className="station-trouble">{run.trouble}</p>}
          </Station>
        ))}
        {queues.map((queue) => (
          <Station key={queue.name} title="Dead letters" tone={queue.holdsIt ? "bad" : "good"}>
            <p>{queue.holdsIt ? "It waits there" : "Not among them"}</p>
            <p className="station-note">
              {queue.waiting} in the queue. {queue.note}
            </p>
          </Station>
        ))}
      </ol>
      {way.links && (
        <p className="way-links">
          {Object.entries(way.links).map(([name, address]) => (
            <a key={name} href={address} target="_blank" rel="noreferrer">
              {name} in the console
            </a>
          ))}
        </p>
      )}
    </section>
  );
}

function Station({ title, tone, children }: { title: string; tone: Tone; children: ReactNode }) {
  return (
    <li className={`station station-${tone}`}>
      <h4>{title}</h4>
      <div className="station-text">{children}</div>
    </li>
  );
}
