/** Shown in place of the composer if the user is not a member. */
import { useState } from "react";
import { errorMessage } from "../../core/api/errors";
import type { Channel } from "../../core/contract";
import { useChatActions } from "../shared/chatContext";
import styles from "./JoinBar.module.css";

export function JoinBar({ channel }: { channel: Channel }) {
  const chat = useChatActions();
  const [busy, setBusy] = useState(false);
  return (
    <div className={styles.bar}>
      <span>You are not a member of this channel. Join it to read and write.</span>
      <button
        type="button"
        className="button button-primary button-small"
        aria-disabled={busy}
        onClick={() => {
          if (busy) return;
          setBusy(true);
          chat.channels.join(channel.channelId).catch((failure: unknown) => {
            chat.toast("error", errorMessage(failure));
            setBusy(false);
          });
        }}
      >
        Join
      </button>
    </div>
  );
}
