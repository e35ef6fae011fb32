/** The history of a channel: a list of channels, then the selected one. */
import { ArchiveLoading } from "../ArchiveLoading";
import { useInspector } from "../inspectorContext";
import { Failed } from "../StatusMessage";
import { useQuery } from "../useQuery";
import { ChannelHistory } from "./ChannelHistory";
import { ChooseChannel } from "./ChooseChannel";

export function HistoryView({ channelId }: { readonly channelId: string | null }) {
  const { api } = useInspector();
  const past = useQuery(channelId, () => api.channel(channelId ?? ""));
  if (channelId === null) return <ChooseChannel />;
  if (past.state === "failed" && !past.value) return <Failed text={past.failure} onRetry={past.refetch} />;
  if (!past.value) return <ArchiveLoading />;
  return (
    <ChannelHistory
      key={channelId}
      past={past.value}
      busy={past.state === "loading"}
      onRefresh={past.refetch}
    />
  );
}
