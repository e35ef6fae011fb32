export function focusComposer(): void {
  document.querySelector<HTMLTextAreaElement>(".composer-field")?.focus();
}
