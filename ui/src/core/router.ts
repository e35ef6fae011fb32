/** Routes: `/c/{channelId}` is a channel, `/c/{channelId}/{seq}` a message in it, `/inspector…` the inspector. */

export type Route =
  | { readonly page: "home" }
  | { readonly page: "channel"; readonly channelId: string; readonly seq: number | null }
  /** `subpath` is parsed by the inspector. */
  | { readonly page: "inspector"; readonly subpath: string };

/** The route and the number of its navigation: following the same link again is a new navigation. */
export type CurrentRoute = Route & { readonly navigationId: number };

const listeners = new Set<() => void>();
let path = location.pathname;
let current: CurrentRoute = { ...parseRoute(path), navigationId: 0 };
/** The newest request whose response opens a page; null after a navigation. */
let opening: symbol | null = null;

export function parseRoute(path: string): Route {
  const inspector = /^\/inspector(\/.*)?$/.exec(path);
  if (inspector) return { page: "inspector", subpath: inspector[1] ?? "" };
  const match = /^\/c\/([A-Za-z0-9_-]{1,64})(?:\/(\d{1,15}))?\/?$/.exec(path);
  if (!match?.[1]) return { page: "home" };
  return { page: "channel", channelId: match[1], seq: match[2] ? Number(match[2]) : null };
}

export function channelPath(channelId: string, seq?: number): string {
  return seq === undefined ? `/c/${channelId}` : `/c/${channelId}/${seq}`;
}

export function navigate(path: string, { replace = false } = {}): void {
  if (path !== location.pathname)
    history[replace || isOverlayOpen() ? "replaceState" : "pushState"](null, "", path);
  syncRoute();
}

/**
 * Call before a request whose response opens a page. The result opens it, unless the user has navigated or requested
 * another page since: a text that they are typing must not go to another channel.
 */
export function navigateAfterRequest(): (path: string) => void {
  const request = Symbol("request");
  opening = request;
  return (path) => {
    if (opening === request) navigate(path);
  };
}

/** Add an entry to the browser's history for something that Back closes, such as a drawer. */
export function openOverlay(): void {
  if (!isOverlayOpen()) history.pushState({ overlay: true }, "");
}

/** Remove the entry, unless Back has left it or a navigation has replaced it. */
export function closeOverlay(): void {
  if (isOverlayOpen()) history.back();
}

function isOverlayOpen(): boolean {
  return (history.state as { overlay?: boolean } | null)?.overlay === true;
}

export function currentRoute(): CurrentRoute {
  return current;
}

/** Call `listener` after each navigation. The result removes it. */
export function onNavigation(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Read the address again: sign-in changes it after this module was loaded. */
export function syncRoute(): void {
  opening = null;
  path = location.pathname;
  current = { ...parseRoute(location.pathname), navigationId: current.navigationId + 1 };
  for (const listener of listeners) listener();
}

// Closing an overlay is no navigation.
addEventListener("popstate", () => {
  if (location.pathname !== path) syncRoute();
});
