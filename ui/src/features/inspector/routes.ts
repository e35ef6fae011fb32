/** Parsing and building of the inspector's routes. */

export type InspectorRoute =
  | { readonly view: "runs"; readonly runId: string | null }
  | { readonly view: "events" }
  | { readonly view: "delivery"; readonly messageId: string | null }
  | { readonly view: "history"; readonly channelId: string | null }
  | { readonly view: "dead-letters" }
  | { readonly view: "metrics" }
  | { readonly view: "services"; readonly traceId: string | null }
  | { readonly view: "rows"; readonly table: string | null; readonly keyValues: readonly string[] }
  | { readonly view: "logs"; readonly id: string | null }
  | { readonly view: "connections"; readonly user: string | null };

const ID = "([A-Za-z0-9_.:-]{1,128})";

/** `subpath` is the path after `/inspector`. */
export function parseInspectorRoute(rest: string): InspectorRoute {
  const explored = /^\/(rows|logs|connections)(\/.*)?$/.exec(rest);
  if (explored)
    return exploreRoute(explored[1] ?? "", (explored[2] ?? "").split("/").filter(Boolean).map(decoded));
  const match = new RegExp(
    `^/(runs|events|messages|channels|dead-letters|metrics|services)(?:/${ID})?/?$`,
  ).exec(rest);
  const id = match?.[2] ?? null;
  switch (match?.[1]) {
    case "events":
      return { view: "events" };
    case "messages":
      return { view: "delivery", messageId: id };
    case "channels":
      return { view: "history", channelId: id };
    case "dead-letters":
      return { view: "dead-letters" };
    case "metrics":
      return { view: "metrics" };
    case "services":
      return { view: "services", traceId: id };
    default:
      return { view: "runs", runId: id };
  }
}

/** These have keys, usernames and other texts in their addresses, which are escaped. */
function exploreRoute(view: string, parts: readonly string[]): InspectorRoute {
  const first = parts[0] ?? null;
  if (view === "rows") return { view, table: first, keyValues: parts.slice(1) };
  return view === "logs" ? { view, id: first } : { view: "connections", user: first };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const escaped = (parts: readonly (string | undefined)[]) =>
  parts.map((part) => (part ? `/${encodeURIComponent(part)}` : "")).join("");

export const rowsPath = (table?: string, keyValues: readonly string[] = []) =>
  `/inspector/rows${escaped([table, ...keyValues])}`;
export const logsPath = (id?: string) => `/inspector/logs${escaped([id])}`;
export const connectionsPath = (user?: string) => `/inspector/connections${escaped([user])}`;
export const runPath = (runId?: string) => `/inspector${runId ? `/runs/${runId}` : ""}`;
export const eventsPath = () => "/inspector/events";
export const deliveryPath = (messageId?: string) => `/inspector/messages${messageId ? `/${messageId}` : ""}`;
export const historyPath = (channelId?: string) => `/inspector/channels${channelId ? `/${channelId}` : ""}`;
export const deadLettersPath = () => "/inspector/dead-letters";
export const metricsPath = () => "/inspector/metrics";
export const servicesPath = (traceId?: string) => `/inspector/services${traceId ? `/${traceId}` : ""}`;
