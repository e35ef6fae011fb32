/** Focus the search field, if the panel is open. */
export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('[data-field="search"]');
  field?.focus();
  field?.select();
}
