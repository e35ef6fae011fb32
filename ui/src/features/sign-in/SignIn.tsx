/** The pages before the chat: sign-in, loading and error. */
import { useEffect, useState } from "react";
import { ApiError } from "../../core/api/errors";
import { Logo } from "../../kit/Icon";
import styles from "./SignIn.module.css";

const RETRY_EVERY_MS = 5_000;

interface SignInProps {
  readonly notice: string | null;
  readonly onSignIn: () => Promise<void>;
}

export function SignIn({ notice, onSignIn }: SignInProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const signIn = async () => {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await onSignIn();
    } catch (problem) {
      setFailure(
        problem instanceof ApiError
          ? problem.message
          : "The sign-in page cannot be reached. Check your connection and try again.",
      );
      setBusy(false);
    }
  };

  return (
    <main className={styles.page}>
      <div className={styles.body}>
        <Logo size={56} />
        <h1>Parley</h1>
        <p className={styles.text}>
          Chat with others in channels or direct messages. Every message arrives once and in order.
        </p>
        {notice && (
          <p className={styles.notice} role="status">
            {notice}
          </p>
        )}
        <button
          type="button"
          className={`button button-primary ${styles.button}`}
          aria-disabled={busy}
          onClick={() => void signIn()}
        >
          {busy ? "Opening the sign-in page …" : "Sign in"}
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

export function LoadingPage() {
  return (
    <main className={styles.page} aria-busy="true">
      <div className={`${styles.body} ${styles.loading}`} role="status">
        <Logo size={56} />
        <span className="visually-hidden">Loading Parley</span>
      </div>
    </main>
  );
}

interface ErrorPageProps {
  readonly title: string;
  readonly text: string;
  readonly action?: string;
  readonly onRetry: () => void;
  /** Retry regularly and when the browser is online again. */
  readonly repeats?: boolean;
}

/** A failure that prevents the chat from starting. */
export function ErrorPage({ title, text, action = "Try again", onRetry, repeats = false }: ErrorPageProps) {
  useEffect(() => {
    if (!repeats) return;
    const timer = setInterval(onRetry, RETRY_EVERY_MS);
    addEventListener("online", onRetry);
    return () => {
      clearInterval(timer);
      removeEventListener("online", onRetry);
    };
  }, [onRetry, repeats]);
  return (
    <main className={styles.page}>
      <div className={styles.body}>
        <Logo size={56} />
        <h1>{title}</h1>
        <p className={styles.text} role="alert">
          {text}
        </p>
        <button type="button" className={`button button-primary ${styles.button}`} onClick={onRetry}>
          {action}
        </button>
      </div>
    </main>
  );
}
