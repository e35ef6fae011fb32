/**
 * Replace a part of a text field's value, as if it was typed: the field takes the focus, its `input` event follows, and
 * the browser can undo the change. `execCommand` is the only function that browsers undo; without it, the value is set.
 */
export function insertText(field: HTMLTextAreaElement, text: string, start: number, end: number): void {
  field.focus();
  field.setSelectionRange(start, end);
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
