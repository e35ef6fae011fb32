/** Events on the bus: the last hour from the archive, then live. */
import { useMemo, useState } from "react";
import { Icon } from "../../../kit/Icon";
import { SidePanel } from "../../../kit/SidePanel";
import panelStyles from "../../../kit/SidePanel.module.css";
import { WindowedList } from "../../../kit/WindowedList";
import { RouteLink } from "../../shared/RouteLink";
import { ArchiveLoading } from "../ArchiveLoading";
import common from "../common.module.css";
import type { PublishedEvent } from "../contract";
import { dayTime, preciseTime, words } from "../format";
import { useInspector } from "../inspectorContext";
import { JsonView } from "../json/JsonView";
import { mergeNewest } from "../live/feed";
import { LiveControl } from "../live/LiveControl";
import { useLive } from "../live/useLive";
import { Notice } from "../Notice";
import { deliveryPath, historyPath } from "../routes";
import { Filters } from "../runs/Filters";
import { matchesEvent, NO_FILTER } from "../runs/matching";
import { Empty, Failed } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import { useQuery } from "../useQuery";
import { describeEvent, eventCategory } from "./describeEvent";
import styles from "./EventsView.module.css";

const NO_EVENTS: readonly PublishedEvent[] = [];

export function EventsView() {
  const inspector = useInspector();
  const { api } = inspector;
  const names = useInspectorNames();
  const [filter, setFilter] = useState(NO_FILTER);
  const [chosen, setChosen] = useState<PublishedEvent | null>(null);
  const live = useLive("events");
  // On AWS each request is a replay of minutes: all events are read once, and filtered here.
  const asked = inspector.names ? NO_FILTER : filter;
  const query = {
    type: asked.type,
    channelId: asked.channelId,
    userId: asked.userId,
    since: "1h",
    limit: 500,
  };
  const past = useQuery(JSON.stringify(query), () => api.events(query));
  const events = useMemo(
    () =>
      mergeNewest(
        past.value ? past.value.items.toReversed() : NO_EVENTS,
        live.events,
        (event) => event.eventId,
        (event) => event.occurredAt,
      ).filter(
        (event) => matchesEvent(event, filter) && (live.until === null || event.occurredAt <= live.until),
      ),
    [past.value, live.events, live.until, filter],
  );
  const filtered = Object.values(filter).some(Boolean);
  return (
    <div className={styles.events}>
      <section className={styles.main} aria-label="Events">
        <header className={styles.head}>
          <LiveControl live={live} />
          <Filters filter={filter} ephemeral statuses={false} onChange={setFilter} />
        </header>
        <Notice text={live.problem} />
        <Notice text={past.value?.omission} />
        {past.state === "failed" && events.length === 0 ? (
          <Failed text={past.failure} onRetry={past.refetch} />
        ) : past.state === "loading" && events.length === 0 ? (
          <ArchiveLoading />
        ) : events.length === 0 ? (
          <Empty icon="pulse" title={filtered ? "No matching events" : "No events in the last hour"}>
            <p>
              {filtered
                ? "Clear the filters to see all events."
                : "Send a message in the chat to see its event here."}
            </p>
          </Empty>
        ) : (
          <WindowedList
            items={events}
            keyOf={(event) => event.eventId}
            row={(event) => (
              <button
                type="button"
                className={styles.row}
                aria-current={event.eventId === chosen?.eventId || undefined}
                onClick={() => setChosen(event)}
              >
                <time dateTime={event.occurredAt} title={dayTime(event.occurredAt)}>
                  {preciseTime(event.occurredAt)}
                </time>
                <span
                  className={`${common.eventType} ${styles.type}`}
                  data-category={eventCategory(event.detailType)}
                >
                  {words(event.detailType)}
                </span>
                <span className={styles.description}>
                  <bdi>{describeEvent(event, names.ofUser)}</bdi>
                </span>
                <span className={styles.where}>
                  <bdi>{names.ofChannel(event.channelId)}</bdi>
                </span>
                <span className={styles.size}>{event.size} B</span>
              </button>
            )}
          />
        )}
      </section>
      {chosen && (
        <SidePanel title={words(chosen.detailType)} onClose={() => setChosen(null)}>
          <p className={common.comment}>
            <bdi>{describeEvent(chosen, names.ofUser)}</bdi>, {preciseTime(chosen.occurredAt)}
          </p>
          <div className={`${panelStyles.tools} ${styles.tools}`}>
            {chosen.messageId && (
              <RouteLink to={deliveryPath(chosen.messageId)} className="button button-small">
                <Icon name="route" size={16} /> Inspect delivery
              </RouteLink>
            )}
            {chosen.channelId && (
              <RouteLink to={historyPath(chosen.channelId)} className="button button-small">
                <Icon name="clock" size={16} /> Channel history
              </RouteLink>
            )}
          </div>
          <JsonView label="Data" value={chosen.detail?.data} />
          <JsonView label="Metadata" value={chosen.detail?.metadata} />
        </SidePanel>
      )}
    </div>
  );
}
