import { beforeEach, describe, expect, test, vi } from "vitest";
import { Api } from "../../../src/core/api/api";
import { ApiError } from "../../../src/core/api/errors";

const answers: (Response | Error)[] = [];
const asked: { url: string; init: RequestInit }[] = [];
const tokens = vi.fn(async (options?: { fresh: boolean }) => (options?.fresh ? "fresh" : "kept"));
const api = new Api("/api/", { idToken: tokens });

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  answers.length = 0;
  asked.length = 0;
  tokens.mockClear();
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void) =>
    queueMicrotask(done)) as never);
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    init.signal?.throwIfAborted();
    const answer = answers.shift() ?? json({});
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return () => {
    vi.restoreAllMocks();
    expect(answers, "prepared responses that were not requested").toEqual([]);
  };
});

describe("a request", () => {
  test("carries the token and the query", async () => {
    await api.messages("general", { before: 7, limit: 50 });
    expect(asked[0]?.url).toBe("/api/channels/general/messages?before=7&limit=50");
    expect(asked[0]?.init.headers).toMatchObject({ Authorization: "kept" });
    // Nothing of a user stays in the cache of the browser.
    expect(asked[0]?.init.cache).toBe("no-store");
  });

  test("of everything after seq 0 says so", async () => {
    await api.messages("general", { after: 0, limit: 50 });
    expect(asked[0]?.url).toBe("/api/channels/general/messages?after=0&limit=50");
  });

  test("with a read marker continues when the page is closed", async () => {
    await api.markRead("general", 7);
    expect(asked[0]?.init).toMatchObject({ method: "PUT", body: '{"seq":7}', keepalive: true });
  });

  test("that is answered without a body has no result", async () => {
    answers.push(new Response(null, { status: 204 }));
    expect(await api.removeMember("general", "u")).toBeUndefined();
  });

  test("that takes too long fails as one that does not reach the server", async () => {
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
    await expect(api.ticket()).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test("encodes path parameters", async () => {
    await api.addMember("a/../b", "x?y");
    expect(asked[0]?.url).toBe("/api/channels/a%2F..%2Fb/members/x%3Fy");
  });

  test("answered 401 is repeated once with a renewed token", async () => {
    answers.push(json({}, 401), json({ userId: "u" }));
    expect(await api.me()).toEqual({ userId: "u" });
    const used = asked.map(({ init }) => (init.headers as Record<string, string>).Authorization);
    expect(used).toEqual(["kept", "fresh"]);
  });

  test("is repeated after a transient failure if it is idempotent", async () => {
    answers.push(new TypeError("offline"), json({}, 503), json({ items: [], cursor: null }));
    await api.channels();
    expect(asked).toHaveLength(3);
  });

  test.each([
    ["within seconds is repeated", "5", 2],
    ["only later is not repeated", "60", 1],
  ])("that the server accepts %s", async (_, retryAfter, requests) => {
    const body = JSON.stringify({ code: "RATE_LIMITED", message: `Try again in ${retryAfter} s.` });
    answers.push(new Response(body, { status: 429, headers: { "Retry-After": retryAfter } }));
    const answered = await api.channels().catch((failure: unknown) => failure);
    expect(asked).toHaveLength(requests);
    if (requests === 1) expect(answered).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 60_000 });
    else expect(answered).toEqual({});
  });

  test("that a proxy answers without a body of the API keeps the time of its Retry-After", async () => {
    answers.push(new Response("Busy", { status: 503, headers: { "Retry-After": "60" } }));
    const answered = await api.me().catch((failure: unknown) => failure);
    expect(answered).toMatchObject({ code: "INTERNAL", retryAfterMs: 60_000 });
  });

  test("is not repeated if it creates something", async () => {
    answers.push(json({}, 503));
    await expect(api.createChannel({ name: "x" })).rejects.toMatchObject({ code: "INTERNAL" });
    expect(asked).toHaveLength(1);
  });
});

describe("an error response", () => {
  test("has the server's message", async () => {
    answers.push(json({ code: "NAME_TAKEN", message: "There is one." }, 409));
    const failure = await api.createChannel({ name: "x" }).catch((problem: unknown) => problem);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: "NAME_TAKEN", message: "There is one.", status: 409 });
  });

  test.each([
    [403, "INVALID_REQUEST", "The server rejected the request. Reload the page and try again."],
    [429, "RATE_LIMITED", "Too many requests. Try again in a moment."],
    [502, "INTERNAL", "The server failed. Try again."],
  ])("%i without a code gets one, and a message", async (status, code, message) => {
    answers.push(new Response("<html>", { status }));
    await expect(api.createChannel({ name: "x" })).rejects.toMatchObject({ code, message, status });
  });

  test("of API Gateway to a renewed token says that the session has expired", async () => {
    answers.push(json({ message: "Unauthorized" }, 401), json({ message: "Unauthorized" }, 401));
    await expect(api.me()).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
    expect(asked).toHaveLength(2);
  });
});
