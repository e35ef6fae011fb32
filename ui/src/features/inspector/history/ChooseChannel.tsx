/** Selecting a channel of the archive. */

import { RouteLink } from "../../shared/RouteLink";
import { ArchiveLoading } from "../ArchiveLoading";
import common from "../common.module.css";
import { count, dayTime } from "../format";
import { useInspector } from "../inspectorContext";
import { historyPath } from "../routes";
import { Empty, Failed } from "../StatusMessage";
import { useInspectorNames } from "../useInspectorNames";
import { useQuery } from "../useQuery";

export function ChooseChannel() {
  const { api } = useInspector();
  const names = useInspectorNames();
  const channels = useQuery("channels", () => api.channels());
  return (
    <div className={common.page}>
      <div className={`${common.pageInner} ${common.pageNarrow}`}>
        <h2 className={common.pageTitle}>Channel history</h2>
        <p className={common.pageLead}>
          The state of a channel at any time: messages, reactions, members and presence, rebuilt from archived
          events.
        </p>
        {channels.state === "failed" && !channels.value ? (
          <Failed text={channels.failure} onRetry={channels.refetch} />
        ) : !channels.value ? (
          <ArchiveLoading />
        ) : channels.value.items.length === 0 ? (
          <Empty icon="clock" title="The archive is empty">
            <p>Send a message in the chat to create the first events.</p>
          </Empty>
        ) : (
          <ul className={common.recent} aria-label="Channels">
            {channels.value.items.map((channel) => (
              <li key={channel.channelId}>
                <RouteLink to={historyPath(channel.channelId)} className={common.recentLink}>
                  <span className={common.recentSender}>
                    <bdi>
                      {channel.kind === "direct" || !channel.name
                        ? names.ofChannel(channel.channelId)
                        : `#${channel.name}`}
                    </bdi>
                  </span>
                  <span className={common.recentDelivered}>{count(channel.events, "event")}</span>
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
