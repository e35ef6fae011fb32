// @vitest-environment happy-dom
/** Keyboard shortcuts of the whole page. */
import { screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import {
  channelLink,
  click,
  composer,
  log,
  message,
  openChat,
  pressKeys,
  reload,
  server,
  setUpChat,
  user,
} from "../support/chatPage";

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

describe("typing while a message has the focus", () => {
  test("writes into the message field, from the first character on", async () => {
    server.storeMessage("u-bob", "are we done?");
    await openChat();
    await user.click(message("are we done?").article);
    expect(document.activeElement).not.toBe(composer());
    await pressKeys("not yet");
    expect(composer().value).toBe("not yet");
    log().focus();
    await pressKeys(", sorry");
    expect(composer().value).toBe("not yet, sorry");
  });

  test("leaves keys to other controls, and keys that scroll to the messages", async () => {
    server.storeMessage("u-bob", "are we done?");
    await openChat();
    message("are we done?").article.focus();
    await pressKeys(" {ArrowUp}{Control>}c{/Control}");
    expect([composer().value, document.activeElement === composer()]).toEqual(["", false]);
    channelLink("general").focus();
    await pressKeys("a");
    message("are we done?").getByRole("button", { name: "Quote" }).focus();
    await pressKeys("a");
    expect(composer().value).toBe("");
  });
});
