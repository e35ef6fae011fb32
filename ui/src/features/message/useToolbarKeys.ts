/** Arrow keys, Home and End move the focus between the buttons of a toolbar, one of which is its tab stop. */
import { type FocusEvent, type KeyboardEvent, useState } from "react";

interface ToolbarKeys {
  /** The label of the button that is the tab stop. */
  readonly tabStop: string | undefined;
  readonly onFocus: (event: FocusEvent) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** `labels`: the accessible names of the buttons, in their order. */
export function useToolbarKeys(labels: readonly string[]): ToolbarKeys {
  const [last, setLast] = useState<string | null>(null);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button")].filter(isShown);
    const at = buttons.indexOf(event.target as HTMLElement);
    const to: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: buttons.length - 1,
    };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons.at(next % buttons.length)?.focus();
  };

  return {
    tabStop: last !== null && labels.includes(last) ? last : labels[0],
    onFocus: (event) => setLast(event.target.getAttribute("aria-label")),
    onKeyDown,
  };
}

/** Narrow pages hide a button. */
function isShown(button: HTMLElement): boolean {
  return button.offsetParent !== null;
}
