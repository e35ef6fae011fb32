/**
 * Keeps a failure inside one part of the page: what could not be loaded or shown is replaced by a sentence and a button,
 * and the rest of the page goes on.
 */
import { Component, type ReactNode, useEffect, useState } from "react";
import styles from "./Boundary.module.css";
import { keepFocus } from "./keepFocus";
import { isPageStale } from "./stalePage";

interface BoundaryProps {
  /** What the part is called in the sentence, such as "The settings". */
  readonly what: string;
  readonly children: ReactNode;
  /** Called before the part is tried again. */
  readonly onRetry?: (() => void) | undefined;
  /** Replaces the usual sentence and button. */
  readonly fallback?: ReactNode;
  /** Wraps the sentence, for example in a dialog. */
  readonly wrap?: ((notice: ReactNode) => ReactNode) | undefined;
}

export class Boundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    const { what, children, onRetry, fallback, wrap } = this.props;
    if (!this.state.failed) return children;
    if (fallback !== undefined) return fallback;
    const retry = () => {
      onRetry?.();
      this.setState({ failed: false });
    };
    const notice = <FailureNotice what={what} onRetry={retry} />;
    return wrap ? wrap(notice) : notice;
  }
}

/** Says what to do: reload after a deployment, else check the connection and try again. */
export function FailureNotice({ what, onRetry }: { what: string; onRetry: () => void }) {
  const [stale, setStale] = useState(false);
  useEffect(() => {
    let shown = true;
    void isPageStale().then((is) => shown && setStale(is));
    return () => {
      shown = false;
    };
  }, []);
  return (
    <div className={styles.failure} role="alert" ref={keepFocus}>
      <p>
        {stale
          ? `${what} cannot be shown: there is a new version of Parley. Reload the page; drafts and unsent messages are kept.`
          : `${what} cannot be shown. Check your connection and try again.`}
      </p>
      <button type="button" className="button" onClick={stale ? () => location.reload() : onRetry}>
        {stale ? "Reload" : "Try again"}
      </button>
    </div>
  );
}
