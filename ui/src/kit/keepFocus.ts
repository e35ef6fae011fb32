/**
 * Refs for what may be removed while it has the focus, such as a button that its own click removes: the browser would
 * leave the focus nowhere. They must stay the same between renders, as React calls a new ref as if the element was new.
 */

/** The nearest element around this one that can have the focus; in a dialog, its first field or else button. */
export function focusableAround(element: Element): HTMLElement | null {
  const around = element.parentElement?.closest<HTMLElement>("[tabindex], dialog") ?? null;
  if (!around?.matches("dialog")) return around;
  const find = (selector: string) => around.querySelector<HTMLElement>(selector);
  return find("[data-autofocus]") ?? find("input") ?? find("button");
}

/** Moves the focus to where `target` says. */
export const focusOnRemoval =
  (target: (removed: HTMLElement) => HTMLElement | null) => (element: HTMLElement | null) => () => {
    if (element?.contains(document.activeElement)) target(element)?.focus({ preventScroll: true });
  };

export const keepFocus = focusOnRemoval(focusableAround);
