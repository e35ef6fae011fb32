/** The drawing of the service map: services are buttons, calls are arrows. Those of the selected service have their rates. */
import { type CSSProperties, useEffect, useId, useMemo, useRef, useState } from "react";
import { classNames } from "../../../kit/classNames";
import type { Service, ServiceMap } from "../contract";
import { count, duration } from "../format";
import styles from "./MapDrawing.module.css";
import { failedCalls, failedShare, layoutMap, NODE_HEIGHT, NODE_WIDTH } from "./mapLayout";
import { perMinute } from "./ServiceTables";
import { serviceKind, serviceName } from "./serviceNames";

/** Names are not legible below this scale: the drawing is scrolled then. */
const MIN_SCALE = 0.7;

interface MapDrawingProps {
  readonly map: ServiceMap;
  readonly selected: number | null;
  readonly onSelect: (service: Service) => void;
}

export function MapDrawing({ map, selected, onSelect }: MapDrawingProps) {
  const placed = useMemo(() => layoutMap(map), [map]);
  const frame = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  const id = useId();
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setRoom(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const scale = room > 0 ? Math.min(1, Math.max(MIN_SCALE, room / placed.width)) : 1;
  const touches = (call: { from: number; to: number }) => call.from === selected || call.to === selected;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs the keyboard.
    <section className={styles.frame} ref={frame} aria-label="Service map" tabIndex={0}>
      <div style={{ inlineSize: placed.width * scale, blockSize: placed.height * scale }}>
        <div
          className={styles.drawing}
          style={{ inlineSize: placed.width, blockSize: placed.height, transform: `scale(${scale})` }}
        >
          <svg width={placed.width} height={placed.height} aria-hidden="true">
            <defs>
              {(["calm", "bad"] as const).map((tone) => (
                <marker
                  key={tone}
                  id={`${id}-${tone}`}
                  className={styles.arrow}
                  data-tone={tone}
                  viewBox="0 0 8 8"
                  refX="7"
                  refY="4"
                  markerWidth="7"
                  markerHeight="7"
                  orient="auto"
                >
                  <path d="M0 0l8 4-8 4z" />
                </marker>
              ))}
            </defs>
            {placed.edges.map(({ call, path, label }) => {
              const tone = failedCalls(call.statistics) > 0 ? "bad" : "calm";
              return (
                <g
                  key={`${call.from}-${call.to}`}
                  className={classNames(styles.call, selected !== null && !touches(call) && styles.faint)}
                  data-tone={tone}
                >
                  <path d={path} markerEnd={`url(#${id}-${tone})`} />
                  {touches(call) && (
                    <text x={label.x} y={label.y + 4}>
                      {perMinute(call.statistics)}
                    </text>
                  )}
                </g>
              );
            })}
          </svg>
          {placed.nodes.map(({ service, x, y }) => (
            <button
              key={service.id}
              type="button"
              className={styles.service}
              style={
                {
                  insetInlineStart: x,
                  insetBlockStart: y,
                  inlineSize: NODE_WIDTH,
                  blockSize: NODE_HEIGHT,
                  "--failed": failedShare(service.statistics),
                } as CSSProperties
              }
              aria-pressed={service.id === selected}
              title={service.name}
              onClick={() => onSelect(service)}
            >
              <span className={styles.ring} data-kind={service.isClient ? "client" : "service"} />
              <span className={styles.text}>
                <strong>{serviceName(service)}</strong>
                <span>{serviceKind(service)}</span>
                {!service.isClient && (
                  <span className={styles.numbers}>
                    {perMinute(service.statistics)}/min
                    {service.statistics.p95Ms !== null && ` · p95 ${duration(service.statistics.p95Ms)}`}
                  </span>
                )}
                {failedCalls(service.statistics) > 0 && (
                  <span className="visually-hidden">
                    {count(failedCalls(service.statistics), "failed call")}
                  </span>
                )}
              </span>
            </button>
          ))}
        </div>
      </div>
    </section>
  );
}
