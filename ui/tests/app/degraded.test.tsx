// @vitest-environment happy-dom
/** Browsers that block storage or lack an API: the chat opens and works, and says what it cannot do. */
import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import {
  advance,
  click,
  deliveryState,
  openApp,
  openChat,
  reload,
  sendMessage,
  server,
  setUpChat,
} from "../support/chatPage";

setUpChat();

const real = {
  localStorage: Object.getOwnPropertyDescriptor(globalThis, "localStorage"),
  sessionStorage: Object.getOwnPropertyDescriptor(globalThis, "sessionStorage"),
};

/** As a browser that blocks site data: the first access throws. */
function blockStorage(...names: (keyof typeof real)[]): void {
  for (const name of names)
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        throw new DOMException("The operation is insecure.", "SecurityError");
      },
    });
}

afterEach(() => {
  vi.unstubAllGlobals();
  for (const [name, descriptor] of Object.entries(real))
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
});

test("without storage, the sign-in page is shown, and says why one cannot sign in", async () => {
  blockStorage("localStorage", "sessionStorage");
  await openApp();
  expect(screen.queryByText("Parley cannot open")).toBeNull();
  await click(screen.getByRole("button", { name: "Sign in" }));
  expect(screen.getByRole("alert").textContent).toContain("Allow cookies and site data for this page");
  expect(screen.getByRole("button", { name: "Sign in" }).getAttribute("aria-disabled")).toBe("false");
});

test("without storage, messages are sent and received", async () => {
  blockStorage("localStorage", "sessionStorage");
  await openChat();
  await sendMessage("nothing is stored here");
  await advance();
  expect(deliveryState("nothing is stored here")).toBe("Delivered");
});

test("with storage that throws when it is written, a message written offline is sent after all", async () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("Full.", "QuotaExceededError");
  });
  await openChat();
  server.reachable = false;
  server.cutAll();
  await sendMessage("kept in the page");
  await advance();
  server.reachable = true;
  await advance(10_000);
  expect(deliveryState("kept in the page")).toBe("Delivered");
  await reload();
});

test("without a channel between tabs, the sign-in page is shown", async () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  await openApp();
  expect(screen.getByRole("button", { name: "Sign in" })).toBeTruthy();
});

test("on an address without HTTPS, where the browser offers no random UUID, messages are sent", async () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  await openChat();
  await sendMessage("from the local network");
  await advance();
  expect(deliveryState("from the local network")).toBe("Delivered");
  expect(server.sent.find(({ action }) => action === "sendMessage")).toMatchObject({
    clientMessageId: expect.stringMatching(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ),
  });
});
