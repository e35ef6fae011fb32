// @vitest-environment happy-dom
/** Tab passes the list of messages with one stop; the arrow keys move among messages, and Tab then goes into one. */
import { expect, test } from "vitest";
import {
  advance,
  composer,
  log,
  message,
  openChat,
  pressKeys,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

const focusedName = () => document.activeElement?.getAttribute("aria-label");

test("the list of messages is one tab stop, and the message with the focus has its own", async () => {
  for (const text of ["one", "two", "three"]) {
    server.react(server.storeMessage(ALICE, text), ALICE, "🎉");
  }
  await openChat();
  log().focus();
  await user.tab();
  expect(document.activeElement).toBe(composer());
  await user.tab({ shift: true });
  expect(document.activeElement).toBe(log());

  message("two").article.focus();
  await advance();
  const visited: (string | null | undefined)[] = [];
  while (message("two").article.contains(document.activeElement)) {
    visited.push(focusedName());
    await user.tab();
  }
  expect(visited.slice(1)).toEqual([
    "🎉, 1: you",
    "Add another reaction",
    "React with 👍",
    "React with ❤️",
    "React with 😂",
    "Add reaction",
    "Quote",
    "Copy link",
    "Edit",
    "Delete",
  ]);
  expect(document.activeElement).toBe(composer());
  await pressKeys("{Shift>}{Tab}{/Shift}");
  expect(document.activeElement).toBe(log());
});
