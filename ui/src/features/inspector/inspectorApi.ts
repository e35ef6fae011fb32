/** The inspector's API: requests with the ID token, errors, and the live stream. */
import type { TokenSource } from "../../core/api/api";
import { ApiError } from "../../core/api/errors";
import type {
  ArchivedChannelList,
  ChannelEvents,
  DashboardReport,
  DeadLetterQueues,
  EventPage,
  FoundTraces,
  KnownNames,
  MessageReport,
  RunDetail,
  RunPage,
  ServiceMap,
  Trace,
  Workflow,
} from "./contract";

const TIMEOUT_MS = 30_000;
/** On AWS a replay of the archive takes minutes. */
const ARCHIVE_TIMEOUT_MS = 15 * 60_000;

export type Query = Readonly<Record<string, string | number | readonly string[] | null | undefined>>;

/** An error response, or none. `code` is the server's or UNREACHABLE. */
export class InspectorError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "InspectorError";
    this.code = code;
  }
}

export class InspectorApi {
  readonly #base: string;
  readonly #tokens: TokenSource;
  /** Requests to the archive run one at a time, because each starts a replay. */
  #lastArchiveRequest: Promise<unknown> = Promise.resolve();

  constructor(base: string, tokens: TokenSource) {
    this.#base = base.replace(/\/$/, "");
    this.#tokens = tokens;
  }

  names = () => this.#request<KnownNames>("/names");
  workflow = () => this.#request<Workflow>("/workflow");
  runs = (query: Query) => this.#request<RunPage>("/runs", query);
  run = (runId: string) => this.#request<RunDetail>(`/runs/${encodeURIComponent(runId)}`);
  events = (query: Query) => this.#requestArchive<EventPage>("/events", query);
  follow = (messageId: string) => this.#request<MessageReport>(`/follow/${encodeURIComponent(messageId)}`);
  trace = (traceId: string) => this.#request<Trace>(`/traces/${encodeURIComponent(traceId)}`);
  channels = () => this.#requestArchive<ArchivedChannelList>("/channels");
  channel = (channelId: string) =>
    this.#requestArchive<ChannelEvents>(`/channels/${encodeURIComponent(channelId)}/events`);
  deadLetters = () => this.#request<DeadLetterQueues>("/dead-letters");
  metrics = (query: Query) => this.#request<DashboardReport>("/metrics", query);
  services = (query: Query) => this.#request<ServiceMap>("/services", query);
  traces = (query: Query) => this.#request<FoundTraces>("/traces", query);

  /** The live stream, until the signal aborts it. */
  async live(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send("/live", signal, "text/event-stream");
    if (!response.body) throw new InspectorError("INTERNAL", "The live stream came without a body.");
    return response.body;
  }

  #requestArchive<T>(path: string, query: Query = {}): Promise<T> {
    const answer = this.#lastArchiveRequest.then(() => this.#request<T>(path, query, ARCHIVE_TIMEOUT_MS));
    this.#lastArchiveRequest = answer.catch(() => undefined);
    return answer;
  }

  async #request<T>(path: string, query: Query = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
    const response = await this.#send(path + queryString(query), AbortSignal.timeout(timeoutMs));
    return (await response.json()) as T;
  }

  async #send(path: string, signal: AbortSignal, accept = "application/json"): Promise<Response> {
    let response = await this.#fetch(path, signal, accept, await this.#tokens.idToken());
    if (response.status === 401) {
      const token = await this.#tokens.idToken({ fresh: true });
      response = await this.#fetch(path, signal, accept, token);
    }
    if (response.ok) return response;
    const body = (await response.json().catch(() => null)) as { code?: string; message?: string } | null;
    throw new InspectorError(
      body?.code ?? "INTERNAL",
      body?.message ?? `The stage rejected the request (HTTP ${response.status}).`,
    );
  }

  async #fetch(path: string, signal: AbortSignal, accept: string, token: string): Promise<Response> {
    try {
      return await fetch(this.#base + path, {
        headers: { Authorization: token, Accept: accept },
        cache: "no-store",
        signal,
      });
    } catch (failure) {
      if (signal.aborted && signal.reason !== undefined && !isTimeout(signal.reason)) throw failure;
      throw new InspectorError(
        "UNREACHABLE",
        isTimeout(failure)
          ? "The stage took too long to answer. Please try again."
          : "The stage cannot be reached. Check that it is running, then try again.",
      );
    }
  }
}

function isTimeout(failure: unknown): boolean {
  return failure instanceof DOMException && failure.name === "TimeoutError";
}

export function queryString(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    for (const each of typeof value === "object" ? value : [value]) search.append(name, String(each));
  }
  const text = search.toString();
  return text && `?${text}`;
}

/** A message for the user, for any thrown value. */
export function inspectorErrorMessage(failure: unknown): string {
  return failure instanceof InspectorError || failure instanceof ApiError
    ? failure.message
    : "Something went wrong. Try again.";
}
