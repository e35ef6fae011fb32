/**
 * The inspector, for operators of a stage, in a separate chunk. A local stage and `parley inspect` serve the data; the
 * chat of a stage on AWS has links to its consoles.
 */
import { useEffect, useMemo, useRef } from "react";
import type { TokenSource } from "../../core/api/api";
import type { Config } from "../../core/config";
import { chunk } from "../../kit/chunk";
import { Icon, type IconName, Logo } from "../../kit/Icon";
import { ConnectionBanner } from "../shared/ConnectionBanner";
import { RouteLink } from "../shared/RouteLink";
import { ConsoleLinks } from "./ConsoleLinks";
import { DeadLettersView } from "./dead-letters/DeadLettersView";
import { DeliveryView } from "./delivery/DeliveryView";
import { EventsView } from "./events/EventsView";
import { HistoryView } from "./history/HistoryView";
import styles from "./InspectorScreen.module.css";
import { InspectorApi } from "./inspectorApi";
import { type Inspector, InspectorContext } from "./inspectorContext";
import { LiveFeed } from "./live/feed";
import {
  deadLettersPath,
  deliveryPath,
  eventsPath,
  historyPath,
  type InspectorRoute,
  metricsPath,
  parseInspectorRoute,
  rowsPath,
  runPath,
  servicesPath,
} from "./routes";
import { RunsView } from "./runs/RunsView";
import { Loading } from "./StatusMessage";
import { StageNames } from "./stageNames";

// A separate chunk: only this page draws charts.
const MetricsView = chunk(() => import("./metrics/MetricsView"), {
  what: "The page of metrics",
  loading: () => <Loading what="Loading the charts" />,
});
const RowsView = chunk(() => import("./explore/RowsView"), {
  what: "The page of rows",
  loading: () => <Loading what="Loading the page" />,
});
const LogsView = chunk(() => import("./explore/LogsView"), {
  what: "The page of logs",
  loading: () => <Loading what="Loading the page" />,
});
const ConnectionsView = chunk(() => import("./explore/ConnectionsView"), {
  what: "The page of connections",
  loading: () => <Loading what="Loading the page" />,
});
const ServicesView = chunk(() => import("./services/ServicesView"), {
  what: "The service map",
  loading: () => <Loading what="Loading the service map" />,
});

const views: readonly (readonly [InspectorRoute["view"], string, string, IconName])[] = [
  ["runs", "Runs", runPath(), "flow"],
  ["events", "Events", eventsPath(), "pulse"],
  ["delivery", "Delivery", deliveryPath(), "route"],
  ["history", "History", historyPath(), "clock"],
  ["dead-letters", "Dead letters", deadLettersPath(), "inbox"],
  ["metrics", "Metrics", metricsPath(), "chart"],
  ["services", "Service map", servicesPath(), "map"],
  ["rows", "Explore", rowsPath(), "search"],
];
/** The views behind one tab. */
const explored: readonly InspectorRoute["view"][] = ["rows", "logs", "connections"];

interface InspectorScreenProps {
  readonly config: Config;
  readonly tokens: TokenSource;
  readonly subpath: string;
  /** Whether the page is part of the chat, which knows names and has a connection. */
  readonly hasChat: boolean;
  /** Opened from the chat, whose link or button had the focus. */
  readonly takesFocus: boolean;
}

export default function InspectorScreen(props: InspectorScreenProps) {
  const { config, tokens, subpath, hasChat, takesFocus } = props;
  const place = parseInspectorRoute(subpath);
  const tab = explored.includes(place.view) ? "rows" : place.view;
  const inspector = useMemo<Inspector | null>(() => {
    if (!config.inspectorApi) return null;
    const api = new InspectorApi(config.inspectorApi, tokens);
    return {
      api,
      feed: new LiveFeed(api),
      names: hasChat ? null : new StageNames(api),
      isOperator: !hasChat,
    };
  }, [config.inspectorApi, tokens, hasChat]);

  const name = views.find(([view]) => view === tab)?.[1] ?? "";
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = inspector ? `${name} · Inspector · Parley` : "Inspector · Parley";
    // On narrow screens the tabs scroll, and the current one may be out of view.
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [name, inspector]);

  const main = useRef<HTMLElement>(null);
  const focusedFor = useRef(takesFocus ? null : subpath);
  useEffect(() => {
    if (focusedFor.current === subpath) return;
    focusedFor.current = subpath;
    // The link that was followed is no longer shown.
    if (document.activeElement === document.body) main.current?.focus();
  }, [subpath]);

  return (
    <div className={styles.screen}>
      <a className="skip-link" href="#inspector-main">
        Skip to the content
      </a>
      <header className={styles.bar}>
        {hasChat && (
          <RouteLink to="/" className={styles.back} title="Back to the chat">
            <Icon name="back" size={18} />
            <span className={styles.backLabel}>Chat</span>
          </RouteLink>
        )}
        <h1 className={styles.brand}>
          <Logo size={22} />
          <span>Inspector</span>
        </h1>
        {inspector && (
          <nav ref={nav} className={styles.nav} aria-label="Inspector">
            {views.map(([view, label, path, icon]) => (
              <RouteLink key={view} to={path} className={styles.tab} current={view === tab}>
                <Icon name={icon} size={18} />
                <span>{label}</span>
              </RouteLink>
            ))}
          </nav>
        )}
        <span className={styles.stage} title="Deployment stage">
          {config.stage}
        </span>
      </header>
      {hasChat && <ConnectionBanner />}
      <main ref={main} className={styles.main} id="inspector-main" tabIndex={-1} aria-label={name}>
        {inspector ? (
          <InspectorContext value={inspector}>
            <View place={place} />
          </InspectorContext>
        ) : (
          <ConsoleLinks config={config} place={place} />
        )}
      </main>
    </div>
  );
}

function View({ place }: { place: InspectorRoute }) {
  switch (place.view) {
    case "runs":
      return <RunsView runId={place.runId} />;
    case "events":
      return <EventsView />;
    case "delivery":
      return <DeliveryView messageId={place.messageId} />;
    case "history":
      return <HistoryView channelId={place.channelId} />;
    case "dead-letters":
      return <DeadLettersView />;
    case "metrics":
      return <MetricsView />;
    case "services":
      return <ServicesView traceId={place.traceId} />;
    case "rows":
      return <RowsView table={place.table} keyValues={place.keyValues} />;
    case "logs":
      return <LogsView id={place.id} />;
    case "connections":
      return <ConnectionsView user={place.user} />;
  }
}
