/** A trace as a waterfall chart. */
import { useState } from "react";
import { CopyButton } from "../../../kit/CopyButton";
import type { Trace } from "../contract";
import { count, duration, shortId } from "../format";
import { Pill } from "../Pill";
import { segmentCount, ticks, traceDuration, type WaterfallRow, waterfallRows } from "./waterfallRows";
import "./Waterfall.css";
import { Fact } from "../Fact";

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
    <section className="waterfall" aria-label={`Trace ${trace.traceId}`}>
      <header className="waterfall-head">
        <p>
          {count(segmentCount(trace), "segment")} in {duration(trace.durationMs)}
        </p>
        <Pill tone={trace.connected ? "good" : "bad"}>{trace.connected ? "connected" : "incomplete"}</Pill>
        <span className="waterfall-id" title={trace.traceId}>
          {shortId(trace.traceId.replace(/^1-/, ""))}
          <CopyButton what="the trace id" text={() => trace.traceId} />
        </span>
      </header>
      <div className="waterfall-scale" aria-hidden="true">
        <div className="waterfall-axis">
          {ticks(total)
            .filter((at) => at < total * 0.95)
            .map((at) => (
              <span key={at} style={{ insetInlineStart: `${(at / total) * 100}%` }}>
                {at === 0 ? "0" : duration(at)}
              </span>
            ))}
        </div>
      </div>
      <ul className="waterfall-rows">
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
    <li className={`waterfall-row${trouble ? ` waterfall-${trouble}` : ""}`} data-kind={segment.kind}>
      <div className="waterfall-name" style={{ paddingInlineStart: `${Math.min(depth, 9) * 0.875}rem` }}>
        {hasChildren ? (
          <button
            type="button"
            className="waterfall-toggle"
            aria-expanded={open}
            aria-label={`Child segments of ${name}`}
            onClick={onFold}
          />
        ) : (
          <span className="waterfall-leaf" aria-hidden="true" />
        )}
        <button
          type="button"
          className="waterfall-choose"
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
      <div className="waterfall-track" aria-hidden="true" onClick={onChoose}>
        <span
          className="waterfall-bar"
          style={{ insetInlineStart: `${left}%`, inlineSize: `max(2px, ${width}%)` }}
        />
        <span
          className="waterfall-time"
          style={behind ? { insetInlineStart: `${left + width}%` } : { insetInlineEnd: `${100 - left}%` }}
        >
          {duration(segment.durationMs)}
        </span>
      </div>
      {chosen && (
        <div className="waterfall-detail">
          {segment.error && <p className="waterfall-error">{segment.error}</p>}
          <dl className="facts">
            <Fact name="Starts">+{duration(segment.offsetMs)}</Fact>
            <Fact name="Takes">{duration(segment.durationMs)}</Fact>
            {segment.origin && <Fact name="Origin">{segment.origin}</Fact>}
            {annotations.map(([key, value]) => (
              <Fact key={key} name={key}>
                {String(value)}
              </Fact>
            ))}
          </dl>
          {annotations.length === 0 && <p className="panel-note">No annotations.</p>}
        </div>
      )}
    </li>
  );
}
