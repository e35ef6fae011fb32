// @vitest-environment happy-dom
/** Empty, loading and error states, and what the user can do in each. */
import { act, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { setNotificationsEnabled } from "../../src/core/notifications";
import { navigate, syncRoute } from "../../src/core/router";
import {
  advance,
  channelLink,
  click,
  closePage,
  composer,
  deliveryState,
  hideTab,
  log,
  main,
  messages,
  openChat,
  pressKeys,
  sendMessage,
  server,
  setUpChat,
  texts,
  user,
} from "../support/chatPage";
import { ALICE, errorResponse } from "../support/fakeServer";
import { FakeBroadcastChannel, installTabs } from "../support/tabs";

setUpChat();

test("the first visit opens general with the composer focused", async () => {
  const pushed = vi.spyOn(history, "pushState");
  await openChat("/");
  // Back leaves the page, and does not lead here again.
  expect(pushed).not.toHaveBeenCalled();
  expect(location.pathname).toBe("/c/general");
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("general");
  expect(document.activeElement).toBe(composer());
  expect(composer().placeholder).toBe("Message #general");
});

describe("an address without a channel opens", () => {
  test("the channel that was open last", async () => {
    const other = server.add("other", [ALICE, "u-bob"]);
    await openChat(`/c/${other.channelId}`);
    closePage();
    await openChat("/");
    expect(location.pathname).toBe(`/c/${other.channelId}`);
  });

  test("not one that the user only looked at", async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat(`/c/${open.channelId}`);
    history.replaceState(null, "", "/");
    act(syncRoute);
    await advance();
    expect(location.pathname).toBe("/c/general");
  });

  test("a channel rather than a direct message", async () => {
    server.channels.delete("general");
    server.postMessage(server.add("direct bob", ["u-bob", ALICE], "direct"), "u-bob", "psst");
    const tea = server.add("tea", [ALICE]);
    await openChat("/");
    expect(location.pathname).toBe(`/c/${tea.channelId}`);
  });
});

test("an empty channel shows a hint until the first message", async () => {
  const fresh = server.add("fresh", [ALICE]);
  await openChat(`/c/${fresh.channelId}`);
  expect(log().textContent).toContain("No messages yet. Only its members can find and read this channel.");
  expect(log().textContent).toContain("Write the first message below.");
  await sendMessage("here I am");
  await advance();
  expect(deliveryState("here I am")).toBe("Delivered");
  expect(log().textContent).not.toContain("Write the first message below.");
});

test("the message field names the channel, with # only if it is public", async () => {
  server.add("plans", [ALICE]);
  const direct = server.add("direct bob", ["u-bob", ALICE], "direct");
  server.postMessage(direct, "u-bob", "hello");
  await openChat();
  expect(composer().placeholder).toBe("Message #general");
  await click(channelLink("plans"));
  expect(composer().placeholder).toBe("Message plans");
  await click(channelLink("bob"));
  expect(composer().placeholder).toBe("Message bob");
});

test('an unknown channel shows "Channel not found" and two actions', async () => {
  await openChat("/c/00000000-0000-4000-8000-000000000000");
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Channel not found");
  await click(main().getByRole("button", { name: "Create a channel" }));
  expect(screen.getByRole("dialog", { name: "Create a channel" })).toBeTruthy();
  await click(screen.getByRole("button", { name: "Cancel" }));
  await click(main().getByRole("button", { name: "Browse channels" }));
  expect(screen.getByRole("dialog", { name: "Browse channels" })).toBeTruthy();
});

describe("a channel of the address that could not be loaded", () => {
  const heading = () => screen.getByRole("heading", { level: 1 }).textContent;
  const throttled = () => errorResponse("RATE_LIMITED", "Too many requests (made up).", 429);
  const requests = (path: string) => server.requests.filter((request) => request === `GET ${path}`).length;

  test("is not called missing, and is shown after another try", async () => {
    const open = server.add("open", ["u-bob"], "public");
    const path = `/api/channels/${open.channelId}`;
    server.intercept = (_method, asked) => (asked === path ? throttled() : null);
    await openChat(`/c/${open.channelId}`);
    await advance(5_000);
    expect(heading()).toBe("This channel could not be loaded");
    // Not without end while the server refuses.
    const before = requests(path);
    server.postMessage(server.general, "u-bob", "elsewhere");
    await advance(30_000);
    expect(requests(path)).toBe(before);
    server.intercept = () => null;
    await click(main().getByRole("button", { name: "Try again" }));
    expect(heading()).toBe("open");
    expect(main().getByRole("button", { name: "Join" })).toBeTruthy();
  });

  test("is shown when the connection opens", async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat();
    server.reachable = false;
    server.cutAll();
    act(() => navigate(`/c/${open.channelId}`));
    await advance(5_000);
    expect(heading()).toBe("This channel could not be loaded");
    server.reachable = true;
    await advance(20_000);
    expect(heading()).toBe("open");
  });
});

test("a list of channels that could not be loaded is not called empty", async () => {
  server.intercept = (_method, path) =>
    path === "/api/channels" ? errorResponse("INTERNAL", "Something went wrong (made up).", 500) : null;
  await openChat("/");
  await advance(5_000);
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("The channels could not be loaded");
  server.intercept = () => null;
  await click(main().getByRole("button", { name: "Try again" }));
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("general");
});

test("without any channel the user is shown how to find one", async () => {
  server.general.roles.delete(ALICE);
  await openChat("/");
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Find your first channel");
  expect(screen.getByText(/You have not joined a channel yet/)).toBeTruthy();
});

test("loading is shown while messages load, and a failure can be retried", async () => {
  const slow = server.add("slow", [ALICE, "u-bob"]);
  server.postMessage(slow, "u-bob", "worth the wait");
  await openChat();
  const waiting: ((response: Response) => void)[] = [];
  server.intercept = (_method, path) =>
    path.includes(`/channels/${slow.channelId}/messages`)
      ? new Promise<Response>((resolve) => waiting.push(resolve))
      : null;
  await click(channelLink("slow"));
  expect(waiting).toHaveLength(1);
  expect(
    main()
      .getAllByRole("status")
      .map((status) => status.textContent),
  ).toContain("Loading");
  let failed = 0;
  server.intercept = (_method, path) => {
    if (!path.includes("/messages")) return null;
    failed += 1;
    return errorResponse("INTERNAL", "Something went wrong (made up).", 500);
  };
  waiting[0]?.(errorResponse("INTERNAL", "Something went wrong (made up).", 500));
  await advance(10_000);
  expect(failed).toBeGreaterThan(0);
  const trouble = within(main().getByRole("alert"));
  expect(trouble.getByText("The messages could not be loaded.")).toBeTruthy();
  server.intercept = () => null;
  await click(trouble.getByRole("button", { name: "Try again" }));
  expect(texts()).toEqual(["worth the wait"]);
});

test.each([
  ["/api/channels", "The channels could not be loaded."],
  ["/api/users", "The list of people could not be loaded."],
])("a sidebar whose %s cannot be loaded shows an error with a retry", async (path, errorMessage) => {
  let failed = 0;
  server.intercept = (method, asked) => {
    if (method !== "GET" || asked.split("?")[0] !== path) return null;
    failed += 1;
    return errorResponse("INTERNAL", "Something went wrong (made up).", 500);
  };
  await openChat();
  await advance(5_000);
  expect(failed).toBeGreaterThan(0);
  const trouble = within(screen.getByText(errorMessage));
  server.intercept = () => null;
  await click(trouble.getByRole("button", { name: "Try again" }));
  expect(screen.queryByText(errorMessage)).toBeNull();
  expect(channelLink("general")).toBeTruthy();
});

test("after a retry of the channels, messages that were sent before the socket opened are shown", async () => {
  server.storeMessage("u-bob", "before");
  server.intercept = (method, path) => {
    if (path === "/api/tickets") server.storeMessage("u-bob", "in between");
    return `${method} ${path}` === "GET /api/channels" ? errorResponse("INVALID_REQUEST", "No.", 400) : null;
  };
  await openChat();
  await advance(2_000);
  server.intercept = () => null;
  await click(
    within(screen.getByText("The channels could not be loaded.")).getByRole("button", { name: "Try again" }),
  );
  await advance(1_000);
  expect(texts()).toEqual(["before", "in between"]);
});

test("a rejected name keeps the dialog open and shows the reason", async () => {
  await openChat();
  await click(screen.getByRole("button", { name: "Create channel" }));
  const dialog = within(screen.getByRole("dialog", { name: "Create a channel" }));
  const create = dialog.getByRole<HTMLButtonElement>("button", { name: "Create" });
  expect(create.disabled).toBe(true);
  await user.type(dialog.getByRole("textbox", { name: /^Name/ }), "\u200b\u200b{Enter}");
  await advance();
  expect(dialog.getByRole("alert").textContent).toBe("This name shows nothing.");
  expect(dialog.getByRole("textbox", { name: /^Name/ }).getAttribute("aria-invalid")).toBe("true");
  await user.type(dialog.getByRole("textbox", { name: /^Name/ }), "tea");
  expect(dialog.queryByRole("alert")).toBeNull();
  await pressKeys("{Enter}");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect([...server.channels.values()].map(({ name }) => name)).toHaveLength(2);
});

class Notices {
  static all: [string, string][] = [];
  static tags: string[] = [];
  static permission = "default";
  static requestPermission = async () => {
    Notices.permission = "granted";
    return "granted";
  };
  static last: Notices | undefined;
  onclick: () => void = () => undefined;
  close = () => undefined;
  constructor(title: string, { body, tag }: { body: string; tag: string }) {
    Notices.last = this;
    Notices.all.push([title, body]);
    Notices.tags.push(tag);
  }
}

beforeEach(() => {
  Notices.all = [];
  Notices.tags = [];
  Notices.permission = "default";
  vi.stubGlobal("Notification", Notices);
});

test("notifications are shown, if enabled, for mentions and direct messages while the tab is hidden", async () => {
  const direct = server.add("direct bob", ["u-bob", ALICE], "direct");
  await openChat();
  await hideTab(true);
  server.postMessage(server.general, "u-bob", "@alice look");
  await advance();
  expect(messages("look")).toHaveLength(1);
  await hideTab(false);
  await click(screen.getByRole("button", { name: "You and settings" }));
  await click(screen.getByRole("checkbox", { name: /^Notifications/ }));
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /^Notifications/ }).checked).toBe(true);
  await pressKeys("{Escape}");
  server.postMessage(server.general, "u-bob", "@alice look again");
  await advance();
  expect(messages("look again")).toHaveLength(1);
  expect(Notices.all).toEqual([]);
  await hideTab(true);
  server.postMessage(server.general, "u-bob", "of no concern");
  server.postMessage(server.general, "u-bob", "@alice now");
  server.postMessage(direct, "u-bob", "psst, **now**");
  await advance(500);
  expect(Notices.all).toEqual([
    ["bob in general", "@alice now"],
    ["bob", "psst, now"],
  ]);
});

test.each([
  ["denied", /^The browser blocks notifications from this site\. Allow them in/],
  ["default", /^The browser was not allowed to show notifications\. Choose this again/],
])("notifications stay off, with the reason, when the permission is %s", async (permission, reason) => {
  vi.spyOn(Notices, "requestPermission").mockImplementation(async () => {
    Notices.permission = permission;
    return permission;
  });
  await openChat();
  await click(screen.getByRole("button", { name: "You and settings" }));
  await click(screen.getByRole("checkbox", { name: /^Notifications/ }));
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /^Notifications/ }).checked).toBe(false);
  expect(screen.getByRole("alert").textContent).toMatch(reason);
});

describe("with another tab of the user", () => {
  let otherTab: FakeBroadcastChannel;
  let answers: unknown[];

  beforeEach(async () => {
    installTabs();
    otherTab = new FakeBroadcastChannel(`parley.visible.${ALICE}`);
    answers = [];
    otherTab.addEventListener("message", (event) => answers.push((event as MessageEvent<unknown>).data));
    await openChat();
    await setNotificationsEnabled(true);
  });

  async function mention(): Promise<void> {
    server.postMessage(server.general, "u-bob", "@alice look");
    await advance(500);
  }

  test("that is visible, a hidden tab shows no notification", async () => {
    otherTab.addEventListener("message", () => otherTab.postMessage("visible"));
    await hideTab(true);
    await mention();
    expect(Notices.all).toEqual([]);
  });

  test("that is hidden too, both notify, with one tag, so that the browser shows one notification", async () => {
    await hideTab(true);
    await mention();
    expect([Notices.all, Notices.tags]).toEqual([[["bob in general", "@alice look"]], ["general"]]);
    act(() => Notices.last?.onclick());
    expect(location.pathname).toBe(`/c/general/${server.lastSeq}`);
  });

  test("no notification is shown of a message that is read in the meantime", async () => {
    await hideTab(true);
    server.postMessage(server.general, "u-bob", "@alice look");
    await advance(100);
    server.postFrame({ type: "readMarker", channelId: "general", readSeq: server.lastSeq });
    await advance(500);
    expect(Notices.all).toEqual([]);
  });

  test("a tab says that it is visible, while it is", async () => {
    otherTab.postMessage("ask");
    await advance();
    expect(answers).toEqual(["visible"]);
    await hideTab(true);
    otherTab.postMessage("ask");
    await advance();
    expect(answers).toEqual(["visible"]);
  });
});
