/**
 * A modal dialog on the browser's own `<dialog>`: it traps focus, closes with Escape, makes the rest inert and
 * gives focus back. Opened by being rendered.
 */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Icon } from "./Icon";
import "./Dialog.css";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The heading is there for screen readers only. */
  readonly hideHeading?: boolean;
  readonly size?: "small" | "medium" | "large";
}

export function Dialog({ title, onClose, children, hideHeading = false, size = "medium" }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    // React has no say in where a dialog puts the focus; what is marked gets it.
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={ref}
      className={`dialog dialog-${size}${hideHeading ? " dialog-no-heading" : ""}`}
      aria-labelledby={heading}
      // Escape is for the topmost alone: what lies below must not close along.
      onKeyDown={(event) => {
        if (event.key === "Escape") event.stopPropagation();
      }}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-body">
        <header className={hideHeading ? "visually-hidden" : "dialog-head"}>
          <h2 id={heading}>{title}</h2>
          {!hideHeading && (
            <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
