/** The browser globals that the chat needs, for tests without a DOM. */
import { vi } from "vitest";

export function memoryStorage(): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
  };
}

export const page = new EventTarget();
export const here = {
  pathname: "/c/general",
  origin: "http://localhost",
  href: "http://localhost/c/general",
};

// Tests with a DOM have all of this already.
if (typeof window === "undefined") {
  vi.stubGlobal("location", here);
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined });
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("localStorage", memoryStorage());
}
