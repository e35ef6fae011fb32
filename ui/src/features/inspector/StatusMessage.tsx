/** What a view shows in place of its content: a failure, progress, or that there is none. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "../../kit/Icon";
import { keepFocus } from "../../kit/keepFocus";
import styles from "./StatusMessage.module.css";

export function Failed({ text, onRetry }: { readonly text: string; readonly onRetry?: () => void }) {
  return (
    <div className={styles.status} role="alert" ref={keepFocus}>
      <Icon name="alert" size={28} />
      <p>{text}</p>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what, children }: { readonly what: string; readonly children?: ReactNode }) {
  return (
    <div className={styles.status} role="status">
      <span className="spinner" />
      <p>{what} …</p>
      {children}
    </div>
  );
}

export function Empty(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.status}>
      <Icon name={props.icon} size={28} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}
