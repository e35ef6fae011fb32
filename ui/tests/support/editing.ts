/** `execCommand`, which the DOM of the tests lacks: inserts text in the focused field, and keeps what can be undone. */
import { act, fireEvent } from "@testing-library/react";

/** The earlier values of the field. Browsers keep them only if text is inserted as here, not if the value is set. */
let undoable: string[] = [];

export function installEditing(): void {
  undoable = [];
  document.execCommand = (command, _ui, text = "") => {
    const field = document.activeElement;
    if (command !== "insertText" || !(field instanceof HTMLTextAreaElement)) return false;
    const { value, selectionStart: start, selectionEnd: end } = field;
    undoable.push(value);
    const caret = start + text.length;
    clearTypedValue(field);
    fireEvent.input(field, {
      target: {
        value: value.slice(0, start) + text + value.slice(end),
        selectionStart: caret,
        selectionEnd: caret,
      },
      inputType: "insertText",
      data: text,
    });
    return true;
  };
}

/** `user-event` keeps its own copy of what it has typed in a field. */
function clearTypedValue(field: HTMLTextAreaElement): void {
  for (const symbol of Object.getOwnPropertySymbols(field))
    if (symbol.description === "Displayed value in UI") Reflect.set(field, symbol, undefined);
}

/** What Ctrl+Z does. */
export function undo(field: HTMLTextAreaElement): void {
  const value = undoable.pop();
  if (value === undefined) throw new Error("There is nothing to undo.");
  act(() => void fireEvent.input(field, { target: { value }, inputType: "historyUndo" }));
}
