/** The history of a channel: a list of channels, then the selected one. */

import { RouteLink } from "../../shared/RouteLink";
import { count, dayTime } from "../format";
import { useInspector } from "../inspectorContext";
import { historyPath } from "../routes";
import { Empty, Failed, Loading } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import { useQuery } from "../useQuery";
import { ChannelHistory } from "./ChannelHistory";
import "./HistoryView.css";

export function HistoryView({ channelId }: { readonly channelId: string | null }) {
  const { api } = useInspector();
  const past = useQuery(channelId, () => api.channel(channelId ?? ""));
  if (channelId === null) return <ChooseChannel />;
  if (past.state === "failed" && !past.value) return <Failed text={past.failure} onRetry={past.refetch} />;
  if (!past.value) return <Loading what="Loading events from the archive" />;
  return (
    <ChannelHistory
      key={channelId}
      past={past.value}
      busy={past.state === "loading"}
      onRefresh={past.refetch}
    />
  );
}

function ChooseChannel() {
  const { api } = useInspector();
  const names = useInspectorNames();
  const channels = useQuery("channels", () => api.channels());
  return (
    <div className="page">
      <div className="page-inner page-narrow">
        <h2 className="page-title">Channel history</h2>
        <p className="page-lead">
          The state of a channel at any time: messages, reactions, members and presence, rebuilt from archived
          events.
        </p>
        {channels.state === "failed" && !channels.value ? (
          <Failed text={channels.failure} onRetry={channels.refetch} />
        ) : !channels.value ? (
          <Loading what="Loading events from the archive" />
        ) : channels.value.items.length === 0 ? (
          <Empty icon="clock" title="The archive is empty">
            <p>Send a message in the chat to create the first events.</p>
          </Empty>
        ) : (
          <ul className="recent" aria-label="Channels">
            {channels.value.items.map((channel) => (
              <li key={channel.channelId}>
                <RouteLink to={historyPath(channel.channelId)} className="recent-link">
                  <span className="recent-sender">
                    <bdi>
                      {channel.kind === "direct" || !channel.name
                        ? names.ofChannel(channel.channelId)
                        : `#${channel.name}`}
                    </bdi>
                  </span>
                  <span className="recent-delivered">{count(channel.events, "event")}</span>
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
