// @vitest-environment happy-dom
/** The chat on a device that is used with fingers. */
import { act, fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import {
  advance,
  channelLink,
  click,
  composer,
  deliveryState,
  log,
  main,
  message,
  openChat,
  pressKeys,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";
import { setNarrow, setPointer } from "../support/layout";

setUpChat();

/** The entries of the browser's history, which this DOM does not keep. */
function keepHistory(): { entries: { state: unknown; path: string }[]; back: () => void } {
  const entries = [{ state: null as unknown, path: location.pathname }];
  const pushState = history.pushState.bind(history);
  const replaceState = history.replaceState.bind(history);
  const back = () => {
    entries.pop();
    const { state, path } = entries.at(-1) ?? { state: null, path: "/" };
    replaceState(state, "", path);
    act(() => void dispatchEvent(new PopStateEvent("popstate", { state })));
  };
  vi.spyOn(history, "pushState").mockImplementation((state, title, path) => {
    pushState(state, title, path);
    entries.push({ state, path: location.pathname });
  });
  vi.spyOn(history, "replaceState").mockImplementation((state, title, path) => {
    replaceState(state, title, path);
    entries.splice(-1, 1, { state, path: location.pathname });
  });
  vi.spyOn(history, "back").mockImplementation(back);
  return { entries, back };
}

describe("Enter", () => {
  test("makes a new line with a keyboard on screen, and the button sends", async () => {
    setPointer("coarse");
    await openChat();
    await user.type(composer(), "first{Enter}second");
    expect([composer().value, server.log]).toEqual(["first\nsecond", []]);
    expect(composer().getAttribute("enterkeyhint")).toBe("enter");
    await click(main().getByRole("button", { name: "Send message" }));
    expect(server.log.map(({ text }) => text)).toEqual(["first\nsecond"]);
  });

  test("makes a new line in an edit too, and sends with Ctrl", async () => {
    setPointer("coarse");
    server.storeMessage(ALICE, "first");
    await openChat();
    await click(message("first").getByRole("button", { name: "Edit" }));
    await user.type(composer(), "{Enter}second");
    expect(server.log[0]?.text).toBe("first");
    await pressKeys("{Control>}{Enter}{/Control}");
    expect(server.log[0]?.text).toBe("first\nsecond");
  });

  test("sends with a mouse and a keyboard", async () => {
    await openChat();
    await user.type(composer(), "hello{Enter}");
    await advance();
    expect(deliveryState("hello")).toBe("Delivered");
    expect(composer().getAttribute("enterkeyhint")).toBe("send");
  });
});

describe("the toolbar of a message", () => {
  async function openWithMessage(): Promise<HTMLElement> {
    setPointer("coarse");
    server.storeMessage(ALICE, "first");
    await openChat();
    return message("first").getByRole("button", { name: "Quote" });
  }

  test("ignores the click of the tap that shows it under the finger", async () => {
    const quote = await openWithMessage();
    fireEvent.pointerDown(message("first").article);
    fireEvent.click(quote, { detail: 1 });
    expect(composer().value).toBe("");
    fireEvent.pointerDown(quote);
    fireEvent.click(quote, { detail: 1 });
    expect(composer().value).toContain("> first");
  });

  test("ignores it also after a touch of the toolbar that became a scroll", async () => {
    const quote = await openWithMessage();
    fireEvent.pointerDown(quote);
    fireEvent.pointerCancel(quote);
    fireEvent.pointerDown(message("first").article);
    fireEvent.click(quote, { detail: 1 });
    expect(composer().value).toBe("");
  });

  test("accepts the clicks of keys and of screen readers, which press nothing", async () => {
    const quote = await openWithMessage();
    fireEvent.click(quote, { detail: 0 });
    expect(composer().value).toContain("> first");
  });
});

describe("the drawer with the channels", () => {
  const isOpen = () => document.querySelector("main")?.hasAttribute("inert");
  const open = () => click(main().getByRole("button", { name: "Show channels" }));

  test("closes with the browser's Back, which stays in the channel", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    const kept = keepHistory();
    await open();
    expect(isOpen()).toBe(true);
    kept.back();
    await advance();
    expect(isOpen()).toBe(false);
    expect(log().getAttribute("aria-label")).toBe("Messages in general");
    expect(kept.entries.map(({ path }) => path)).toEqual(["/c/general"]);
  });

  test("closes when the page becomes wide, where the channel must not stay inert", async () => {
    await openChat();
    const kept = keepHistory();
    setNarrow(true);
    await open();
    setNarrow(false);
    await advance();
    expect([isOpen(), kept.entries.length]).toEqual([false, 1]);
  });

  test.each<[string, () => Promise<void> | void]>([
    ["Escape", () => pressKeys("{Escape}")],
    ["a tap outside it", () => click(screen.getByRole("button", { name: "Hide channels" }))],
    ["the browser's Back", () => history.back()],
    ["the channel that is open", () => click(channelLink("general"))],
  ])("returns the focus to its button after %s", async (_what, close) => {
    setPointer("coarse");
    server.add("before general", [ALICE]);
    await openChat("/c/general");
    keepHistory();
    setNarrow(true);
    await open();
    expect(document.activeElement).toBe(channelLink("general"));
    await close();
    await advance();
    expect(isOpen()).toBe(false);
    expect(document.activeElement).toBe(main().getByRole("button", { name: "Show channels" }));
  });

  test("leaves the focus to the message field of another channel", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    keepHistory();
    setNarrow(true);
    await open();
    await click(channelLink("elsewhere"));
    expect(isOpen()).toBe(false);
    expect(document.activeElement).toBe(composer());
  });

  test("leaves no entry in the history", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    const kept = keepHistory();
    await open();
    await pressKeys("{Escape}");
    expect([isOpen(), kept.entries.length]).toEqual([false, 1]);
    await open();
    await click(channelLink("elsewhere"));
    expect([isOpen(), kept.entries.map(({ path }) => path)]).toEqual([
      false,
      ["/c/general", "/c/c-elsewhere"],
    ]);
    kept.back();
    await advance();
    expect(log().getAttribute("aria-label")).toBe("Messages in general");
  });
});

describe("a side panel, which covers the channel of a narrow page", () => {
  const panel = (name: string) => screen.queryByRole("complementary", { name });

  async function search(text: string): Promise<void> {
    await click(main().getByRole("button", { name: "Search in this channel" }));
    await user.keyboard(text);
    await pressKeys("{Enter}");
  }

  const result = () => within(panel("Search") ?? document.body).getByRole("link", { name: /look here/ });

  test("closes with the browser's Back, which stays in the channel", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    const kept = keepHistory();
    await click(channelLink("elsewhere"));
    setNarrow(true);
    await click(screen.getByRole("button", { name: "Members, 1" }));
    kept.back();
    await advance();
    expect(panel("Members")).toBeNull();
    expect(log().getAttribute("aria-label")).toBe("Messages in elsewhere");
    expect(kept.entries.map(({ path }) => path)).toEqual(["/c/general", "/c/c-elsewhere"]);
  });

  test("leaves no entry in the history, however it closes", async () => {
    const { seq } = server.storeMessage("u-bob", "look here");
    await openChat();
    const kept = keepHistory();
    setNarrow(true);
    await click(screen.getByRole("button", { name: "Members, 2" }));
    expect(kept.entries.length).toBe(2);
    await click(screen.getByRole("button", { name: "Close members" }));
    expect([panel("Members"), kept.entries.length]).toEqual([null, 1]);
    await search("look");
    await click(result());
    expect(kept.entries.map(({ path }) => path)).toEqual(["/c/general", `/c/general/${seq}`]);
  });

  test("stays with the browser's Back on a wide page, where it is next to the channel", async () => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    const kept = keepHistory();
    await click(channelLink("elsewhere"));
    await click(screen.getByRole("button", { name: "Members, 1" }));
    kept.back();
    await advance();
    expect(log().getAttribute("aria-label")).toBe("Messages in general");
    expect(panel("Members")).toBeTruthy();
  });

  test("closes when a result of the search is opened", async () => {
    const { seq } = server.storeMessage("u-bob", "look here");
    await openChat();
    setNarrow(true);
    await search("look");
    await click(result());
    expect(panel("Search")).toBeNull();
    expect(location.pathname).toBe(`/c/general/${seq}`);
  });

  test("closes when a direct message is opened from the members, not while it is requested", async () => {
    await openChat();
    setNarrow(true);
    await click(screen.getByRole("button", { name: "Members, 2" }));
    await user.click(screen.getByRole("button", { name: "Message bob" }));
    expect(panel("Members")).toBeTruthy();
    await advance();
    expect(panel("Members")).toBeNull();
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("bob");
  });

  test("stays open on a wide page, for the next result", async () => {
    server.storeMessage("u-bob", "look here");
    await openChat();
    await search("look");
    await click(result());
    expect(result()).toBeTruthy();
  });
});
