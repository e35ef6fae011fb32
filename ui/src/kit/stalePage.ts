/** Whether the site was deployed again after this page was loaded: the page's script is no longer the site's. */
export async function isPageStale(): Promise<boolean> {
  const script = document.querySelector<HTMLScriptElement>('script[type="module"][src]');
  if (!script) return false;
  try {
    const response = await fetch("/", { cache: "no-store" });
    return response.ok && !(await response.text()).includes(new URL(script.src, location.href).pathname);
  } catch {
    return false;
  }
}
