/** The dialog to create a channel. */
import { type FormEvent, useState } from "react";
import { errorMessage } from "../../core/api/errors";
import { channelPath, navigate } from "../../core/router";
import { Dialog } from "../../kit/Dialog";
import dialogStyles from "../../kit/Dialog.module.css";
import { useIsMounted } from "../../kit/useIsMounted";
import { useChatActions } from "../shared/chatContext";

const MAX_NAME_LENGTH = 64;

export default function CreateChannel({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const chat = useChatActions();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"public" | "private">("public");
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const isMounted = useIsMounted();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || name.trim() === "") return;
    setBusy(true);
    setFailure(null);
    try {
      const channel = await chat.channels.create({ name: name.trim(), kind });
      if (!isMounted()) return;
      navigate(channelPath(channel.channelId));
      onDone();
    } catch (problem) {
      // The dialog was closed meanwhile.
      if (!isMounted()) return chat.toast("error", errorMessage(problem));
      setFailure(errorMessage(problem));
      setBusy(false);
    }
  };

  return (
    <Dialog title="Create a channel" onClose={onClose} size="small">
      <form className={dialogStyles.form} onSubmit={submit}>
        <label className="field">
          <span className="field-label">Name</span>
          <input
            className="input"
            value={name}
            maxLength={MAX_NAME_LENGTH}
            placeholder="for example: release-planning"
            dir="auto"
            autoComplete="off"
            data-autofocus
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
        </label>
        <fieldset className="choices">
          <legend className="field-label">Visibility</legend>
          <label className="choice">
            <input type="radio" name="kind" checked={kind === "public"} onChange={() => setKind("public")} />
            <span>
              <span className="choice-title">Public</span>
              <span className="field-hint">Anyone can find and join it.</span>
            </span>
          </label>
          <label className="choice">
            <input
              type="radio"
              name="kind"
              checked={kind === "private"}
              onChange={() => setKind("private")}
            />
            <span>
              <span className="choice-title">Private</span>
              <span className="field-hint">Only people added by a member.</span>
            </span>
          </label>
        </fieldset>
        <div className={dialogStyles.actions}>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button button-primary"
            disabled={name.trim() === ""}
            aria-disabled={busy}
          >
            {busy ? "Creating …" : "Create"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
