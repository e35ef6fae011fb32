/**
 * Alice's browser: the real screens with the real store and the real chat, in a DOM without a layout, against the
 * fake server. Time is virtual; it passes where a test says so.
 */
import { act, cleanup, configure, render, screen, within } from "@testing-library/react";
import { PointerEventsCheckLevel, type UserEvent, userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, vi } from "vitest";
import ChatScreen, { Chat as RealChat } from "../../src/app/ChatScreen";
import type { Chat } from "../../src/core/chat/chat";
import type { Config } from "../../src/core/config";
import { syncRoute } from "../../src/core/router";
import { initialState } from "../../src/core/state/model";
import { change } from "../../src/core/state/store";
import { FakeServer } from "./fakeServer";
import { installLayout } from "./layout";

/** Long enough for a request and its answer, a frame, a chunk, and the list's measuring. */
const MOMENT_MS = 200;
const STEPS = 5;
/** React says so of `search`, which this DOM does not know. */
const UNKNOWN_ELEMENT = "is unrecognized in this browser";

// What is hidden is for the tests in a real browser: without styles there is nothing to know of it, and asking is slow.
configure({ defaultHidden: true, getElementError: (text) => new Error(text ?? "Not found.") });

// Chunks come from memory, as they do once the page has fetched them ahead.
await Promise.all([
  import("../../src/features/channel/ChannelDialogs"),
  import("../../src/features/emoji/EmojiPicker"),
  import("../../src/features/settings/SettingsDialog"),
  import("../../src/app/ShortcutsDialog"),
  import("../../src/features/search/Switcher"),
]);

/** How often the session was renewed. */
export let renewals = 0;

const session = {
  idToken: async ({ fresh } = { fresh: false }) => {
    if (fresh) renewals += 1;
    return "token";
  },
};
const config = {
  apiUrl: "/api",
  websocketUrl: "ws://localhost/socket",
  stage: "test",
  console: {},
  inspector: false,
  inspectorApi: null,
} as unknown as Config;

export let server: FakeServer;
export let chat: Chat;
export let user: UserEvent;
let consoleErrors: string[] = [];

/** Each test has a server of its own, an empty store and storage, and begins at the same moment. */
export function setUpChat(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) });
    renewals = 0;
    consoleErrors = [];
    vi.spyOn(console, "error").mockImplementation((...what) =>
      consoleErrors.push(what.map(String).join(" ")),
    );
    // What Testing Library looks for to know that time is virtual.
    vi.stubGlobal("jest", { advanceTimersByTime: vi.advanceTimersByTime });
    installLayout();
    localStorage.clear();
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

/** Open the chat at an address, as a page load does, with these settings of the stage. */
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

/** Close the page; what it keeps stays. */
export function closePage(): void {
  cleanup();
  chat?.stop();
}

export async function reload(): Promise<void> {
  closePage();
  await openChat(location.pathname);
}

/** Let time pass, with all that falls due. React draws at the end of each step, and may ask for more then. */
export async function advance(ms = MOMENT_MS): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) await act(() => vi.advanceTimersByTimeAsync(ms / STEPS));
}

/** Another tab takes this one's place on screen, or gives it back. */
export async function hideTab(hidden: boolean): Promise<void> {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(hidden ? "hidden" : "visible");
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
  await advance();
}

// --- what stands on screen

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

/** The texts of the messages on screen, from above. */
export function texts(): string[] {
  return [...log().querySelectorAll(".markdown")].map((each) => each.textContent?.trim() ?? "");
}

export function channelLink(name: string): HTMLElement {
  return sidebar().getByRole("link", { name: new RegExp(`^${name}(?=[ ,]|$)`) });
}

/** How far a message of one's own has come. */
export function deliveryState(text: string): string | null {
  return message(text).queryByRole("img")?.getAttribute("aria-label") ?? null;
}

// --- what she does

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
