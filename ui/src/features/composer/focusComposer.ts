import { insertText } from "../../kit/insertText";

function field(): HTMLTextAreaElement | null {
  return document.querySelector<HTMLTextAreaElement>('[data-region="composer"]');
}

export function focusComposer(): void {
  field()?.focus();
}

/** Insert text before the text in the message field. */
export function insertBeforeDraft(text: string): void {
  const composer = field();
  if (composer) insertText(composer, text, 0, 0);
}
