// @vitest-environment happy-dom
/** Keyboard shortcuts of the whole page. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { click, openChat, pressKeys, reload, setUpChat } from "../support/chatPage";

setUpChat();

const list = () => screen.queryByRole("dialog", { name: "Keyboard shortcuts" });

async function pressQuestionMark(): Promise<void> {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  await pressKeys("?");
}

test("the key ? opens the list of shortcuts, until this is switched off in the list", async () => {
  await openChat();
  await pressQuestionMark();
  const box = within(list() as HTMLElement).getByRole<HTMLInputElement>("checkbox", { name: /^The key \?/ });
  expect(box.checked).toBe(true);
  await click(box);
  await click(screen.getByRole("button", { name: "Close" }));
  await pressQuestionMark();
  expect(list()).toBeNull();
  await reload();
  await pressQuestionMark();
  expect(list()).toBeNull();

  await click(screen.getByRole("button", { name: /settings/i }));
  await click(screen.getByRole("button", { name: "Keyboard shortcuts" }));
  await click(screen.getByRole("checkbox", { name: /^The key \?/ }));
  await click(screen.getByRole("button", { name: "Close" }));
  await pressQuestionMark();
  expect(list()).not.toBeNull();
});
