/** Shown without a channel: none joined yet, or that of the address cannot be shown. */
import { useCallback, useEffect, useState } from "react";
import type { Preview } from "../../core/chat/channels";
import { store } from "../../core/state/store";
import dialogStyles from "../../kit/Dialog.module.css";
import { Icon } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import { useChat } from "../shared/useChat";
import styles from "./NoChannel.module.css";

interface NoChannelProps {
  readonly channelId: string | null;
  readonly onOpen: (dialog: DialogName) => void;
}

export function NoChannel({ channelId, onOpen }: NoChannelProps) {
  const chat = useChatActions();
  const failed = useChat((state) => state.channelsProgress === "failed");
  if (channelId !== null) return <OtherChannel key={channelId} channelId={channelId} onOpen={onOpen} />;
  if (failed) return <NotLoaded what="The channels" onRetry={() => chat.retryChannels()} />;
  return (
    <Absent
      title="Find your first channel"
      text="Join an existing channel, or create one and add others."
      onOpen={onOpen}
    />
  );
}

/** A channel that is not one of the user's. A public one is loaded, and then shown with a button to join it. */
function OtherChannel({ channelId, onOpen }: NoChannelProps & { readonly channelId: string }) {
  const { preview, retry } = usePreview(channelId);
  if (preview === "failed") return <NotLoaded what="This channel" onRetry={retry} />;
  if (preview === "inaccessible")
    return (
      <Absent
        title="Channel not found"
        text="It does not exist, or it is private and you are not a member of it."
        onOpen={onOpen}
      />
    );
  return (
    <div className={styles.waiting}>
      <Skeleton lines={6} />
    </div>
  );
}

function usePreview(channelId: string): { preview: Preview | null; retry: () => void } {
  const chat = useChatActions();
  const [preview, setPreview] = useState<Preview | null>(null);
  const retry = useCallback(() => {
    setPreview(null);
    void chat.channels.preview(channelId).then(setPreview);
  }, [chat, channelId]);
  useEffect(() => retry(), [retry]);
  useEffect(() => {
    if (preview !== "failed") return;
    return store.subscribe(({ connection }, before) => {
      if (connection.status === "open" && before.connection.status !== "open") retry();
    });
  }, [preview, retry]);
  return { preview, retry };
}

function NotLoaded({ what, onRetry }: { readonly what: string; readonly onRetry: () => void }) {
  return (
    <div className={styles.empty} role="alert" ref={keepFocus}>
      <Icon name="alert" size={40} />
      <h1>{what} could not be loaded</h1>
      <p>Check your connection and try again.</p>
      <button type="button" className={`button button-primary ${styles.actions}`} onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

interface AbsentProps {
  readonly title: string;
  readonly text: string;
  readonly onOpen: (dialog: DialogName) => void;
}

function Absent({ title, text, onOpen }: AbsentProps) {
  return (
    <div className={styles.empty}>
      <Icon name="compass" size={40} />
      <h1>{title}</h1>
      <p>{text}</p>
      <div className={`${dialogStyles.actions} ${styles.actions}`}>
        <button type="button" className="button" onClick={() => onOpen("browse")}>
          Browse channels
        </button>
        <button type="button" className="button button-primary" onClick={() => onOpen("create")}>
          Create a channel
        </button>
      </div>
    </div>
  );
}
