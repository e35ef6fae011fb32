/** A trace as a waterfall chart. */
import { useState } from "react";
import { CopyButton } from "../../../kit/CopyButton";
import panelStyles from "../../../kit/SidePanel.module.css";
import common from "../common.module.css";
import type { Trace } from "../contract";
import { Fact } from "../Fact";
import { count, duration, shortId } from "../format";
import { ErrorText } from "../Outcome";
import { Pill } from "../Pill";
import styles from "./Waterfall.module.css";
import { segmentCount, ticks, traceDuration, type WaterfallRow, waterfallRows } from "./waterfallRows";

export function Waterfall({ trace }: { readonly trace: Trace }) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = waterfallRows(trace, folded);
  const total = traceDuration(trace);
  const toggle = (id: string) => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    setFolded(next);
  };
  return (
    <section className={styles.waterfall} aria-label={`Trace ${trace.traceId}`}>
      <header className={styles.head}>
        <p>
          {count(segmentCount(trace), "segment")} in {duration(trace.durationMs)}
        </p>
        <Pill tone={trace.connected ? "good" : "bad"}>{trace.connected ? "connected" : "incomplete"}</Pill>
        <span className={styles.id} title={trace.traceId}>
          {shortId(trace.traceId.replace(/^1-/, ""))}
          <CopyButton what="the trace id" text={() => trace.traceId} />
        </span>
      </header>
      <div className={styles.scale} aria-hidden="true">
        <div className={styles.axis}>
          {ticks(total)
            .filter((at) => at < total * 0.95)
            .map((at) => (
              <span key={at} style={{ insetInlineStart: `${(at / total) * 100}%` }}>
                {at === 0 ? "0" : duration(at)}
              </span>
            ))}
        </div>
      </div>
      <ul>
        {rows.map((row) => (
          <Row
            key={row.segment.id}
            row={row}
            chosen={row.segment.id === chosen}
            onChoose={() => setChosen(row.segment.id === chosen ? null : row.segment.id)}
            onFold={() => toggle(row.segment.id)}
          />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  readonly row: WaterfallRow;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly onFold: () => void;
}

function Row({ row, chosen, onChoose, onFold }: RowProps) {
  const { segment, name, depth, left, width, hasChildren, open } = row;
  const annotations = Object.entries(segment.annotations);
  // The duration is shown after the bar, or before it if there is no room.
  const behind = left + width < 78;
  const trouble = segment.caught ? "caught" : segment.failed ? "failed" : null;
  return (
    <li className={styles.row} data-kind={segment.kind} data-trouble={trouble}>
      <div className={styles.name} style={{ paddingInlineStart: `${Math.min(depth, 9) * 0.875}rem` }}>
        {hasChildren ? (
          <button
            type="button"
            className={styles.toggle}
            aria-expanded={open}
            aria-label={`Child segments of ${name}`}
            onClick={onFold}
          />
        ) : (
          <span className={styles.leaf} aria-hidden="true" />
        )}
        <button
          type="button"
          className={styles.choose}
          aria-expanded={chosen}
          title={segment.name}
          onClick={onChoose}
        >
          {name}
          <span className="visually-hidden">
            , {duration(segment.durationMs)}, from {duration(segment.offsetMs)}
            {segment.failed && ", failed"}
            {segment.caught && ", and caught"}
          </span>
        </button>
      </div>
      <div className={styles.track} aria-hidden="true" onClick={onChoose}>
        <span
          className={styles.bar}
          style={{ insetInlineStart: `${left}%`, inlineSize: `max(2px, ${width}%)` }}
        />
        <span
          className={styles.time}
          style={behind ? { insetInlineStart: `${left + width}%` } : { insetInlineEnd: `${100 - left}%` }}
        >
          {duration(segment.durationMs)}
        </span>
      </div>
      {chosen && (
        <div className={styles.detail}>
          {segment.error && <ErrorText>{segment.error}</ErrorText>}
          <dl className={common.facts}>
            <Fact name="Starts">+{duration(segment.offsetMs)}</Fact>
            <Fact name="Takes">{duration(segment.durationMs)}</Fact>
            {segment.origin && <Fact name="Origin">{segment.origin}</Fact>}
            {annotations.map(([key, value]) => (
              <Fact key={key} name={key}>
                {String(value)}
              </Fact>
            ))}
          </dl>
          {annotations.length === 0 && <p className={panelStyles.note}>No annotations.</p>}
        </div>
      )}
    </li>
  );
}
