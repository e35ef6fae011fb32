/** The status of the connection, as the user sees it. */
import { type ConnectionStatus, STABLE_AFTER_MS } from "../socket/machine";
import type { ChatState } from "./model";

export function withConnection(state: ChatState, status: ConnectionStatus, now: number): ChatState {
  const before = state.connection;
  const wasStable = before.status === "open" && now - before.since >= STABLE_AFTER_MS;
  // Opening the first socket is no interruption.
  const started = wasStable || before.status === "connecting" ? null : before.interruptedAt;
  const interruptedAt = status === "stopped" ? null : status === "open" ? started : (started ?? now);
  return { ...state, connection: { status, since: now, interruptedAt } };
}
