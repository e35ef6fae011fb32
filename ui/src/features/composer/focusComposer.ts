import { insertText } from "../../kit/insertText";
import { focusableAround, focusOnRemoval } from "../../kit/keepFocus";
import { isTouch } from "../../kit/touch";

function field(): HTMLTextAreaElement | null {
  return document.querySelector<HTMLTextAreaElement>('[data-region="composer"]');
}

export function focusComposer(): void {
  field()?.focus();
}

/** Not on touch screens, where the keyboard would cover the messages. */
export const focusComposerOnRemoval = focusOnRemoval((removed) =>
  isTouch() ? focusableAround(removed) : field(),
);

/** Insert text before the text in the message field. */
export function insertBeforeDraft(text: string): void {
  const composer = field();
  if (composer) insertText(composer, text, 0, 0);
}
