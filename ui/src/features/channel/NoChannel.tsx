/** Shown without a channel: none joined yet, or the address is not accessible. */
import { useEffect, useState } from "react";
import dialogStyles from "../../kit/Dialog.module.css";
import { Icon } from "../../kit/Icon";
import { Skeleton } from "../../kit/Skeleton";
import { useChatActions } from "../shared/chatContext";
import type { DialogName } from "../shared/dialogs";
import styles from "./NoChannel.module.css";

export function NoChannel({
  channelId,
  onOpen,
}: {
  channelId: string | null;
  onOpen: (panel: DialogName) => void;
}) {
  const chat = useChatActions();
  const [looked, setLooked] = useState<string | null>(null);

  // A public channel is shown with a button to join it.
  useEffect(() => {
    if (channelId === null) return;
    let current = true;
    chat.channels.preview(channelId).finally(() => {
      if (current) setLooked(channelId);
    });
    return () => {
      current = false;
    };
  }, [chat, channelId]);

  if (channelId !== null && looked !== channelId) {
    return (
      <div className={styles.waiting}>
        <Skeleton lines={6} />
      </div>
    );
  }
  return (
    <div className={styles.empty}>
      <Icon name="compass" size={40} />
      <h1>{channelId === null ? "Find your first channel" : "Channel not found"}</h1>
      <p>
        {channelId === null
          ? "Join an existing channel, or create one and invite others."
          : "It does not exist, or it is private and you are not a member of it."}
      </p>
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
