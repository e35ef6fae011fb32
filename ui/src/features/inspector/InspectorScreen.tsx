/**
 * The inspector, for operators of a stage, in a separate chunk. A local stage serves the data; for a stage on AWS the
 * page has links to its consoles.
 */
import { useEffect, useMemo } from "react";
import type { Chat } from "../../core/chat/chat";
import { Icon, type IconName, Logo } from "../../kit/Icon";
import { ConnectionBanner } from "../shared/ConnectionBanner";
import { RouteLink } from "../shared/RouteLink";
import { ConsoleLinks } from "./ConsoleLinks";
import { DeliveryView } from "./delivery/DeliveryView";
import { EventsView } from "./events/EventsView";
import { HistoryView } from "./history/HistoryView";
import { InspectorApi } from "./inspectorApi";
import { type Inspector, InspectorContext } from "./inspectorContext";
import { LiveFeed } from "./live/feed";
import {
  deliveryPath,
  eventsPath,
  historyPath,
  type InspectorRoute,
  parseInspectorRoute,
  runPath,
} from "./routes";
import { RunsView } from "./runs/RunsView";
import "./InspectorScreen.css";

const views: readonly (readonly [InspectorRoute["view"], string, string, IconName])[] = [
  ["runs", "Runs", runPath(), "flow"],
  ["events", "Events", eventsPath(), "pulse"],
  ["delivery", "Delivery", deliveryPath(), "route"],
  ["history", "History", historyPath(), "clock"],
];

export default function InspectorScreen({
  chat,
  subpath,
}: {
  readonly chat: Chat;
  readonly subpath: string;
}) {
  const { config, tokens } = chat;
  const place = parseInspectorRoute(subpath);
  const inspector = useMemo<Inspector | null>(() => {
    if (!config.inspectorApi) return null;
    const api = new InspectorApi(config.inspectorApi, tokens);
    return { api, feed: new LiveFeed(api) };
  }, [config.inspectorApi, tokens]);

  useEffect(() => {
    const name = views.find(([view]) => view === place.view)?.[1] ?? "";
    document.title = inspector ? `${name} · Inspector · Parley` : "Inspector · Parley";
  }, [place.view, inspector]);

  return (
    <div className="inspector">
      <a className="skip" href="#inspector-main">
        Skip to the content
      </a>
      <header className="inspector-bar">
        <RouteLink to="/" className="inspector-back" title="Back to the chat">
          <Icon name="back" size={18} />
          <span className="inspector-back-label">Chat</span>
        </RouteLink>
        <h1 className="inspector-brand">
          <Logo size={22} />
          <span>Inspector</span>
        </h1>
        {inspector && (
          <nav className="inspector-nav" aria-label="Inspector">
            {views.map(([view, label, path, icon]) => (
              <RouteLink key={view} to={path} className="inspector-tab" current={view === place.view}>
                <Icon name={icon} size={18} />
                <span>{label}</span>
              </RouteLink>
            ))}
          </nav>
        )}
        <span className="inspector-stage" title="Deployment stage">
          {config.stage}
        </span>
      </header>
      <ConnectionBanner />
      <main className="inspector-main" id="inspector-main" tabIndex={-1}>
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
  }
}
