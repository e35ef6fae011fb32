/**
 * Keeps the keys of an input method from the page: while it composes text, Enter, arrows and Escape choose among its
 * candidates. Safari ends the composition before it reports the Enter key that did so: only the key code, 229, shows it.
 */
export function ignoreKeysOfComposition(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation();
  };
  // While the event is captured, before the listeners of all fields, lists and shortcuts.
  addEventListener("keydown", onKeyDown, { capture: true });
  return () => removeEventListener("keydown", onKeyDown, { capture: true });
}
