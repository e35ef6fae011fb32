/** A banner while the connection is interrupted. Short interruptions are not shown. */
import { useEffect, useState } from "react";
import { countUnsent } from "../../core/socket/outbox";
import styles from "./ConnectionBanner.module.css";
import { useChat } from "./useChat";

const SHOW_AFTER_MS = 5_000;
/** A connection that returns is trusted after this time; until then the banner stays. */
const HIDE_AFTER_MS = 2_000;

export function ConnectionBanner() {
  const { status, since, interruptedAt } = useChat((state) => state.connection);
  const unsent = useChat((state) => countUnsent(state.outbox));
  const disconnected = status === "connecting" || status === "reconnecting" || status === "offline";
  const [visible, setVisible] = useState(false);

  useEffect(() => {
    const at = disconnected ? (interruptedAt ?? since) + SHOW_AFTER_MS : since + HIDE_AFTER_MS;
    const timer = setTimeout(() => setVisible(disconnected), Math.max(0, at - Date.now()));
    return () => clearTimeout(timer);
  }, [disconnected, since, interruptedAt]);

  return (
    <div className={styles.connection} role="status">
      {visible && (
        <p className={styles.banner}>
          {status === "open" ? (
            <>The connection is back.</>
          ) : status === "offline" ? (
            <>You are offline. {unsentText(unsent)}</>
          ) : (
            <>
              <span className="spinner" />
              {status === "connecting" ? "Connecting …" : "Reconnecting …"} {unsentText(unsent)}
            </>
          )}
        </p>
      )}
    </div>
  );
}

function unsentText(unsent: number): string {
  if (unsent === 0) return "Messages are kept and sent when the connection is back.";
  return unsent === 1
    ? "1 message will be sent when the connection is back."
    : `${unsent} messages will be sent when the connection is back.`;
}
