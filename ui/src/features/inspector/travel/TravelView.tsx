/** A channel's past: choose one, and drag through everything that happened in it. */

import { RouteLink } from "../../shared/RouteLink";
import { useAsked, useInspectedNames, useInspection } from "../context";
import { count, dayTime } from "../format";
import { Empty, Failed, Loading } from "../parts";
import { travelPath } from "../paths";
import { Journey } from "./Journey";
import "./TravelView.css";

export function TravelView({ channelId }: { readonly channelId: string | null }) {
  const { api } = useInspection();
  const past = useAsked(channelId, () => api.channel(channelId ?? ""));
  if (channelId === null) return <ChooseChannel />;
  if (past.state === "failed" && !past.value) return <Failed text={past.failure} onRetry={past.again} />;
  if (!past.value) return <Loading what="Reading the archive" />;
  return <Journey key={channelId} past={past.value} busy={past.state === "loading"} onAgain={past.again} />;
}

function ChooseChannel() {
  const { api } = useInspection();
  const names = useInspectedNames();
  const channels = useAsked("channels", () => api.channels());
  return (
    <div className="page">
      <div className="page-inner page-narrow">
        <h2 className="page-title">Time travel</h2>
        <p className="page-lead">
          A channel as it was at any moment: its messages, reactions, members and who was there, rebuilt from
          the archive alone.
        </p>
        {channels.state === "failed" && !channels.value ? (
          <Failed text={channels.failure} onRetry={channels.again} />
        ) : !channels.value ? (
          <Loading what="Reading the archive" />
        ) : channels.value.items.length === 0 ? (
          <Empty icon="clock" title="The archive is empty">
            <p>Say something in the chat, and there is a past to travel to.</p>
          </Empty>
        ) : (
          <ul className="recent" aria-label="Channels">
            {channels.value.items.map((channel) => (
              <li key={channel.channelId}>
                <RouteLink to={travelPath(channel.channelId)} className="recent-link">
                  <span className="recent-who">
                    <bdi>
                      {channel.kind === "direct" || !channel.name
                        ? names.ofChannel(channel.channelId)
                        : `#${channel.name}`}
                    </bdi>
                  </span>
                  <span className="recent-reach">{count(channel.events, "event")}</span>
                  <time dateTime={channel.lastAt}>last {dayTime(channel.lastAt)}</time>
                </RouteLink>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
