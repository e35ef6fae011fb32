/** A signal to the other tabs of a user in this browser: a tab is closed, and they send what it left. */
import { randomId } from "./randomId";
import { writeItem } from "./storage";

const keyOf = (userId: string) => `parley.closed.${userId}`;

/** Call when this tab is closed with something unsent. */
export function announceClosing(userId: string): void {
  writeItem(keyOf(userId), randomId());
  writeItem(keyOf(userId), null);
}

/** Call `listener` when another tab was closed with something unsent. The result removes it. */
export function onTabClosed(userId: string, listener: () => void): () => void {
  const onStorage = ({ key, newValue }: StorageEvent) => {
    if (key === keyOf(userId) && newValue !== null) listener();
  };
  addEventListener("storage", onStorage);
  return () => removeEventListener("storage", onStorage);
}
