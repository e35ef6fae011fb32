/** The inspector's API: requests with the ID token, errors, and the live stream. */
import type { TokenSource } from "../../core/api/api";
import { ApiError } from "../../core/api/errors";
import type {
  ArchivedChannelList,
  ChannelEvents,
  ConnectionPage,
  DashboardReport,
  DeadLetterQueues,
  EventPage,
  FoundTraces,
  KnownNames,
  LogPage,
  MessageReport,
  RedriveReport,
  RunDetail,
  RunPage,
  ServiceMap,
  StoredRow,
  TableList,
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
  /** Process the dead letters of a queue again. It is not repeated: a second request is a second redrive. */
  redrive = (queue: string) =>
    this.#json<RedriveReport>(
      this.#fetch(
        `/dead-letters/${encodeURIComponent(queue)}/redrive`,
        AbortSignal.timeout(ARCHIVE_TIMEOUT_MS),
        "application/json",
        this.#tokens.idToken(),
        "POST",
      ),
    );
  tables = () => this.#request<TableList>("/rows");
  row = (table: string, key: readonly string[]) =>
    this.#request<StoredRow>(`/rows/${encodeURIComponent(table)}`, { key });
  logs = (query: Query) => this.#request<LogPage>("/logs", query, ARCHIVE_TIMEOUT_MS);
  connections = (query: Query) => this.#request<ConnectionPage>("/connections", query);
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
    const response = await this.#fetch(path, signal, accept, this.#tokens.idToken());
    return this.#accepted(
      response.status === 401
        ? await this.#fetch(path, signal, accept, this.#tokens.idToken({ fresh: true }))
        : response,
    );
  }

  async #json<T>(request: Promise<Response>): Promise<T> {
    const response = await this.#accepted(await request);
    return (await response.json()) as T;
  }

  async #accepted(response: Response): Promise<Response> {
    if (response.ok) return response;
    const body = (await response.json().catch(() => null)) as { code?: string; message?: string } | null;
    throw new InspectorError(
      body?.code ?? "INTERNAL",
      body?.message ?? `The stage rejected the request (HTTP ${response.status}).`,
    );
  }

  async #fetch(
    path: string,
    signal: AbortSignal,
    accept: string,
    token: Promise<string>,
    method = "GET",
  ): Promise<Response> {
    const headers = { Authorization: await token, Accept: accept };
    try {
      return await fetch(this.#base + path, { method, headers, cache: "no-store", signal });
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
