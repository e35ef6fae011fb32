export function focusComposer(): void {
  document.querySelector<HTMLTextAreaElement>('[data-region="composer"]')?.focus();
}
