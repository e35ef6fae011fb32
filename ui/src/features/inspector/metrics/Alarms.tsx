/** The alarms of the stage: those that are raised with what to do, all of them, and their changes of state. */
import { Icon } from "../../../kit/Icon";
import common from "../common.module.css";
import type { DashboardAlarm, DashboardReport } from "../contract";
import { count, dayTime } from "../format";
import { Outcome, OutcomeItem, OutcomeList } from "../Outcome";
import { Pill, type Tone } from "../Pill";
import styles from "./Alarms.module.css";
import { alarmTitle } from "./alarmTitle";

const states: Readonly<Record<DashboardAlarm["state"], readonly [string, Tone]>> = {
  ALARM: ["raised", "bad"],
  OK: ["OK", "good"],
  INSUFFICIENT_DATA: ["no data", "calm"],
};

const stateOf = (state: string) => states[state as DashboardAlarm["state"]] ?? [state, "calm"];

function State({ state }: { readonly state: string }) {
  const [label, tone] = stateOf(state);
  return <Pill tone={tone}>{label}</Pill>;
}

export function Alarms({ report }: { readonly report: DashboardReport }) {
  const { alarms, transitions } = report;
  const raised = alarms.filter((alarm) => alarm.state === "ALARM");
  const shortName = (name: string) => alarmTitle(name, report.stage);
  return (
    <section className={styles.alarms} aria-label="Alarms">
      <h3 className={common.sectionTitle}>Alarms</h3>
      {raised.length === 0 ? (
        <Outcome tone={alarms.length === 0 ? "warn" : "good"}>
          {alarms.length === 0
            ? "This stage has no alarms: without them failures go unnoticed."
            : `None of ${count(alarms.length, "alarm")} is raised.`}
        </Outcome>
      ) : (
        <OutcomeList label="Raised alarms">
          {raised.map((alarm) => (
            <OutcomeItem key={alarm.name} tone="bad">
              <strong title={alarm.name}>{shortName(alarm.name)}</strong>
              <p className={styles.description}>{alarm.description}</p>
              <p className={styles.reason}>
                {alarm.changedAt && `Since ${dayTime(alarm.changedAt)}: `}
                {alarm.reason}
              </p>
            </OutcomeItem>
          ))}
        </OutcomeList>
      )}
      {alarms.length > 0 && (
        <details className={styles.more}>
          <summary>States of all alarms ({alarms.length})</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list needs the keyboard. */}
          <ul className={styles.list} aria-label="States of all alarms" tabIndex={0}>
            {alarms.map((alarm) => (
              <li key={alarm.name}>
                <State state={alarm.state} />
                <span title={alarm.name}>{shortName(alarm.name)}</span>
                {alarm.changedAt && <time dateTime={alarm.changedAt}>{dayTime(alarm.changedAt)}</time>}
              </li>
            ))}
          </ul>
        </details>
      )}
      {transitions.length === 0 ? (
        <p className={styles.note}>No alarm changed its state in this time.</p>
      ) : (
        <details className={styles.more}>
          <summary>Changes of state in this time ({transitions.length})</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list needs the keyboard. */}
          <ol className={styles.list} aria-label="Changes of state" tabIndex={0}>
            {transitions.map((change) => (
              <li key={`${change.at}${change.name}${change.after}`}>
                <time dateTime={change.at}>{dayTime(change.at)}</time>
                <span title={change.name}>{shortName(change.name)}</span>
                <span className={styles.change}>
                  <State state={change.before} />
                  <Icon name="forward" size={12} />
                  <span className="visually-hidden">to</span>
                  <State state={change.after} />
                </span>
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}
