// @vitest-environment happy-dom
/** The chat on a device that is used with fingers. */
import { act } from "@testing-library/react";
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
import { setPointer } from "../support/layout";

setUpChat();

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

describe("the drawer with the channels", () => {
  const isOpen = () => document.querySelector("main")?.hasAttribute("inert");
  const open = () => click(main().getByRole("button", { name: "Show channels" }));

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
