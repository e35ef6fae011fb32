/** The header of a run: event type, status, duration, connections reached. */
import { CopyButton } from "../../../kit/CopyButton";
import { Icon } from "../../../kit/Icon";
import { IconButton } from "../../../kit/IconButton";
import { keepFocus } from "../../../kit/keepFocus";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { RunDetail } from "../contract";
import { count, dayTime, duration, shortId, words } from "../format";
import { Pill } from "../Pill";
import { deliveryPath } from "../routes";
import { runLabel, runTone } from "../runStatus";
import { useInspectorNames } from "../useInspectorNames";
import styles from "./RunsView.module.css";

export function RunHead({ run, onClose }: { readonly run: RunDetail; readonly onClose: () => void }) {
  const names = useInspectorNames();
  return (
    <header className={styles.head} ref={keepFocus}>
      <IconButton icon="back" label="Back to the workflow" title="Back" onClick={onClose} />
      <div className={styles.headText}>
        <h2>
          {run.detailType ? words(run.detailType) : "Unreadable event"}
          {run.seq !== null && <span className={common.seq}>{run.seq}</span>}
          <Pill tone={runTone(run)}>{runLabel(run)}</Pill>
        </h2>
        <p className={common.headFacts}>
          <span>{duration(run.durationMs)}</span>
          <span>
            <bdi>
              {names.ofUser(run.userId)} in {names.ofChannel(run.channelId)}
            </bdi>
          </span>
          {run.recipients > 0 && (
            <span>
              {run.delivered} of {count(run.recipients, "connection")} reached
              {run.gone > 0 && `, ${run.gone} gone`}
            </span>
          )}
          <time dateTime={run.startedAt}>{dayTime(run.startedAt)}</time>
          <span className={common.id} title={run.executionArn}>
            {shortId(run.runId)}
            <CopyButton what="the execution's ARN" text={() => run.executionArn} />
          </span>
        </p>
        {run.trouble && (
          <p className={styles.headTrouble} role="note">
            {run.trouble}
          </p>
        )}
      </div>
      {run.messageId && (
        <RouteLink to={deliveryPath(run.messageId)} className={`button button-small ${styles.headInspect}`}>
          <Icon name="route" size={16} /> Inspect delivery
        </RouteLink>
      )}
    </header>
  );
}
