import { beforeEach, describe, expect, test, vi } from "vitest";
import { Api } from "../../src/api/api";
import { ApiError } from "../../src/api/errors";
import { learnServerTime, serverNow } from "../../src/clock";
import { parseRoute } from "../../src/router";
import { safePath } from "../../src/session/session";

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
    expect(answers, "prepared answers that nobody asked for").toEqual([]);
  };
});

describe("a request", () => {
  test("carries the token, and what is asked for", async () => {
    await api.messages("general", { before: 7, limit: 50 });
    expect(asked[0]?.url).toBe("/api/channels/general/messages?before=7&limit=50");
    expect(asked[0]?.init.headers).toMatchObject({ Authorization: "kept" });
  });

  test("with names that are not words of a path stays in its place", async () => {
    await api.addMember("a/../b", "x?y");
    expect(asked[0]?.url).toBe("/api/channels/a%2F..%2Fb/members/x%3Fy");
  });

  test("refused for its token is asked once more with a renewed one", async () => {
    answers.push(json({}, 401), json({ userId: "u" }));
    expect(await api.me()).toEqual({ userId: "u" });
    const used = asked.map(({ init }) => (init.headers as Record<string, string>).Authorization);
    expect(used).toEqual(["kept", "fresh"]);
  });

  test("that fails in passing is repeated if it may be", async () => {
    answers.push(new TypeError("offline"), json({}, 503), json({ items: [], cursor: null }));
    await api.channels();
    expect(asked).toHaveLength(3);
  });

  test("that makes something is not repeated", async () => {
    answers.push(json({}, 503));
    await expect(api.createChannel({ name: "x" })).rejects.toMatchObject({ code: "INTERNAL" });
    expect(asked).toHaveLength(1);
  });
});

describe("a refusal", () => {
  test("is told in the server's words", async () => {
    answers.push(json({ code: "NAME_TAKEN", message: "There is one." }, 409));
    const failure = await api.createChannel({ name: "x" }).catch((problem: unknown) => problem);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: "NAME_TAKEN", message: "There is one.", status: 409 });
  });

  test("without words still is a sentence", async () => {
    answers.push(new Response("<html>", { status: 403 }));
    const refused = { message: "The server refused this request." };
    await expect(api.createChannel({ name: "x" })).rejects.toMatchObject(refused);
  });
});

test("the server's time is learned from its answers, and small differences are none", () => {
  vi.spyOn(Date, "now").mockReturnValue(Date.parse("2026-11-24T12:00:00.400Z"));
  learnServerTime("Tue, 24 Nov 2026 15:00:00 GMT");
  expect(serverNow() - Date.now()).toBe(3 * 3_600_000 - 400);
  learnServerTime("Tue, 24 Nov 2026 12:00:00 GMT");
  expect(serverNow()).toBe(Date.now());
  learnServerTime("nonsense");
  expect(serverNow()).toBe(Date.now());
});

describe("addresses", () => {
  test.each([
    ["/", { page: "home" }],
    ["/c/general", { page: "channel", channelId: "general", seq: null }],
    ["/c/general/42", { page: "channel", channelId: "general", seq: 42 }],
    ["/c/general/42/", { page: "channel", channelId: "general", seq: 42 }],
    ["/c/a%20b", { page: "home" }],
    ["/c/general/x", { page: "home" }],
    ["/elsewhere", { page: "home" }],
  ])("%s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test("after a sign-in one comes back to a path of ours, never to another host", () => {
    expect(safePath("/c/general/4")).toBe("/c/general/4");
    for (const state of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "javascript:alert(1)",
      7,
      null,
    ]) {
      expect(safePath(state)).toBe("/");
    }
  });
});
