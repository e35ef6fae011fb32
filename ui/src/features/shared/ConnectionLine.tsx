/** One calm line when the connection has been away for a while. Short breaks are nobody's business. */
import { useEffect, useState } from "react";
import { waitingToBeSent } from "../../core/socket/outbox";
import { useChat } from "./useChat";
import "./ConnectionLine.css";

const PATIENCE_MS = 5_000;

export function ConnectionLine() {
  const { status, since } = useChat((state) => state.connection);
  const waiting = useChat((state) => waitingToBeSent(state.outbox));
  const away = status === "connecting" || status === "reconnecting" || status === "offline";
  const [late, setLate] = useState(false);

  useEffect(() => {
    if (!away) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), Math.max(0, since + PATIENCE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [away, since]);

  return (
    <div className="connection" role="status">
      {away && late && (
        <p className="connection-line">
          {status === "offline" ? (
            <>You are offline. {kept(waiting)}</>
          ) : (
            <>
              <span className="spinner" />
              {status === "connecting" ? "Connecting …" : "Reconnecting …"} {kept(waiting)}
            </>
          )}
        </p>
      )}
    </div>
  );
}

function kept(waiting: number): string {
  if (waiting === 0) return "What you write is kept and sent when the connection is back.";
  return waiting === 1
    ? "One message waits to be sent when the connection is back."
    : `${waiting} messages wait to be sent when the connection is back.`;
}
