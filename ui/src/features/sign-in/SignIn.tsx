/** The door: who is not signed in sees this. */
import { useEffect, useState } from "react";
import { Mark } from "../../kit/Icon";
import "./SignIn.css";

const RETRY_EVERY_MS = 5_000;

interface SignInProps {
  readonly note: string | null;
  readonly onSignIn: () => Promise<void>;
}

export function SignIn({ note, onSignIn }: SignInProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const signIn = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onSignIn();
    } catch {
      setFailure("The sign-in page cannot be reached. Check your connection and try again.");
      setBusy(false);
    }
  };

  return (
    <main className="door">
      <div className="door-inner">
        <Mark size={56} />
        <h1>Parley</h1>
        <p className="door-lead">
          Talk with your people, in channels or one to one. Every message arrives, once and in order.
        </p>
        {note && (
          <p className="door-note" role="status">
            {note}
          </p>
        )}
        <button
          type="button"
          className="button button-main door-button"
          disabled={busy}
          onClick={() => void signIn()}
        >
          {busy ? "One moment …" : "Sign in"}
        </button>
        {failure && (
          <p className="field-error" role="alert">
            {failure}
          </p>
        )}
      </div>
    </main>
  );
}

/** While there is nothing to show yet. */
export function Opening() {
  return (
    <main className="door" aria-busy="true">
      <div className="door-inner door-opening" role="status">
        <Mark size={56} />
        <span className="unseen">Opening Parley</span>
      </div>
    </main>
  );
}

/** What stands in the way of showing anything, and what can be done. */
export function Problem({ title, text, onRetry }: { title: string; text: string; onRetry: () => void }) {
  useEffect(() => {
    const timer = setInterval(onRetry, RETRY_EVERY_MS);
    addEventListener("online", onRetry);
    return () => {
      clearInterval(timer);
      removeEventListener("online", onRetry);
    };
  }, [onRetry]);
  return (
    <main className="door">
      <div className="door-inner">
        <Mark size={56} />
        <h1>{title}</h1>
        <p className="door-lead" role="alert">
          {text}
        </p>
        <button type="button" className="button button-main door-button" onClick={onRetry}>
          Try again
        </button>
      </div>
    </main>
  );
}
