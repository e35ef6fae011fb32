/** The controls of a channel's history: slider, single steps, playing; and the event at the position. */
import { type Dispatch, type SetStateAction, useEffect, useMemo, useState } from "react";
import { classNames } from "../../../kit/classNames";
import { IconButton } from "../../../kit/IconButton";
import { RouteLink } from "../../shared/RouteLink";
import common from "../common.module.css";
import type { PublishedEvent } from "../contract";
import { describeEvent, eventCategory } from "../events/describeEvent";
import { dayTime, duration, preciseTime, words } from "../format";
import { JsonView } from "../json/JsonView";
import { deliveryPath } from "../routes";
import { eventBuckets } from "./eventBuckets";
import styles from "./HistoryView.module.css";

const PLAY_EVERY_MS = 450;

interface HistoryPlayerProps {
  readonly items: readonly PublishedEvent[];
  /** The number of events before the position. */
  readonly at: number;
  readonly onAt: Dispatch<SetStateAction<number>>;
  readonly nameOf: (userId: string | null) => string;
}

export function HistoryPlayer({ items, at, onAt, nameOf }: HistoryPlayerProps) {
  const [playing, setPlaying] = useState(false);
  const [showJson, setShowJson] = useState(false);
  const track = useMemo(() => eventBuckets(items), [items]);
  const event = items[at - 1];
  const started = items[0] ? Date.parse(items[0].occurredAt) : 0;

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => onAt((before) => Math.min(items.length, before + 1)), PLAY_EVERY_MS);
    return () => clearInterval(timer);
  }, [playing, items.length, onAt]);
  useEffect(() => {
    if (at >= items.length) setPlaying(false);
  }, [at, items.length]);

  const step = (by: number) => {
    setPlaying(false);
    onAt(Math.max(0, Math.min(items.length, at + by)));
  };

  return (
    <section className={styles.player} aria-label="Position">
      <div className={styles.event}>
        {event ? (
          <>
            <span className={common.eventType} data-category={eventCategory(event.detailType)}>
              {words(event.detailType)}
            </span>
            <span role="status">
              <bdi>{describeEvent(event, nameOf)}</bdi>
            </span>
            <time dateTime={event.occurredAt}>{preciseTime(event.occurredAt)}</time>
            <span className={styles.since}>+{duration(Date.parse(event.occurredAt) - started)}</span>
            <button
              type="button"
              className={`button-link ${styles.raw}`}
              aria-expanded={showJson}
              onClick={() => setShowJson(!showJson)}
            >
              {showJson ? "Hide event" : "Show event"}
            </button>
            {event.messageId && <RouteLink to={deliveryPath(event.messageId)}>Inspect delivery</RouteLink>}
          </>
        ) : (
          <span role="status">Before the first event</span>
        )}
      </div>
      {showJson && event && <JsonView label="Event" value={event.detail} />}
      <div className={styles.controls}>
        <IconButton
          icon="back"
          label="Previous event"
          title={undefined}
          disabled={at === 0}
          onClick={() => step(-1)}
        />
        <IconButton
          icon={playing ? "pause" : "play"}
          label={playing ? "Stop" : "Play"}
          size={20}
          title={undefined}
          className={styles.play}
          onClick={() => {
            if (!playing && at >= items.length) onAt(0);
            setPlaying(!playing);
          }}
        />
        <IconButton
          icon="forward"
          label="Next event"
          title={undefined}
          disabled={at === items.length}
          onClick={() => step(1)}
        />
        <div className={styles.slider}>
          <div className={styles.track} aria-hidden="true">
            {track.map((bucket, index) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: buckets are identified by their position.
                key={index}
                className={classNames(
                  styles.bucket,
                  ((index + 1) / track.length) * items.length > at && styles.ahead,
                )}
              >
                {bucket.counts.map(([kind, many]) => (
                  <span
                    key={kind}
                    className={styles.bucketPart}
                    data-category={kind}
                    style={{ flexGrow: many }}
                  />
                ))}
              </span>
            ))}
          </div>
          <input
            type="range"
            min={0}
            max={items.length}
            value={at}
            aria-label="Position in the channel's history"
            aria-valuetext={
              event
                ? `Event ${at} of ${items.length}: ${describeEvent(event, nameOf)}, ${dayTime(event.occurredAt)}`
                : `Before the first of ${items.length} events`
            }
            onChange={(change) => {
              setPlaying(false);
              onAt(Number(change.target.value));
            }}
          />
        </div>
        <span className={styles.count}>
          {at} / {items.length}
        </span>
      </div>
    </section>
  );
}
