/** Lines over time. The labels, the values and their table are the caller's: a canvas has no text that can be read. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { dateFormat } from "../../../core/text/language";
import styles from "./Chart.module.css";
import { type ChartData, isolated, metricValue } from "./chartData";

const HEIGHT = 168;
/** The number of colours; further lines are dashed. */
const COLOURS = 8;
/** Charts with the same key show the same time when the pointer is over one of them. */
const CURSOR_KEY = "metrics";
const FONT = "11px system-ui, sans-serif";

const clock = dateFormat({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = dateFormat({ day: "numeric", month: "short" });

export const colourOf = (index: number) => index % COLOURS;

interface ChartProps {
  readonly data: ChartData;
  readonly label: string;
  /** The place in the data that the pointer is at, or null. */
  readonly onPlace: (place: number | null) => void;
}

export function Chart({ data, label, onPlace }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef(onPlace);
  place.current = onPlace;
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const plot = new uPlot(
      options(data, element, (at) => place.current(at)),
      aligned(data),
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    // The colours are read again when the theme changes.
    const redraw = () => plot.redraw(false, true);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", redraw);
      plot.destroy();
    };
  }, [data]);
  return (
    <div className={styles.chart} role="img" aria-label={label}>
      <div className={styles.frame} ref={frame} />
      {/* The colours of the theme, as the canvas needs them. */}
      <span className={styles.palette} data-part="axis" />
      <span className={styles.palette} data-part="grid" />
      <span className={styles.palette} data-part="limit" />
      {Array.from({ length: COLOURS }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the index is the colour.
        <span key={index} className={styles.palette} data-line={index} />
      ))}
    </div>
  );
}

function options(
  data: ChartData,
  element: HTMLElement,
  onPlace: (place: number | null) => void,
): uPlot.Options {
  const colour = (selector: string) => {
    const part = element.parentElement?.querySelector(`:scope > [data-${selector}]`);
    return part ? getComputedStyle(part).color : "currentColor";
  };
  const axis: uPlot.Axis = {
    stroke: () => colour('part="axis"'),
    font: FONT,
    grid: { stroke: () => colour('part="grid"'), width: 1 },
    ticks: { show: false },
  };
  const first = data.times[0] ?? 0;
  const isLong = (data.times.at(-1) ?? 0) - first > 36 * 3_600;
  const timeText = (seconds: number) => (isLong ? day : clock).format(new Date(seconds * 1_000));
  return {
    width: element.clientWidth,
    height: HEIGHT,
    // Room for half of the last time at the right.
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false, setScale: false },
      points: { size: 7 },
      y: false,
      sync: { key: CURSOR_KEY },
    },
    scales: {
      x: { time: true },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      { ...axis, size: 24, gap: 6, space: 64, values: (_plot, splits) => splits.map(timeText) },
      { ...axis, size: 46, gap: 6, space: 34, values: (_plot, splits) => splits.map(metricValue) },
    ],
    series: [
      {},
      ...data.lines.map(
        (line): uPlot.Series => ({
          label: line.label,
          stroke: () => colour(`line="${colourOf(line.index)}"`),
          width: 1.75,
          ...(line.index >= COLOURS && { dash: [5, 3] }),
          points: { show: true, size: 5, filter: () => isolated(line.values) },
        }),
      ),
      ...data.limits.map(
        ([label]): uPlot.Series => ({
          label,
          stroke: () => colour('part="limit"'),
          width: 1.25,
          dash: [6, 4],
          points: { show: false },
        }),
      ),
    ],
    hooks: { setCursor: [(plot) => onPlace(plot.cursor.idx ?? null)] },
  };
}

function aligned(data: ChartData): uPlot.AlignedData {
  return [
    [...data.times],
    ...data.lines.map((line) => [...line.values]),
    ...data.limits.map(([, limit]) => data.times.map(() => limit)),
  ];
}
