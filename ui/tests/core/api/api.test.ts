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

  test("without a message gets a default message", async () => {
    answers.push(new Response("<html>", { status: 403 }));
    const refused = { message: "The server rejected the request." };
    await expect(api.createChannel({ name: "x" })).rejects.toMatchObject(refused);
  });
});
