/** The REST API, one method per route. Adds the ID token, parses errors and retries idempotent requests. */
import { updateServerTime } from "../clock";
import type {
  Channel,
  ChannelPage,
  ErrorBody,
  MemberPage,
  MentionPage,
  MessagePage,
  NewChannel,
  Ticket,
  User,
  UserPage,
} from "../contract";
import { ApiError } from "./errors";

const TIMEOUT_MS = 15_000;
const REPEATS = 2;
/** A request that the server accepts only later than this is not repeated. */
const MAX_RETRY_AFTER_MS = 5_000;

export interface TokenSource {
  /** A valid ID token, renewed where needed. Throws ApiError SIGNED_OUT. */
  idToken(options?: { fresh: boolean }): Promise<string>;
}

export interface MessageQuery {
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
  readonly search?: string;
}

type Method = "GET" | "PUT" | "POST" | "DELETE";

export class Api {
  readonly #base: string;
  readonly #tokens: TokenSource;

  constructor(base: string, tokens: TokenSource) {
    this.#base = base.replace(/\/$/, "");
    this.#tokens = tokens;
  }

  me = () => this.#request<User>("GET", "/me");
  rename = (displayName: string) => this.#request<User>("PUT", "/me", { displayName });
  users = (cursor?: string | null, limit = 100) =>
    this.#request<UserPage>("GET", `/users${queryString({ limit, cursor })}`);
  channels = (cursor?: string | null) =>
    this.#request<ChannelPage>("GET", `/channels${queryString({ cursor })}`);
  discover = (cursor?: string | null) =>
    this.#request<ChannelPage>("GET", `/channels${queryString({ scope: "discover", cursor })}`);
  createChannel = (channel: NewChannel) => this.#request<Channel>("POST", "/channels", channel);
  channel = (channelId: string) => this.#request<Channel>("GET", channelUrl(channelId));
  members = (channelId: string, cursor?: string | null, limit = 100) =>
    this.#request<MemberPage>("GET", `${channelUrl(channelId)}/members${queryString({ limit, cursor })}`);
  addMember = (channelId: string, userId: string) =>
    this.#request<unknown>("PUT", `${channelUrl(channelId)}/members/${encodeURIComponent(userId)}`);
  removeMember = (channelId: string, userId: string) =>
    this.#request<unknown>("DELETE", `${channelUrl(channelId)}/members/${encodeURIComponent(userId)}`);
  messages = (channelId: string, query: MessageQuery = {}) =>
    this.#request<MessagePage>("GET", `${channelUrl(channelId)}/messages${queryString({ ...query })}`);
  markRead = (channelId: string, seq: number) =>
    this.#request<{ readSeq: number }>("PUT", `${channelUrl(channelId)}/read-marker`, {
      seq,
    });
  mentions = () => this.#request<MentionPage>("GET", "/mentions");
  directMessage = (userId: string) => this.#request<Channel>("POST", "/direct-messages", { userId });
  ticket = () => this.#request<Ticket>("POST", "/tickets");
  /** Ends the session on the server: its sockets close and its tickets become invalid. */
  signOut = () => this.#request<unknown>("POST", "/sign-out");

  async #request<T>(method: Method, path: string, body?: object): Promise<T> {
    // POST is not idempotent: a retry could create a second channel.
    const repeats = method === "POST" ? 0 : REPEATS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#requestOnce<T>(method, path, body);
      } catch (failure) {
        const retry = failure instanceof ApiError && failure.isTransient && attempt < repeats;
        if (!retry || failure.retryAfterMs > MAX_RETRY_AFTER_MS) throw failure;
        await sleep(failure.retryAfterMs + 300 * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  async #requestOnce<T>(method: Method, path: string, body?: object): Promise<T> {
    let response = await this.#send(method, path, body, await this.#tokens.idToken());
    if (response.status === 401) {
      // The token may have expired by the server's clock.
      response = await this.#send(method, path, body, await this.#tokens.idToken({ fresh: true }));
    }
    updateServerTime(response.headers.get("Date"));
    if (!response.ok) throw await toApiError(response);
    return (await response.json().catch(() => undefined)) as T;
  }

  async #send(method: Method, path: string, body: object | undefined, token: string): Promise<Response> {
    const headers: Record<string, string> = { Authorization: token, Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    try {
      return await fetch(this.#base + path, {
        method,
        headers,
        body: body ? JSON.stringify(body) : null,
        cache: "no-store",
        // Lets a read marker be sent while the page closes.
        keepalive: method === "PUT",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new ApiError("UNREACHABLE", "The server cannot be reached. Check your connection and try again.");
    }
  }
}

async function toApiError(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as Partial<ErrorBody> | null;
  const retryAfterMs = 1_000 * (Number(response.headers.get("Retry-After")) || 0);
  if (body?.code && body.message) return new ApiError(body.code, body.message, response.status, retryAfterMs);
  if (response.status === 401)
    return new ApiError("SESSION_EXPIRED", "Your session has expired. Sign in again.", 401);
  if (response.status === 429)
    return new ApiError("RATE_LIMITED", "Too many requests. Try again in a moment.", 429, retryAfterMs);
  return new ApiError(
    response.status >= 500 ? "INTERNAL" : "INVALID_REQUEST",
    response.status >= 500
      ? "The server failed. Try again."
      : "The server rejected the request. Reload the page and try again.",
    response.status,
    retryAfterMs,
  );
}

function queryString(fields: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text && `?${text}`;
}

const channelUrl = (channelId: string) => `/channels/${encodeURIComponent(channelId)}`;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
