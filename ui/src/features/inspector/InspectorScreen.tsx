/**
 * The inspector: what an operator asks of a running stage, on one page. A chunk of its own. A local stage serves
 * the data; a stage on AWS has consoles for it, and this page leads there.
 */
import { useEffect, useMemo } from "react";
import type { Chat } from "../../core/chat/chat";
import { Icon, type IconName, Mark } from "../../kit/Icon";
import { ConnectionLine } from "../shared/ConnectionLine";
import { RouteLink } from "../shared/RouteLink";
import { ConsoleLinks } from "./ConsoleLinks";
import { type Inspection, InspectionContext } from "./context";
import { EventsView } from "./events/EventsView";
import { FollowView } from "./follow/FollowView";
import { InspectorApi } from "./inspectorApi";
import { LiveFeed } from "./live/feed";
import { eventsPath, followPath, type Place, parsePlace, runPath, travelPath } from "./paths";
import { RunsView } from "./runs/RunsView";
import { TravelView } from "./travel/TravelView";
import "./InspectorScreen.css";

const views: readonly (readonly [Place["view"], string, string, IconName])[] = [
  ["runs", "Runs", runPath(), "flow"],
  ["events", "Events", eventsPath(), "pulse"],
  ["follow", "Follow", followPath(), "route"],
  ["travel", "Time travel", travelPath(), "clock"],
];

export default function InspectorScreen({ chat, rest }: { readonly chat: Chat; readonly rest: string }) {
  const { config, tokens } = chat;
  const place = parsePlace(rest);
  const inspection = useMemo<Inspection | null>(() => {
    if (!config.inspectorApi) return null;
    const api = new InspectorApi(config.inspectorApi, tokens);
    return { api, feed: new LiveFeed(api) };
  }, [config.inspectorApi, tokens]);

  useEffect(() => {
    const name = views.find(([view]) => view === place.view)?.[1] ?? "";
    document.title = inspection ? `${name} · Inspector · Parley` : "Inspector · Parley";
  }, [place.view, inspection]);

  return (
    <div className="inspector">
      <a className="skip" href="#inspector-main">
        Skip to the content
      </a>
      <header className="inspector-bar">
        <RouteLink to="/" className="inspector-back" title="Back to the chat">
          <Icon name="back" size={18} />
          <span className="inspector-back-word">Chat</span>
        </RouteLink>
        <h1 className="inspector-brand">
          <Mark size={22} />
          <span>Inspector</span>
        </h1>
        {inspection && (
          <nav className="inspector-nav" aria-label="Inspector">
            {views.map(([view, label, path, icon]) => (
              <RouteLink key={view} to={path} className="inspector-tab" current={view === place.view}>
                <Icon name={icon} size={18} />
                <span>{label}</span>
              </RouteLink>
            ))}
          </nav>
        )}
        <span className="inspector-stage" title="The stage that is inspected">
          {config.stage}
        </span>
      </header>
      <ConnectionLine />
      <main className="inspector-main" id="inspector-main" tabIndex={-1}>
        {inspection ? (
          <InspectionContext value={inspection}>
            <View place={place} />
          </InspectionContext>
        ) : (
          <ConsoleLinks config={config} place={place} />
        )}
      </main>
    </div>
  );
}

function View({ place }: { place: Place }) {
  switch (place.view) {
    case "runs":
      return <RunsView runId={place.runId} />;
    case "events":
      return <EventsView />;
    case "follow":
      return <FollowView messageId={place.messageId} />;
    case "travel":
      return <TravelView channelId={place.channelId} />;
  }
}
