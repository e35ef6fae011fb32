// @vitest-environment happy-dom
/** The search panel: excerpts, the number of results, the opened result, the focus, and the search that it shows again. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  channelLink,
  click,
  composer,
  main,
  openChat,
  pressKeys,
  reload,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";
import { setNarrow } from "../support/layout";

setUpChat();

const panel = () => screen.queryByRole("complementary", { name: "Search" });
const inPanel = () => within(panel() ?? document.body);
const field = () => inPanel().getByRole<HTMLInputElement>("searchbox");
const results = () =>
  inPanel()
    .queryAllByRole("link")
    .map((link) => link.querySelector(".SearchPanel_text")?.textContent);
const opened = () =>
  inPanel()
    .queryAllByRole("link", { current: "page" })
    .map((link) => link.querySelector(".SearchPanel_text")?.textContent);

const openSearch = () => click(main().getByRole("button", { name: "Search in this channel" }));

async function search(text: string): Promise<void> {
  await openSearch();
  await user.clear(field());
  await user.keyboard(text);
  await pressKeys("{Enter}");
}

test("an excerpt is one paragraph, so that its match is not below the lines that are shown", async () => {
  server.storeMessage("u-bob", "bread\nmilk\n\n  eggs\n- butter  \r\nthe heron\nand more");
  await openChat();
  await search("heron");
  expect(results()).toEqual(["bread milk eggs - butter the heron and more"]);
  expect(inPanel().getByText("heron").tagName).toBe("MARK");
});

test("the number of results is a total only when everything was searched", async () => {
  for (let number = 1; number <= 60; number += 1) server.storeMessage("u-bob", `tea ${number}`);
  await openChat();
  await search("tea");
  expect(inPanel().getByText("50 found so far, newest first")).toBeTruthy();
  await click(inPanel().getByRole("button", { name: "Search older messages" }));
  expect(inPanel().getByText("60 found, newest first")).toBeTruthy();
});

test("the opened result is marked", async () => {
  for (const text of ["tea one", "tea two"]) server.storeMessage("u-bob", text);
  await openChat();
  await search("tea");
  expect(opened()).toEqual([]);
  await click(inPanel().getByRole("link", { name: /tea one/ }));
  expect(opened()).toEqual(["tea one"]);
  await click(inPanel().getByRole("link", { name: /tea two/ }));
  expect(opened()).toEqual(["tea two"]);
});

test.each(["Search in this channel", "Members, 2"])(
  'another channel gets the focus in its message field, with the panel of "%s" open',
  async (button) => {
    server.add("elsewhere", [ALICE]);
    await openChat();
    await click(main().getByRole("button", { name: button }));
    await click(channelLink("elsewhere"));
    expect(screen.getByRole("complementary")).toBeTruthy();
    expect(document.activeElement).toBe(composer());
    await pressKeys("{Control>}{Shift>}f{/Shift}{/Control}");
    expect(document.activeElement).toBe(screen.getByRole("searchbox", { name: "Search in elsewhere" }));
    await pressKeys("{Escape}");
    expect(document.activeElement).toBe(composer());
  },
);

test("the last search of a channel is shown again", async () => {
  server.add("elsewhere", [ALICE]);
  for (const text of ["tea one", "tea two"]) server.storeMessage("u-bob", text);
  await openChat();
  setNarrow(true);
  await search("tea");
  await click(inPanel().getByRole("link", { name: /tea one/ }));
  expect(panel()).toBeNull();
  await openSearch();
  expect(results()).toEqual(["tea two", "tea one"]);
  expect(opened()).toEqual(["tea one"]);
  expect(document.activeElement).toBe(field());
  expect([field().value, field().selectionStart, field().selectionEnd]).toEqual(["tea", 0, 3]);
  await click(channelLink("elsewhere"));
  await openSearch();
  expect([field().value, results()]).toEqual(["", []]);
});

test("the last search ends with the session", async () => {
  server.storeMessage("u-bob", "tea");
  await openChat();
  await search("tea");
  expect(results()).toEqual(["tea"]);
  await reload();
  await openSearch();
  expect([field().value, results()]).toEqual(["", []]);
});
