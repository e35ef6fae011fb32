// @vitest-environment happy-dom
/** Text that the page inserts in the message field can be undone, as text that was typed. */
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  click,
  composer,
  main,
  message,
  openChat,
  pressKeys,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { undo } from "../support/editing";

setUpChat();

test("an emoji is inserted at the caret and can be undone", async () => {
  await openChat();
  await user.type(composer(), "to the moon");
  composer().setSelectionRange(2, 2);
  await click(main().getByRole("button", { name: "Emoji" }));
  await user.type(screen.getByRole("searchbox", { name: "Search emoji" }), "rocket");
  await pressKeys("{Enter}");
  expect(composer().value).toBe("to🚀 the moon");
  expect(document.activeElement).toBe(composer());
  expect(composer().selectionStart).toBe("to🚀".length);
  undo(composer());
  expect(composer().value).toBe("to the moon");
});

test("a completed mention can be undone", async () => {
  await openChat();
  await user.type(composer(), "hello @da");
  await pressKeys("{Enter}");
  expect(composer().value).toBe("hello @dave ");
  undo(composer());
  expect(composer().value).toBe("hello @da");
});

test("a quotation can be undone", async () => {
  server.storeMessage("u-bob", "ship it?");
  await openChat();
  await user.type(composer(), "yes");
  await click(message("ship it?").getByRole("button", { name: "Quote" }));
  expect(composer().value).toMatch(/ship it\?\n\nyes$/);
  undo(composer());
  expect(composer().value).toBe("yes");
});
