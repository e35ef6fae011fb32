/** A dialog that asks to confirm an action that cannot be undone. */
import type { ReactNode } from "react";
import { Dialog } from "./Dialog";
import dialogStyles from "./Dialog.module.css";

interface ConfirmDialogProps {
  readonly title: string;
  readonly action: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

export function ConfirmDialog({ title, action, children, onClose, onConfirm }: ConfirmDialogProps) {
  return (
    <Dialog title={title} size="small" onClose={onClose}>
      {children}
      <div className={dialogStyles.actions}>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="button button-danger" data-autofocus onClick={onConfirm}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
