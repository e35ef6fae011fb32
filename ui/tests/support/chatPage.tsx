/**
 * Alice's page: the real screens, store and chat in a DOM without layout, against the fake server. Time is virtual
 * and advances only where a test calls `advance`.
 */
import { act, cleanup, configure, render, screen, within } from "@testing-library/react";
import { PointerEventsCheckLevel, type UserEvent, userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { App } from "../../src/app/App";
import ChatScreen, { Chat as RealChat } from "../../src/app/ChatScreen";
import type { Chat } from "../../src/core/chat/chat";
import type { Config } from "../../src/core/config";
import { syncRoute } from "../../src/core/router";
import { initialState } from "../../src/core/state/model";
import { change } from "../../src/core/state/store";
import { installEditing } from "./editing";
import { FakeServer } from "./fakeServer";
import { installLayout } from "./layout";

/** Long enough for a request and its response, a frame, a chunk, and the measuring of the list. */
const MOMENT_MS = 200;
const STEPS = 5;
/** React warns about `search`, an element that this DOM does not implement. */
const UNKNOWN_ELEMENT = "is unrecognized in this browser";

// Hidden elements are tested in a real browser: without styles nothing is hidden here, and checking is slow.
configure({ defaultHidden: true, getElementError: (text) => new Error(text ?? "Not found.") });

// Load the chunks first, as the page does when it prefetches them.
await Promise.all([
  import("../../src/features/channel/BrowseChannels"),
  import("../../src/features/channel/CreateChannel"),
  import("../../src/features/channel/NoChannel"),
  import("../../src/features/emoji/EmojiPicker"),
  import("../../src/features/people/MembersPanel"),
  import("../../src/features/emoji/suggestEmojis"),
  import("../../src/features/settings/SettingsDialog"),
  import("../../src/app/ShortcutsDialog"),
  import("../../src/features/search/Switcher"),
]);

/** The number of session renewals. */
export let renewals = 0;

const session = {
  idToken: async ({ fresh } = { fresh: false }) => {
    if (fresh) renewals += 1;
    return "token";
  },
};
export const config = {
  apiUrl: "/api",
  websocketUrl: "ws://localhost/socket",
  auth: {
    authority: "https://issuer.example/pool",
    clientId: "client",
    scopes: "openid",
    authorizationEndpoint: "http://localhost/oauth2/authorize",
    tokenEndpoint: "http://localhost/oauth2/token",
    revocationEndpoint: "http://localhost/oauth2/revoke",
    signOutUrl: "http://localhost/logout",
  },
  stage: "test",
  console: {},
  inspector: false,
  inspectorApi: null,
} as unknown as Config;

export let server: FakeServer;
export let chat: Chat;
export let user: UserEvent;
/** The chats that the application has started. */
let ofApp: { readonly contexts: unknown[] } | null = null;
let consoleErrors: string[] = [];

/** Each test has its own server, an empty store and storage, and starts at the same time. */
export function setUpChat(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) });
    renewals = 0;
    consoleErrors = [];
    vi.spyOn(console, "error").mockImplementation((...what) =>
      consoleErrors.push(what.map(String).join(" ")),
    );
    // Testing Library checks this to detect fake timers.
    vi.stubGlobal("jest", { advanceTimersByTime: vi.advanceTimersByTime });
    installLayout();
    installEditing();
    localStorage.clear();
    sessionStorage.clear();
    server = new FakeServer();
    server.install();
    user = userEvent.setup({ delay: null, pointerEventsCheck: PointerEventsCheckLevel.Never });
  });

  afterEach(() => {
    closePage();
    vi.restoreAllMocks();
    vi.useRealTimers();
    expect(consoleErrors.filter((text) => !text.includes(UNKNOWN_ELEMENT))).toEqual([]);
  });
}

/** Open the chat at a path, as a page load does, with these settings of the stage. */
export async function openChat(path = "/c/general", settings: Partial<Config> = {}): Promise<void> {
  history.replaceState(null, "", path);
  syncRoute();
  change(() => initialState);
  chat = new RealChat({ ...config, ...settings }, session as never);
  let begun = false;
  const started = chat.start().finally(() => {
    begun = true;
  });
  while (!begun) await advance();
  await started;
  render(<ChatScreen chat={chat} />);
  await advance();
}

/** Open the application, which loads the configuration and the session first. */
export async function openApp(): Promise<void> {
  history.replaceState(null, "", "/");
  const { intercept } = server;
  server.intercept = (method, path, init) =>
    path === "/config.json" ? Response.json(config) : intercept(method, path, init);
  ofApp = vi.spyOn(RealChat.prototype, "start").mock;
  render(<App />);
  await advance();
  await advance();
}

/** Close the page; its storage remains. */
export function closePage(): void {
  cleanup();
  chat?.stop();
  for (const each of ofApp?.contexts ?? []) (each as RealChat).stop();
  ofApp = null;
}

export async function reload(): Promise<void> {
  closePage();
  await openChat(location.pathname);
}

/** Advance time and run due timers, in steps: React renders after each step and may start new timers. */
export async function advance(ms = MOMENT_MS): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) await act(() => vi.advanceTimersByTimeAsync(ms / STEPS));
}

/** Hide or show the tab. */
export async function hideTab(hidden: boolean): Promise<void> {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(hidden ? "hidden" : "visible");
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
  await advance();
}

// --- queries

export const log = () => screen.getByRole("log");
export const composer = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
export const sidebar = () => within(screen.getByRole("navigation", { name: "Channels and people" }));
export const main = () => within(screen.getByRole("main"));

/** The messages on screen that contain a text. */
export function messages(text: string | RegExp): HTMLElement[] {
  const has = (article: HTMLElement) => {
    const content = article.textContent ?? "";
    return typeof text === "string" ? content.includes(text) : text.test(content);
  };
  return within(log()).queryAllByRole("article").filter(has);
}

/** The one message on screen that contains a text. */
export function message(text: string | RegExp) {
  const found = messages(text);
  expect(found, `messages with ${text}`).toHaveLength(1);
  const [article] = found;
  if (!article) throw new Error("No such message.");
  return Object.assign(within(article), { article });
}

/** The texts of the messages on screen, from top to bottom. */
export function texts(): string[] {
  return [...log().querySelectorAll(".Markdown_markdown")].map((each) => each.textContent?.trim() ?? "");
}

export function channelLink(name: string): HTMLElement {
  return sidebar().getByRole("link", { name: new RegExp(`^${name}(?=[ ,]|$)`) });
}

/** The delivery state of an own message. */
export function deliveryState(text: string): string | null {
  return message(text).queryByRole("img")?.getAttribute("aria-label") ?? null;
}

// --- actions

export async function sendMessage(text: string): Promise<void> {
  composer().focus();
  await user.paste(text);
  await user.keyboard("{Enter}");
}

export async function pressKeys(keys: string): Promise<void> {
  await user.keyboard(keys);
  await advance();
}

export async function click(element: HTMLElement): Promise<void> {
  await user.click(element);
  await advance();
}
