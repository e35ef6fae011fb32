/** Signing in, the session of a tab, its renewal, and its end in every tab. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Config } from "../../../src/core/config";
import { Session, safePath } from "../../../src/core/session/session";
import { memoryStorage } from "../../support/browser";

const AUTHORITY = "https://issuer.example/pool";
const KEY = `oidc.user:${AUTHORITY}:client`;
const config = {
  auth: {
    authority: AUTHORITY,
    clientId: "client",
    scopes: "openid profile",
    authorizationEndpoint: "http://localhost/oauth2/authorize",
    tokenEndpoint: "http://localhost/oauth2/token",
    revocationEndpoint: "http://localhost/oauth2/revoke",
    signOutUrl: "http://localhost/logout",
  },
} as Config;

function idToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ iss: AUTHORITY, aud: "client", sub: "u-alice", exp: 4_102_444_800, iat: 1 })}.`;
}

/** Responses of the token endpoint, released by the test; other requests are answered immediately. */
class Hosted {
  readonly asked: string[] = [];
  #answer: (() => void) | undefined;

  install(): void {
    vi.stubGlobal("fetch", (url: string) => {
      this.asked.push(new URL(url).pathname);
      if (!url.endsWith("/token")) return Promise.resolve(new Response(null, { status: 200 }));
      const body = { id_token: idToken(), access_token: "access", token_type: "Bearer", expires_in: 3600 };
      return new Promise<Response>((resolve) => {
        this.#answer = () => resolve(Response.json(body));
      });
    });
  }

  answerRenewal(): void {
    expect(this.#answer, "a renewal is on its way").toBeDefined();
    this.#answer?.();
  }
}

let hosted: Hosted;
let session: Session;
let otherTab: BroadcastChannel;
let local: Storage;
let tab: Storage;

const Channel = BroadcastChannel;
let browsers = 0;

beforeEach(async () => {
  // The tabs of earlier tests belong to another browser.
  browsers += 1;
  const browser = browsers;
  vi.stubGlobal(
    "BroadcastChannel",
    class extends Channel {
      constructor(name: string) {
        super(`${name} ${browser}`);
      }
    },
  );
  local = memoryStorage();
  tab = memoryStorage();
  vi.stubGlobal("localStorage", local);
  vi.stubGlobal("sessionStorage", tab);
  vi.stubGlobal("location", {
    origin: "http://localhost",
    href: "http://localhost/c/general",
    search: "",
    assign: vi.fn(),
  });
  hosted = new Hosted();
  hosted.install();
  local.setItem("parley.signedIn", "yes");
  keep({});
  session = new Session(config);
  otherTab = new BroadcastChannel("parley.session");
  expect(await session.resume()).toBe(true);
});

afterEach(() => {
  otherTab.close();
  vi.unstubAllGlobals();
});

/** Store a session in this tab, which has expired. */
function keep(more: object): void {
  const kept = {
    id_token: idToken(),
    access_token: "access",
    refresh_token: "refresh",
    token_type: "Bearer",
    scope: "openid profile",
    profile: { sub: "u-alice" },
    expires_at: 1,
  };
  tab.setItem(KEY, JSON.stringify({ ...kept, ...more }));
}

/** The session that this tab has stored, as a page load finds it. */
async function reloaded(): Promise<{ session: Session; resumed: boolean; ends: string[] }> {
  session.close();
  session = new Session(config);
  const ends: string[] = [];
  session.onEnd((end) => ends.push(end));
  return { session, resumed: await session.resume(), ends };
}

const expiresIn = (seconds: number) => ({ expires_at: Math.floor(Date.now() / 1_000) + seconds });

const until = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 30_000, interval: 5 });

describe("a renewal in progress", () => {
  test("does not restore the session when another tab signs out", async () => {
    const ends: string[] = [];
    session.onEnd((end) => ends.push(end));
    const token = session.idToken().catch((failure: unknown) => failure);
    await until(() => hosted.asked.includes("/oauth2/token"));
    otherTab.postMessage({ kind: "signed-out" });
    await until(() => ends.length > 0);
    hosted.answerRenewal();
    expect(await token).toMatchObject({ code: "SIGNED_OUT" });
    expect(tab.getItem(KEY)).toBeNull();
    expect(local.getItem("parley.signedIn")).toBeNull();
    expect(ends).toEqual(["signed-out"]);
    await expect(session.idToken()).rejects.toMatchObject({ code: "SIGNED_OUT" });
  });

  test("is awaited, revoked and deleted when this tab signs out", async () => {
    const token = session.idToken().catch((failure: unknown) => failure);
    await until(() => hosted.asked.includes("/oauth2/token"));
    const out = session.signOut(async () => undefined);
    hosted.answerRenewal();
    await Promise.all([token, out]);
    expect(hosted.asked).toEqual(["/oauth2/token", "/oauth2/revoke"]);
    expect(tab.getItem(KEY)).toBeNull();
    expect(local.getItem("parley.signedIn")).toBeNull();
    expect(location.assign).toHaveBeenCalledOnce();
  });
});

test("a sign-out ends the other tabs before it ends the session on the server", async () => {
  const received = new Promise<unknown>((resolve) => {
    otherTab.onmessage = ({ data }) => resolve(data);
  });
  let before: unknown;
  await session.signOut(async () => {
    before = await received;
  });
  expect(before).toEqual({ kind: "signed-out" });
  await expect(session.idToken()).rejects.toMatchObject({ code: "SIGNED_OUT" });
});

test("a sign-out without the network deletes the tokens here, and leaves the page", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await session.signOut(async () => undefined);
  expect(tab.getItem(KEY)).toBeNull();
  expect(local.getItem("parley.signedIn")).toBeNull();
  expect(location.assign).toHaveBeenCalledOnce();
});

test("a session that is refused during its sign-out does not end a second time", async () => {
  const ends: string[] = [];
  session.onEnd((end) => ends.push(end));
  vi.stubGlobal("fetch", async () => Response.json({ error: "invalid_grant" }, { status: 400 }));
  await session.signOut(async () => {
    await expect(session.idToken({ fresh: true })).rejects.toMatchObject({ code: "SIGNED_OUT" });
  });
  expect(ends).toEqual([]);
});

describe("a token", () => {
  test("that expires within a minute is renewed before it is used", async () => {
    keep(expiresIn(50));
    await reloaded();
    const token = session.idToken();
    await until(() => hosted.asked.includes("/oauth2/token"));
    hosted.answerRenewal();
    expect(await token).toBe(idToken());
  });

  test("that is valid for longer is used without a request", async () => {
    keep({ id_token: "valid", ...expiresIn(70) });
    expect((await reloaded()).resumed).toBe(true);
    expect(await session.idToken()).toBe("valid");
    expect(hosted.asked).toEqual([]);
  });
});

describe("a session that has expired", () => {
  const respond = (response: () => Promise<Response>) => vi.stubGlobal("fetch", response);

  test("is not resumed without a refresh token", async () => {
    keep({ refresh_token: undefined });
    expect((await reloaded()).resumed).toBe(false);
  });

  test("ends if it cannot be renewed without a refresh token; one may sign in again without a click", async () => {
    keep({ refresh_token: undefined, ...expiresIn(30) });
    const { resumed, ends } = await reloaded();
    expect(resumed).toBe(true);
    await expect(session.idToken()).rejects.toMatchObject({ code: "SIGNED_OUT" });
    expect(ends).toEqual(["expired"]);
    expect(tab.getItem(KEY)).toBeNull();
    expect(session.hasSignedInBefore).toBe(true);
  });

  test("ends if the user pool refuses to renew it", async () => {
    const { ends } = await reloaded();
    respond(async () => Response.json({ error: "invalid_grant" }, { status: 400 }));
    await expect(session.idToken()).rejects.toMatchObject({ code: "SIGNED_OUT" });
    expect(ends).toEqual(["expired"]);
    expect(tab.getItem(KEY)).toBeNull();
    expect(session.hasSignedInBefore).toBe(true);
  });

  test("is kept if the user pool cannot be reached, and renewed when it can", async () => {
    const { ends } = await reloaded();
    respond(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(session.idToken()).rejects.toMatchObject({ code: "UNREACHABLE" });
    hosted.install();
    const token = session.idToken();
    await until(() => hosted.asked.includes("/oauth2/token"));
    hosted.answerRenewal();
    expect(await token).toBe(idToken());
    expect(ends).toEqual([]);
  });
});

test("the library that renews a session is loaded again after a failure", async () => {
  await reloaded();
  vi.doMock("oidc-client-ts", () => {
    throw new Error("Failed to fetch dynamically imported module");
  });
  await expect(session.idToken()).rejects.toMatchObject({ code: "UNREACHABLE" });
  vi.doUnmock("oidc-client-ts");
  const token = session.idToken();
  await until(() => hosted.asked.includes("/oauth2/token"));
  hosted.answerRenewal();
  expect(await token).toBe(idToken());
});

describe("signing in", () => {
  const replaced: string[] = [];

  /** Open the hosted page from this address. The result is the address to which it returns, with this answer. */
  async function openHostedPage(path: string, answer: string): Promise<string> {
    tab.removeItem(KEY);
    const opened = vi.fn();
    const [pathname, search = ""] = path.split(/(?=\?)/);
    const page = { origin: "http://localhost", pathname, search, assign: opened };
    vi.stubGlobal("location", { ...page, href: `http://localhost${path}` });
    vi.stubGlobal("window", { self: { location: page }, location: page, addEventListener: () => undefined });
    void session.signIn();
    await until(() => opened.mock.calls.length > 0);
    const state = new URL(String(opened.mock.calls[0]?.[0])).searchParams.get("state") ?? "";
    return `http://localhost/?${answer}&state=${state}`;
  }

  function returnTo(address: string): void {
    replaced.length = 0;
    const replaceState = (_data: unknown, _title: string, path: string) => replaced.push(path);
    vi.stubGlobal("history", { replaceState });
    const page = { origin: "http://localhost", href: address, search: new URL(address).search };
    vi.stubGlobal("location", page);
    vi.stubGlobal("window", { location: page });
  }

  test("returns to the address from which the hosted page was opened", async () => {
    const address = await openHostedPage("/c/general/4?from=mail", "code=made-up");
    // No second attempt without a click while the first one is not completed.
    expect(session.hasSignedInBefore).toBe(false);
    returnTo(address);
    const reload = reloaded();
    await until(() => hosted.asked.includes("/oauth2/token"));
    hosted.answerRenewal();
    expect((await reload).resumed).toBe(true);
    expect(replaced).toEqual(["/c/general/4?from=mail"]);
    expect(await session.idToken()).toBe(idToken());
    expect(session.hasSignedInBefore).toBe(true);
  });

  test("that the hosted page refuses removes its answer from the address, and is not tried again without a click", async () => {
    returnTo(await openHostedPage("/", "error=access_denied"));
    await expect(reloaded()).rejects.toThrow("access_denied");
    expect(replaced).toEqual(["/"]);
    expect(session.hasSignedInBefore).toBe(false);
  });
});

describe("a new tab", () => {
  const bobs = JSON.stringify({ id_token: "bobs", profile: { sub: "u-bob" }, expires_at: 4_102_444_800 });

  beforeEach(() => {
    tab.removeItem(KEY);
    otherTab.onmessage = ({ data }) => {
      if (data.kind === "ask") otherTab.postMessage({ kind: "session", user: bobs });
    };
  });

  test("has the session of an open one, also after a reload without it", async () => {
    expect((await reloaded()).resumed).toBe(true);
    expect(await session.idToken()).toBe("bobs");
    otherTab.onmessage = null;
    expect((await reloaded()).resumed).toBe(true);
    expect(await session.idToken()).toBe("bobs");
  });

  test("has none after a sign-out, also if another tab still has one", async () => {
    local.removeItem("parley.signedIn");
    expect((await reloaded()).resumed).toBe(false);
  });
});

test("a renewal keeps the session if no tab signs out", async () => {
  const token = session.idToken();
  await until(() => hosted.asked.includes("/oauth2/token"));
  hosted.answerRenewal();
  expect(await token).toBe(idToken());
  expect(tab.getItem(KEY)).not.toBeNull();
});

describe("two tabs of one session", () => {
  /** The locks of the browser, one holder at a time. */
  function installLocks(): void {
    let last: Promise<unknown> = Promise.resolve();
    const request = (_name: string, work: () => Promise<unknown>) => {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    };
    vi.stubGlobal("navigator", { onLine: true, locks: { request } });
  }

  /** A user pool whose refresh tokens can be used once. */
  function installRotation(): string[] {
    const used: string[] = [];
    vi.stubGlobal("fetch", async (_url: string, { body }: { body: URLSearchParams }) => {
      const token = body.get("refresh_token") ?? "";
      if (used.includes(token)) return Response.json({ error: "invalid_grant" }, { status: 400 });
      used.push(token);
      return Response.json({
        id_token: idToken(),
        access_token: "access",
        refresh_token: `${token}+`,
        token_type: "Bearer",
        expires_in: 3600,
      });
    });
    return used;
  }

  test("never use one refresh token twice, and both keep the session", async () => {
    installLocks();
    const used = installRotation();
    const second = new Session(config);
    expect(await second.resume()).toBe(true);
    const ends: string[] = [];
    for (const each of [session, second]) each.onEnd((end) => ends.push(end));
    const tokens = await Promise.all([session.idToken(), second.idToken()]);
    expect(tokens).toEqual([idToken(), idToken()]);
    expect(used).toEqual(["refresh"]);
    // Both have the new refresh token.
    await second.idToken({ fresh: true });
    expect(used).toEqual(["refresh", "refresh+"]);
    expect(ends).toEqual([]);
  });

  test("renew the session without another tab that has the newer one", async () => {
    installLocks();
    const used = installRotation();
    local.setItem("parley.renewedUntil", "5");
    expect(await session.idToken()).toBe(idToken());
    expect(used).toEqual(["refresh"]);
  });

  test("renew the session if that of the other tab is not a later one", async () => {
    installLocks();
    const used = installRotation();
    local.setItem("parley.renewedUntil", "5");
    otherTab.onmessage = () => otherTab.postMessage({ kind: "session", user: tab.getItem(KEY) });
    expect(await session.idToken()).toBe(idToken());
    expect(used).toEqual(["refresh"]);
  });

  test("do not take over the session of another user", async () => {
    installLocks();
    const used = installRotation();
    local.setItem("parley.renewedUntil", "5");
    const bobs = { id_token: "bobs", profile: { sub: "u-bob" }, expires_at: 4_102_444_800 };
    otherTab.onmessage = () => otherTab.postMessage({ kind: "session", user: JSON.stringify(bobs) });
    expect(await session.idToken()).toBe(idToken());
    expect(used).toEqual(["refresh"]);
  });
});

test.each(["code=x&state=y", "error=access_denied&state=y"])(
  "a link that looks like the end of a sign-in leaves the session as it is: %s",
  async (search) => {
    const replaceState = vi.fn();
    vi.stubGlobal("window", globalThis);
    vi.stubGlobal("history", { replaceState });
    vi.stubGlobal("location", { ...location, href: `http://localhost/?${search}`, search: `?${search}` });
    expect(await new Session(config).resume()).toBe(true);
    expect(replaceState).toHaveBeenCalledWith(null, "", "/");
    expect(hosted.asked).toEqual([]);

    tab.clear();
    local.clear();
    await expect(new Session(config).resume()).rejects.toThrow();
  },
);

test("after sign-in only a path of this site is opened, never another host", () => {
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
