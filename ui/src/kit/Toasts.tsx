/** Short messages about what failed or was done. Each is dismissed by its button or after a few seconds. */
import { type Ref, useEffect, useMemo, useRef } from "react";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import { focusOnRemoval } from "./keepFocus";
import styles from "./Toasts.module.css";

const ERROR_SHOWN_MS = 9_000;
const INFO_SHOWN_MS = 4_500;

const icons = { error: "alert", done: "check", info: "info" } as const;

export interface ToastMessage {
  readonly id: number;
  readonly kind: keyof typeof icons;
  readonly text: string;
}

interface ToastsProps {
  readonly toasts: readonly ToastMessage[];
  /** Must be stable: the timers start again when it changes. */
  readonly onDismiss: (id: number) => void;
}

export function Toasts({ toasts, onDismiss }: ToastsProps) {
  /** What had the focus before a toast. */
  const before = useRef<EventTarget | null>(null);
  const returnFocus = useMemo(
    () => focusOnRemoval(() => (before.current instanceof HTMLElement ? before.current : null)),
    [],
  );
  return (
    <div
      className={styles.toasts}
      aria-live="polite"
      role="status"
      onFocus={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) before.current = relatedTarget;
      }}
    >
      {toasts.map((toast) => (
        <Toast key={toast.id} ref={returnFocus} toast={toast} onDismiss={onDismiss} />
      ))}
    </div>
  );
}

interface ToastProps {
  readonly toast: ToastMessage;
  readonly onDismiss: (id: number) => void;
  readonly ref: Ref<HTMLDivElement>;
}

function Toast({ toast, onDismiss, ref }: ToastProps) {
  const { id, kind, text } = toast;
  useEffect(() => {
    const timer = setTimeout(() => onDismiss(id), kind === "error" ? ERROR_SHOWN_MS : INFO_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, kind, onDismiss]);
  return (
    <div ref={ref} className={styles.toast} data-kind={kind}>
      <Icon name={icons[kind]} size={18} />
      <p>{text}</p>
      <IconButton icon="close" label="Dismiss" size={16} title={undefined} onClick={() => onDismiss(id)} />
    </div>
  );
}
