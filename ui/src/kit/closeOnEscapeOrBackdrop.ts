import type { KeyboardEvent, MouseEvent, SyntheticEvent } from "react";

/** The props of a `<dialog>` that close it with Escape, topmost layer only, and with a click on its backdrop. */
export const closeOnEscapeOrBackdrop = (onClose: () => void) => ({
  onKeyDown: (event: KeyboardEvent) => {
    if (event.key === "Escape") event.stopPropagation();
  },
  onCancel: (event: SyntheticEvent) => {
    event.preventDefault();
    onClose();
  },
  onClick: (event: MouseEvent) => {
    if (event.target === event.currentTarget) onClose();
  },
});
