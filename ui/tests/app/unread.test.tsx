// @vitest-environment happy-dom
/** Unread messages: counts, title, and clearing them in any tab. */
import { act } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import {
  advance,
  channelLink,
  chat,
  click,
  closePage,
  hideTab,
  log,
  main,
  messages,
  openChat,
  reload,
  sendMessage,
  server,
  setUpChat,
} from "../support/chatPage";
import { ALICE, type FakeChannel } from "../support/fakeServer";

setUpChat();

/** The badge of a channel. */
const count = (name: string) => /(\d+) unread/.exec(channelLink(name).textContent ?? "")?.[1] ?? null;

/** The first row below the "New" line. */
const firstNew = () =>
  log().querySelector(".MessageList_newSince")?.closest("[data-row]")?.textContent ?? null;

const both = (name: string): FakeChannel => server.add(name, [ALICE, "u-bob"]);

test("unread messages are counted per channel and in the title, and reading clears the count", async () => {
  const [one, two, three] = [both("one"), both("two"), both("three")];
  await openChat(`/c/${three.channelId}`);
  expect(document.title).toBe("three · Parley");
  for (const text of ["update 0", "update 1", "update 2"]) server.postMessage(one, "u-bob", text);
  server.postMessage(two, "u-bob", "other update");
  await advance();
  expect([count("one"), count("two"), count("three")]).toEqual(["3", "1", null]);
  expect(document.title).toBe("(4) three · Parley");
  await click(channelLink("one"));
  await advance(1_000);
  expect([count("one"), count("two")]).toEqual([null, "1"]);
  expect(document.title).toBe("(1) one · Parley");
  expect(one.readSeq).toBe(3);
});

test("more than 99 unread messages are not counted one by one", async () => {
  const flood = both("flood");
  flood.lastSeq = 150;
  await openChat();
  expect(channelLink("flood").textContent).toContain("99+ unread");
  expect(document.title).toBe("(99+) general · Parley");
});

test("the button that shows the channels says that others have unread messages, and whether some are personal", async () => {
  const [one, two] = [both("one"), both("two")];
  const direct = server.add("direct bob", [ALICE, "u-bob"], "direct");
  const button = () => main().getByRole("button", { name: /^Show channels/ });
  const shown = () => [button().getAttribute("aria-label"), button().dataset.unread];
  await openChat();
  await hideTab(true);
  server.postMessage(server.general, "u-bob", "in the open channel");
  await advance();
  expect(shown()).toEqual(["Show channels", undefined]);
  server.postMessage(one, "u-bob", "update");
  await advance();
  expect(shown()).toEqual(["Show channels, unread messages", "others"]);
  server.postMessage(two, "u-bob", "@alice update");
  await advance();
  expect(shown()).toEqual(["Show channels, unread messages", "personal"]);
  await hideTab(false);
  for (const name of ["two", "one"]) {
    await click(channelLink(name));
    await advance(1_000);
  }
  expect(shown()).toEqual(["Show channels", undefined]);
  server.postMessage(direct, "u-bob", "psst");
  await advance();
  expect(shown()).toEqual(["Show channels, unread messages", "personal"]);
});

test("messages read in another tab are read in this one", async () => {
  const updates = both("updates");
  await openChat();
  server.postMessage(updates, "u-bob", "read me");
  await advance();
  expect([count("updates"), document.title]).toEqual(["1", "(1) general · Parley"]);
  server.postFrame({ type: "readMarker", channelId: updates.channelId, readSeq: 1 });
  await advance();
  expect([count("updates"), document.title]).toEqual([null, "general · Parley"]);
});

test('messages received while signed out are unread and start below the "New" line', async () => {
  const overnight = both("overnight");
  await openChat(`/c/${overnight.channelId}`);
  server.postMessage(overnight, "u-bob", "good night");
  await advance(1_000);
  expect(overnight.readSeq).toBe(1);
  closePage();
  for (const text of ["good morning", "is anyone up?"]) server.postMessage(overnight, "u-bob", text);
  await openChat();
  expect(count("overnight")).toBe("2");
  await click(channelLink("overnight"));
  await advance(1_000);
  expect(firstNew()).toContain("good morning");
  expect(count("overnight")).toBeNull();
});

test("a hidden tab marks nothing as read and shows new messages when it becomes visible", async () => {
  const background = both("background");
  await openChat(`/c/${background.channelId}`);
  server.postMessage(background, "u-bob", "seen");
  await advance(1_000);
  expect(background.readSeq).toBe(1);
  await hideTab(true);
  server.postMessage(background, "u-bob", "unseen");
  await advance(1_000);
  expect(document.title).toBe("(1) background · Parley");
  expect(background.readSeq).toBe(1);
  expect(firstNew()).toContain("unseen");
  await hideTab(false);
  await advance(1_000);
  expect(document.title).toBe("background · Parley");
  expect(background.readSeq).toBe(2);
});

test("a window in the background marks nothing as read until it has the focus", async () => {
  const hasFocus = vi.spyOn(document, "hasFocus").mockReturnValue(false);
  await openChat();
  server.postMessage(server.general, "u-bob", "behind another window");
  await advance(1_000);
  expect([messages("behind").length, server.general.readSeq]).toEqual([1, 0]);
  hasFocus.mockReturnValue(true);
  act(() => void dispatchEvent(new Event("focus")));
  await advance(1_000);
  expect(server.general.readSeq).toBe(1);
});

test("own messages are never unread, also after a reload", async () => {
  const monologue = both("monologue");
  await openChat(`/c/${monologue.channelId}`);
  await sendMessage("note to self");
  await advance(1_000);
  expect(monologue.readSeq).toBe(1);
  closePage();
  await openChat();
  expect(count("monologue")).toBeNull();
});

test("messages read during an interruption are read on the server too, when it ends", async () => {
  await openChat();
  server.postMessage(server.general, "u-bob", "just in time");
  await advance(100);
  server.reachable = false;
  server.cutAll();
  await advance(20_000);
  expect(server.general.readSeq).toBe(0);
  server.reachable = true;
  // Before a marker that cannot be sent is sent again without a new socket.
  await advance(35_000);
  expect(server.general.readSeq).toBe(1);
});

describe("a seq at the end of a channel that belongs to no message", () => {
  const SEARCH_MS = 180_000;

  test("is not unread when it has been searched for, also after a reload", async () => {
    server.storeMessage("u-bob", "the last one");
    server.lastSeq += 1;
    await openChat();
    await advance(2_000);
    expect([count("general"), server.readSeq]).toEqual(["1", 1]);
    await advance(SEARCH_MS);
    expect([count("general"), server.readSeq]).toEqual([null, 2]);
    await reload();
    expect(count("general")).toBeNull();
  });

  test("of an empty channel is not unread either, while the user reads another channel", async () => {
    both("elsewhere");
    server.lastSeq += 1;
    await openChat();
    await click(channelLink("elsewhere"));
    await advance(SEARCH_MS);
    expect([count("general"), server.readSeq]).toEqual([null, 1]);
  });

  test("is unread as long as a message before it is", async () => {
    await openChat();
    await hideTab(true);
    server.postMessage(server.general, "u-bob", "not seen yet");
    server.lastSeq += 1;
    server.cutAll();
    await advance(SEARCH_MS);
    expect([count("general"), server.readSeq]).toEqual(["2", 0]);
    await hideTab(false);
    await advance(1_000);
    expect([count("general"), server.readSeq]).toEqual([null, 2]);
  });

  test("is unread again if a message is stored there while it is searched for", async () => {
    server.storeMessage("u-bob", "the last one");
    await openChat();
    await advance(2_000);
    await hideTab(true);
    const late = server.storeMessage("u-bob", "stored late");
    server.log.pop();
    server.cutAll();
    await advance(60_000);
    server.log.push(late);
    await advance(SEARCH_MS);
    expect([count("general"), server.readSeq]).toEqual(["1", 1]);
    await hideTab(false);
    await advance(1_000);
    expect([count("general"), server.readSeq, messages("stored late").length]).toEqual([null, 2, 1]);
  });
});

test("signing out marks as read what was just read", async () => {
  await openChat();
  server.postMessage(server.general, "u-bob", "one more thing");
  await advance(100);
  Object.assign(chat.tokens, { signOut: () => undefined });
  await chat.signOut();
  await advance(100);
  expect(server.general.readSeq).toBe(1);
});
