/** Copy to the clipboard. Rejects if the browser refuses, or offers no clipboard to pages without HTTPS. */
export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
