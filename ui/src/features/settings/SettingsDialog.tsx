/** Settings: display name, theme, notifications; links to shortcuts and the inspector; sign-out. */
import { type FormEvent, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import {
  notificationPermission,
  notificationsEnabled,
  setNotificationsEnabled,
} from "../../core/notifications";
import { navigate } from "../../core/router";
import { hasVisible } from "../../core/text/visible";
import { applyTheme, currentTheme, type Theme } from "../../core/theme";
import { Avatar } from "../../kit/Avatar";
import { Dialog } from "../../kit/Dialog";
import { Icon, type IconName } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import { useIsMounted } from "../../kit/useIsMounted";
import { useChatActions } from "../shared/chatContext";
import { useChat } from "../shared/useChat";
import styles from "./SettingsDialog.module.css";

const themes: readonly (readonly [Theme, string, IconName])[] = [
  ["system", "System", "system"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

export default function SettingsDialog({
  onClose,
  onShortcuts,
}: {
  onClose: () => void;
  onShortcuts: () => void;
}) {
  const chat = useChatActions();
  const me = useChat((state) => state.me);
  const [name, setName] = useState(me?.displayName ?? "");
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [theme, setTheme] = useState(currentTheme);
  const [notify, setNotify] = useState(notificationsEnabled);
  const [refused, setRefused] = useState(false);
  const kept = useChat(
    ({ drafts, edits, outbox, changes }) =>
      Object.keys(drafts).length + Object.keys(edits).length + outbox.length + changes.length,
  );
  const [leaving, setLeaving] = useState(false);
  const isMounted = useIsMounted();
  if (!me) return null;

  const changed = hasVisible(name) && name.trim() !== me.displayName;

  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (!hasVisible(name)) return setFailure("Enter a name.");
    if (!changed) return;
    setBusy(true);
    setFailure(null);
    try {
      await chat.channels.rename(name.trim());
      chat.toast("done", "Your name was changed.");
    } catch (problem) {
      // The dialog was closed meanwhile.
      if (!isMounted()) return chat.toast("error", errorMessage(problem));
      setFailure(errorMessage(problem));
    }
    setBusy(false);
  };

  return (
    <Dialog title="You and settings" size="small" onClose={onClose}>
      <form className={styles.me} onSubmit={save}>
        <Avatar userId={me.userId} name={name || me.displayName} size={52} />
        <label className="field">
          <span className="field-label">Name</span>
          <input
            className="input"
            value={name}
            maxLength={64}
            dir="auto"
            autoComplete="name"
            aria-invalid={failure !== null}
            onChange={(event) => {
              setName(event.target.value);
              setFailure(null);
            }}
          />
          {failure && (
            <span className="field-error" role="alert">
              {failure}
            </span>
          )}
          <span className="field-hint">
            Others mention you as <bdi>@{me.username}</bdi>.
          </span>
        </label>
        {changed && (
          <button
            type="submit"
            ref={keepFocus}
            className={`button button-primary button-small ${styles.save}`}
            aria-disabled={busy}
          >
            {busy ? "Saving …" : "Save name"}
          </button>
        )}
      </form>

      <fieldset className="choices">
        <legend className="field-label">Appearance</legend>
        <div className={styles.themes}>
          {themes.map(([value, label, icon]) => (
            <label key={value} className={styles.theme}>
              <input
                type="radio"
                name="theme"
                className="visually-hidden"
                checked={theme === value}
                onChange={() => {
                  applyTheme(value);
                  setTheme(value);
                }}
              />
              <Icon name={icon} />
              {label}
            </label>
          ))}
        </div>
      </fieldset>

      <label className="choice">
        <input
          type="checkbox"
          checked={notify}
          onChange={async (event) => {
            const wanted = event.target.checked;
            const allowed = await setNotificationsEnabled(wanted);
            setNotify(wanted && allowed);
            setRefused(wanted && !allowed);
          }}
        />
        <span>
          <span className="choice-title">Notifications</span>
          <span className="field-hint">
            For mentions and direct messages while no tab of Parley is visible.
          </span>
          {refused && (
            <span className="field-error" role="alert">
              {refusal()}
            </span>
          )}
        </span>
      </label>

      <div className={styles.foot}>
        <button type="button" className="button button-small" onClick={onShortcuts}>
          <Icon name="keyboard" size={18} /> Keyboard shortcuts
        </button>
        {chat.config.inspector && (
          <button
            type="button"
            className="button button-small"
            onClick={() => {
              onClose();
              navigate("/inspector");
            }}
          >
            <Icon name="flow" size={18} /> Inspector
          </button>
        )}
        <button
          type="button"
          className="button button-small"
          onClick={() => (kept > 0 ? setLeaving(true) : void chat.signOut())}
        >
          <Icon name="leave" size={18} /> Sign out
        </button>
      </div>
      {leaving && (
        <div className={styles.leaving} role="alert">
          <p>Signing out deletes your drafts and unsent messages from this browser.</p>
          <button
            type="button"
            className="button button-small button-danger"
            onClick={() => void chat.signOut()}
          >
            Delete them and sign out
          </button>
        </div>
      )}
    </Dialog>
  );
}

/** Why notifications stay off. */
function refusal(): string {
  switch (notificationPermission()) {
    case "denied":
      return "The browser blocks notifications from this site. Allow them in the browser's settings for this site.";
    case "default":
      return "The browser was not allowed to show notifications. Choose this again, and allow them when it asks.";
    case "granted":
      return "The browser could not store this choice.";
    case "missing":
      return "This browser does not support notifications.";
  }
}
