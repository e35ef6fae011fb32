/** The dialog to find and join public channels. */
import { useCallback, useEffect, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import type { Channel } from "../../core/contract";
import { channelPath, navigate } from "../../core/router";
import { containsWords } from "../../core/text/fold";
import { Dialog } from "../../kit/Dialog";
import { Icon } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import { Skeleton } from "../../kit/Skeleton";
import { useIsMounted } from "../../kit/useIsMounted";
import { useChatActions } from "../shared/chatContext";
import styles from "./BrowseChannels.module.css";
import { memberCountText } from "./memberCountText";

export default function BrowseChannels(props: {
  onClose: () => void;
  onDone: () => void;
  onCreate: () => void;
}) {
  const { onClose, onDone, onCreate } = props;
  const chat = useChatActions();
  const [channels, setChannels] = useState<readonly Channel[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [joining, setJoining] = useState<string | null>(null);
  const [filter, setFilter] = useState("");
  const isMounted = useIsMounted();

  const load = useCallback(
    async (from: string | null) => {
      setFailure(null);
      setLoading(true);
      try {
        const page = await chat.api.discover(from);
        setChannels((known) => [...(from === null ? [] : (known ?? [])), ...page.items]);
        setCursor(page.cursor);
      } catch (problem) {
        setFailure(errorMessage(problem));
      } finally {
        setLoading(false);
      }
    },
    [chat],
  );

  useEffect(() => {
    void load(null);
  }, [load]);

  const shown = channels?.filter((channel) => containsWords(channel.name, filter)) ?? [];
  // A filter is for all channels. And a page has none to show if the user is a member of all in it.
  const needsMore =
    cursor !== null && !loading && failure === null && (filter.trim() !== "" || shown.length === 0);
  useEffect(() => {
    if (needsMore) void load(cursor);
  }, [needsMore, cursor, load]);

  const join = async (channel: Channel) => {
    if (joining !== null) return;
    setJoining(channel.channelId);
    setFailure(null);
    try {
      await chat.channels.join(channel.channelId);
      if (!isMounted()) return;
      navigate(channelPath(channel.channelId));
      onDone();
    } catch (problem) {
      // The dialog was closed meanwhile.
      if (!isMounted()) return chat.toast("error", errorMessage(problem));
      setFailure(errorMessage(problem));
      setJoining(null);
    }
  };

  const isComplete = channels !== null && cursor === null;
  const hasNone = isComplete && shown.length === 0;

  return (
    <Dialog title="Browse channels" fixedTop onClose={onClose}>
      <input
        className="input"
        type="search"
        aria-label="Filter channels"
        placeholder="Filter by name"
        value={filter}
        data-autofocus
        onChange={(event) => setFilter(event.target.value)}
      />
      {failure && (
        <p className="field-error" role="alert" ref={keepFocus}>
          {failure}{" "}
          <button type="button" className="button-link" onClick={() => void load(null)}>
            Try again
          </button>
        </p>
      )}
      {!isComplete && shown.length === 0 && failure === null && <Skeleton lines={4} />}
      <div role="status">
        {hasNone && (
          <p className={styles.none}>
            {filter.trim() ? "No channels match." : "You are a member of every public channel."}
          </p>
        )}
      </div>
      {hasNone && (
        <button type="button" className={`button ${styles.create}`} onClick={onCreate}>
          Create a channel
        </button>
      )}
      <ul className={styles.list}>
        {shown.map((channel) => (
          <li key={channel.channelId} className={styles.item}>
            <Icon name="hash" size={18} />
            <div className={styles.text}>
              <bdi className={styles.name}>{channel.name}</bdi>
              <span className="field-hint">{memberCountText(channel.memberCount)}</span>
            </div>
            <button
              type="button"
              className="button button-small"
              aria-label={`Join ${channel.name}`}
              aria-disabled={joining !== null}
              onClick={() => void join(channel)}
            >
              {joining === channel.channelId ? "Joining …" : "Join"}
            </button>
          </li>
        ))}
      </ul>
      {cursor !== null && !needsMore && shown.length > 0 && (
        <button
          type="button"
          ref={keepFocus}
          className="button"
          aria-disabled={loading}
          onClick={() => {
            if (!loading) void load(cursor);
          }}
        >
          {loading ? "Loading …" : "Show more"}
        </button>
      )}
    </Dialog>
  );
}
