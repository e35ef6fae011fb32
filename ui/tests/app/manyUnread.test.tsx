// @vitest-environment happy-dom
/** Many unread messages: the channel opens at the first, and only what was on screen is marked as read. */
import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { store } from "../../src/core/state/store";
import {
  advance,
  channelLink,
  click,
  hideTab,
  log,
  messages,
  openChat,
  sendMessage,
  server,
  setUpChat,
} from "../support/chatPage";
import { ALICE, type FakeChannel } from "../support/fakeServer";
import { setHeights } from "../support/layout";

setUpChat();

const PAGE_SETTLES_MS = 2_000;

function fill(channel: FakeChannel, count: number, from = 1): void {
  for (let number = from; number < from + count; number += 1)
    server.postMessage(channel, "u-bob", `line ${number}`);
}

/** The text of the first row below the "New" line. */
const firstNew = () =>
  log().querySelector(".MessageList_newSince")?.closest("[data-row]")?.querySelector(".Markdown_markdown")
    ?.textContent ?? null;

/** The highest seq whose row is at least half on screen. */
function lastOnScreen(): number {
  const bottom = log().getBoundingClientRect().bottom;
  const rows = [...log().querySelectorAll<HTMLElement>("article[data-seq]")];
  const visible = rows.filter((row) => {
    const { top, height } = row.getBoundingClientRect();
    return top + height / 2 <= bottom && top + height > 0;
  });
  return Math.max(...visible.map((row) => Number(row.dataset.seq)));
}

async function scrollTo(top: number): Promise<void> {
  log().scrollTop = top;
  fireEvent.scroll(log());
  await advance(PAGE_SETTLES_MS);
}

const badge = () => store.getState().channels.general?.unread ?? null;
const firstUnreadButton = () => screen.queryByRole("button", { name: "Go to the first unread message" });

describe("a channel with more unread messages than a page", () => {
  test("opens at the first unread one, below the line, and marks only what is on screen", async () => {
    fill(server.general, 10);
    server.general.readSeq = 10;
    fill(server.general, 130, 11);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(firstNew()).toBe("line 11");
    expect(server.general.readSeq).toBe(lastOnScreen());
    expect(server.general.readSeq).toBeLessThan(40);
    expect(badge()).toBe(140 - server.general.readSeq);
  });

  test("is opened there from the sidebar too", async () => {
    const other = server.add("weekend", [ALICE, "u-bob"]);
    await openChat();
    fill(other, 3);
    other.readSeq = 3;
    server.cutAll();
    fill(other, 130, 4);
    await advance(5_000);
    await click(channelLink("weekend"));
    await advance(PAGE_SETTLES_MS);
    expect(firstNew()).toBe("line 4");
    expect(other.readSeq).toBe(lastOnScreen());
  });

  test("marks nothing as read while the newest messages or a linked one are on screen", async () => {
    fill(server.general, 130);
    await openChat("/c/general/129");
    await advance(PAGE_SETTLES_MS);
    expect(server.general.readSeq).toBe(0);
    expect(log().querySelector(".MessageList_newSince")).toBeNull();
    await click(firstUnreadButton() as HTMLElement);
    await advance(PAGE_SETTLES_MS);
    expect(firstNew()).toBe("line 1");
    expect(server.general.readSeq).toBe(lastOnScreen());
    await click(screen.getByRole("button", { name: /new messages$/ }));
    await advance(PAGE_SETTLES_MS);
    expect(messages(/line 130$/)).toHaveLength(1);
    expect(server.general.readSeq).toBeLessThan(40);
    await click(screen.getByRole("button", { name: "Mark as read" }));
    await advance(PAGE_SETTLES_MS);
    expect(server.general.readSeq).toBe(130);
    expect(badge()).toBe(0);
    expect(firstUnreadButton()).toBeNull();
  });

  test("counts messages that the user scrolls past as seen", async () => {
    fill(server.general, 40);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(server.general.readSeq).toBe(lastOnScreen());
    expect(server.general.readSeq).toBeLessThan(20);
    await scrollTo(1_000);
    expect(server.general.readSeq).toBe(40);
  });

  test("that arrive in a hidden tab are offered, not marked, when it is visible again", async () => {
    fill(server.general, 5);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(server.general.readSeq).toBe(5);
    await hideTab(true);
    fill(server.general, 60, 6);
    await advance(PAGE_SETTLES_MS);
    await hideTab(false);
    await advance(PAGE_SETTLES_MS);
    expect(server.general.readSeq).toBe(5);
    await click(firstUnreadButton() as HTMLElement);
    await advance(PAGE_SETTLES_MS);
    expect(firstNew()).toBe("line 6");
    expect(server.general.readSeq).toBe(lastOnScreen());
    // The line stays while messages below it are unread.
    await hideTab(true);
    fill(server.general, 1, 66);
    await advance(PAGE_SETTLES_MS);
    await hideTab(false);
    expect(firstNew()).toBe("line 6");
  });
});

test("a user who reads back is known as such until they are at the end, or in another channel", async () => {
  fill(server.general, 130);
  server.add("elsewhere", [ALICE]);
  const readingBack = () => store.getState().readingBack;
  await openChat();
  await advance(PAGE_SETTLES_MS);
  expect(readingBack()).toBe("general");
  await click(screen.getByRole("button", { name: /new messages$/ }));
  await advance(PAGE_SETTLES_MS);
  expect([messages(/line 130$/).length, readingBack()]).toEqual([1, null]);
  await click(firstUnreadButton() as HTMLElement);
  await advance(PAGE_SETTLES_MS);
  expect(readingBack()).toBe("general");
  await click(channelLink("elsewhere"));
  await advance(PAGE_SETTLES_MS);
  expect(readingBack()).toBeNull();
});

test("rows whose height was guessed are not marked before they are on screen", async () => {
  setHeights((row) => (/line (1[1-9]|2\d)/.test(row.textContent ?? "") ? 190 : 40));
  fill(server.general, 10);
  server.general.readSeq = 10;
  fill(server.general, 20, 11);
  await openChat();
  await advance(PAGE_SETTLES_MS);
  expect(firstNew()).toBe("line 11");
  expect(server.general.readSeq).toBe(lastOnScreen());
});

describe("messages at the end that are much taller than guessed", () => {
  const isOnScreen = (row: Element) => {
    const { top, bottom } = log().getBoundingClientRect();
    const place = row.getBoundingClientRect();
    return place.top >= top && place.top < bottom;
  };

  test("do not hide the first unread one: the channel opens there, not at its end", async () => {
    setHeights((row) => (/tall/.test(row.textContent ?? "") ? 500 : 40));
    fill(server.general, 20);
    server.general.readSeq = 20;
    for (let number = 1; number <= 5; number += 1)
      server.postMessage(server.general, "u-bob", `tall ${number}`);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(messages("tall 1").some(isOnScreen)).toBe(true);
    expect(server.general.readSeq).toBe(lastOnScreen());
    expect(firstUnreadButton()).toBeNull();
  });

  test("do not hide a linked one", async () => {
    setHeights((row) => (/tall/.test(row.textContent ?? "") ? 500 : 40));
    fill(server.general, 20);
    for (let number = 1; number <= 5; number += 1)
      server.postMessage(server.general, "u-bob", `tall ${number}`);
    server.general.readSeq = 25;
    await openChat("/c/general/21");
    await advance(PAGE_SETTLES_MS);
    expect(messages("tall 1").some(isOnScreen)).toBe(true);
  });
});

test("the button to the newest messages leads to the last one, also if the first unread one is loaded with it", async () => {
  fill(server.general, 100);
  server.general.readSeq = 60;
  await openChat("/c/general/20");
  await advance(PAGE_SETTLES_MS);
  await click(screen.getByRole("button", { name: /new messages$/ }));
  await advance(PAGE_SETTLES_MS);
  expect([firstNew() === null, lastOnScreen()]).toEqual([true, 100]);
});

test("a message that is higher than the screen is read when it fills half of it", async () => {
  setHeights(() => 3_000);
  fill(server.general, 1);
  await openChat();
  await advance(PAGE_SETTLES_MS);
  expect(server.general.readSeq).toBe(1);
});

test("a reply marks everything as read, because the user has answered", async () => {
  fill(server.general, 130);
  await openChat();
  await sendMessage("I will read all of this later");
  await advance(PAGE_SETTLES_MS);
  expect(badge()).toBe(0);
});

describe("a deleted message", () => {
  test("is no longer counted as unread, also after a reload", async () => {
    const other = server.add("quiet", [ALICE, "u-bob"]);
    await openChat();
    const said = server.postMessage(other, "u-bob", "wrong channel");
    await advance();
    expect(store.getState().channels[other.channelId]?.unread).toBe(1);
    server.delete(said);
    await advance(PAGE_SETTLES_MS);
    expect(store.getState().channels[other.channelId]?.unread).toBe(0);
    expect(other.readSeq).toBe(1);
  });

  test("among others reduces the count by one", async () => {
    const other = server.add("busy", [ALICE, "u-bob"]);
    await openChat();
    server.postMessage(other, "u-bob", "one");
    const two = server.postMessage(other, "u-bob", "two");
    await advance();
    server.delete(two);
    server.delete(two);
    await advance(PAGE_SETTLES_MS);
    expect(store.getState().channels[other.channelId]?.unread).toBe(1);
    server.postMessage(other, "u-bob", "three");
    await advance();
    expect(store.getState().channels[other.channelId]?.unread).toBe(2);
    expect(other.readSeq).toBe(0);
  });
});

describe("the button that jumps to the newest messages", () => {
  const toNewest = () =>
    screen.queryByRole("button", { name: /new messages?$|^Jump to newest$/ })?.textContent ?? null;

  /** The windowed list returns to where it was sent if rows are measured within 150 ms, in real time. */
  async function scrollUp(by: number): Promise<void> {
    const from = log().scrollTop;
    while (log().scrollTop >= from) await scrollTo(from - by);
  }

  test("counts the unread messages below, and not those above that the user has skipped", async () => {
    fill(server.general, 130);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(toNewest()).toBe(`${130 - lastOnScreen()} new messages`);
    await click(screen.getByRole("button", { name: /new messages$/ }));
    await advance(PAGE_SETTLES_MS);
    expect([lastOnScreen(), toNewest()]).toEqual([130, null]);
    await scrollUp(450);
    expect(lastOnScreen()).toBeLessThan(130);
    expect([badge(), toNewest()]).toEqual([130 - server.general.readSeq, "Jump to newest"]);
    server.postMessage(server.general, "u-bob", "one more");
    await advance(PAGE_SETTLES_MS);
    expect(toNewest()).toBe("1 new message");
  });

  test("counts those that are not loaded too, below an old message opened by its link", async () => {
    fill(server.general, 10);
    server.general.readSeq = 10;
    fill(server.general, 200, 11);
    await openChat("/c/general/60");
    await advance(PAGE_SETTLES_MS);
    expect(lastOnScreen()).toBeLessThan(80);
    expect(toNewest()).toBe(`${210 - lastOnScreen()} new messages`);
  });

  test("counts neither own messages nor deleted ones", async () => {
    const posted = [1, 2, 3].map((number) => server.postMessage(server.general, "u-bob", `before ${number}`));
    server.general.readSeq = posted.length;
    fill(server.general, 40, 1);
    server.storeMessage(ALICE, "mine, from another device");
    const wrong = server.postMessage(server.general, "u-bob", "wrong channel");
    server.delete(wrong);
    await openChat();
    await advance(PAGE_SETTLES_MS);
    expect(toNewest()).toBe(`${43 - lastOnScreen()} new messages`);
  });
});
