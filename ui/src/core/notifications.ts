/** System notifications while no tab of the user is visible, if the user enabled them. */
import { readItem, writeItem } from "./storage";

const KEY = "parley.notifications";

export function notificationPermission(): NotificationPermission | "missing" {
  return typeof Notification === "undefined" ? "missing" : Notification.permission;
}

export function notificationsEnabled(): boolean {
  return readItem(KEY) === "yes" && notificationPermission() === "granted";
}

/** Enable or disable notifications. Returns false if the browser does not permit it. */
export async function setNotificationsEnabled(enabled: boolean): Promise<boolean> {
  if (enabled && notificationPermission() === "missing") return false;
  const allowed =
    !enabled || (await Notification.requestPermission().catch(() => "denied" as const)) === "granted";
  return writeItem(KEY, enabled && allowed ? "yes" : null) && allowed;
}

/** Whether a notification would be shown, as far as this tab knows. */
export function mayNotify(): boolean {
  return notificationsEnabled() && document.visibilityState !== "visible";
}

export interface NotificationContent {
  readonly title: string;
  readonly text: string;
  /** A notification replaces an earlier one with the same tag, also one of another tab. */
  readonly tag: string;
  readonly onClick: () => void;
}

export function notify({ title, text, tag, onClick }: NotificationContent): void {
  if (!mayNotify()) return;
  try {
    const notification = new Notification(title, { body: text.slice(0, 160), tag, icon: "/favicon.svg" });
    notification.onclick = () => {
      window.focus();
      onClick();
      notification.close();
    };
  } catch {
    // Some mobile browsers define `Notification` but throw in its constructor.
  }
}
