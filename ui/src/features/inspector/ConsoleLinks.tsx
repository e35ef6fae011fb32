/** Links to the AWS consoles of a stage, shown in place of the inspector's views. */
import type { Config } from "../../core/config";
import { Icon, type IconName } from "../../kit/Icon";
import styles from "./ConsoleLinks.module.css";
import type { InspectorRoute } from "./routes";

const known: readonly (readonly [string, string, string, IconName])[] = [
  ["workflow", "Workflow", "Each run of deliver, state by state, in the Step Functions console", "flow"],
  ["traces", "Traces", "The steps of a message as a waterfall, in X-Ray", "route"],
  ["dashboard", "Dashboard", "Latency, errors and queues of this stage, in CloudWatch", "pulse"],
  ["logs", "Logs", "Logs of functions and runs, in CloudWatch Logs", "quote"],
];

export function ConsoleLinks({ config, place }: { readonly config: Config; readonly place: InspectorRoute }) {
  const links = known.filter(([key]) => config.console[key]);
  const messageId = place.view === "delivery" ? place.messageId : null;
  return (
    <div className={styles.consoles}>
      <h2>This stage runs on AWS</h2>
      <p className={styles.lead}>
        Its runs, traces and logs are in your account, and the consoles show them. You need access to the
        account.
      </p>
      {links.length === 0 ? (
        <p role="status">The configuration of this stage has no console links.</p>
      ) : (
        <ul className={styles.list}>
          {links.map(([key, title, text, icon]) => (
            <li key={key}>
              <a className={styles.link} href={config.console[key]} target="_blank" rel="noreferrer">
                <Icon name={icon} size={22} />
                <span>
                  <strong>{title}</strong>
                  <span>{text}</span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      <p className={styles.lead}>From a terminal with access to the account:</p>
      <pre className={styles.command}>
        parley --stage {config.stage || "STAGE"} follow {messageId ?? "MESSAGE_ID"}
      </pre>
    </div>
  );
}
