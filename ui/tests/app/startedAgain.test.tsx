// @vitest-environment happy-dom
/** A chat that could not start is followed by another: responses to the first one come too late. */
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { store } from "../../src/core/state/store";
import {
  advance,
  chat,
  closePage,
  config,
  openApp,
  openChat,
  server,
  setUpChat,
  texts,
} from "../support/chatPage";
import { ALICE, errorResponse } from "../support/fakeServer";
import { FakeBroadcastChannel, installTabs, openChannels } from "../support/tabs";

setUpChat();

test("messages that were requested before the chat started again replace nothing", async () => {
  const before = server.storeMessage("u-bob", "before");
  let respond: () => void = () => undefined;
  server.intercept = (_method, path) =>
    path.includes("/messages")
      ? new Promise((resolve) => {
          const page = JSON.stringify({ items: [before], hasMore: false, searchedTo: null });
          respond = () => resolve(new Response(page));
        })
      : null;
  await openChat();
  const first = chat;
  closePage();
  server.intercept = () => null;
  await openChat();
  expect(chat).not.toBe(first);
  server.postMessage(server.general, "u-bob", "after");
  await advance();
  expect(texts()).toEqual(["before", "after"]);
  respond();
  await advance();
  expect(texts()).toEqual(["before", "after"]);
});

function signIn(): void {
  installTabs();
  const { authority, clientId } = config.auth;
  const signedIn = { id_token: "token", expires_at: Date.now() / 1_000 + 3_600, profile: { sub: ALICE } };
  sessionStorage.setItem(`oidc.user:${authority}:${clientId}`, JSON.stringify(signedIn));
}

test("a sign-out in another tab while the chat starts leads to the sign-in page, and no socket opens", async () => {
  signIn();
  let respond: () => void = () => undefined;
  server.intercept = (_method, path) =>
    path === "/api/me"
      ? new Promise((resolve) => {
          respond = () => resolve(Response.json(server.people.get(ALICE)));
        })
      : null;
  await openApp();
  new FakeBroadcastChannel("parley.session").postMessage({ kind: "signed-out" });
  await advance();
  respond();
  await advance(5_000);
  expect(screen.getByText("You signed out in another tab.")).toBeTruthy();
  expect(screen.queryByRole("log")).toBeNull();
  expect(store.getState().connection.status).toBe("stopped");
});

test("a chat that starts slowly after a failure is not started a second time meanwhile", async () => {
  signIn();
  let asked = 0;
  let respond: () => void = () => undefined;
  server.intercept = (_method, path) => {
    if (path !== "/api/me") return null;
    asked += 1;
    if (asked === 1) return errorResponse("INVALID_REQUEST", "No (made up).", 400);
    return new Promise((resolve) => {
      respond = () => resolve(Response.json(server.people.get(ALICE)));
    });
  };
  await openApp();
  expect(screen.getByText("Parley cannot open")).toBeTruthy();
  for (let second = 0; second < 14; second += 1) await advance(1_000);
  expect(asked).toBe(2);
  respond();
  await advance();
  await advance();
  expect(screen.getByRole("log", { name: "Messages in general" })).toBeTruthy();
  expect(server.sockets.size).toBe(1);
});

test("a chat that starts at last, after many failures, leaves nothing of those before it", async () => {
  signIn();
  let failed = 0;
  let down = true;
  server.intercept = (_method, path) => {
    if (path !== "/api/me" || !down) return null;
    failed += 1;
    return errorResponse("INTERNAL", "Something went wrong (made up).", 500);
  };
  await openApp();
  for (let second = 0; second < 60; second += 1) await advance(1_000);
  expect(screen.getByText("Parley cannot open")).toBeTruthy();
  expect(failed).toBeGreaterThan(10);
  expect(openChannels("parley.session")).toBeLessThanOrEqual(1);
  down = false;
  await advance(6_000);
  await advance();
  expect(screen.getByRole("log", { name: "Messages in general" })).toBeTruthy();
  expect(openChannels("parley.session")).toBe(1);
});
