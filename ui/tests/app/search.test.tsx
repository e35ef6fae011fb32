// @vitest-environment happy-dom
/** The search panel: excerpts. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  click,
  main,
  openChat,
  pressKeys,
  server,
  setUpChat,
  user,
} from "../support/chatPage";

setUpChat();

const panel = () => screen.queryByRole("complementary", { name: "Search" });
const inPanel = () => within(panel() ?? document.body);
const field = () => inPanel().getByRole<HTMLInputElement>("searchbox");
const results = () =>
  inPanel()
    .queryAllByRole("link")
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
