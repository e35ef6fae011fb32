/** Notifications of the system, for those who asked for them, while the tab is hidden. */

const KEY = "parley.notifications";

export function notificationsAllowed(): NotificationPermission | "missing" {
  return typeof Notification === "undefined" ? "missing" : Notification.permission;
}

export function notificationsWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === "yes" && notificationsAllowed() === "granted";
  } catch {
    return false;
  }
}

/** Ask for them, or give them up. Says whether the browser lets us. */
export async function wantNotifications(wanted: boolean): Promise<boolean> {
  if (wanted && notificationsAllowed() === "missing") return false;
  const allowed = !wanted || (await Notification.requestPermission()) === "granted";
  try {
    if (wanted && allowed) localStorage.setItem(KEY, "yes");
    else localStorage.removeItem(KEY);
  } catch {
    return false;
  }
  return allowed;
}

interface Notice {
  readonly title: string;
  readonly text: string;
  /** A later notice with the same tag takes the earlier one's place. */
  readonly tag: string;
  readonly onOpen: () => void;
}

export function notify({ title, text, tag, onOpen }: Notice): void {
  if (!notificationsWanted() || document.visibilityState === "visible") return;
  try {
    const notice = new Notification(title, { body: text.slice(0, 160), tag, icon: "/favicon.svg" });
    notice.onclick = () => {
      window.focus();
      onOpen();
      notice.close();
    };
  } catch {
    // Some phones know the name and not the thing.
  }
}
