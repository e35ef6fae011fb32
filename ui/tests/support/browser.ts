/** As much of a browser as the chat needs, for tests that run without one. */
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

// A test that asks for a DOM has all of this, and a real one.
if (typeof window === "undefined") {
  vi.stubGlobal("location", here);
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined });
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("localStorage", memoryStorage());
}
