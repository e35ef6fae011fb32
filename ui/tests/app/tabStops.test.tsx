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
  expect(visited.slice(1)).toEqual(["🎉, 1: you", "Add another reaction", "React with 👍"]);
  expect(document.activeElement).toBe(composer());
  await pressKeys("{Shift>}{Tab}{/Shift}");
  expect(document.activeElement).toBe(log());
});

test("arrow keys, Home and End move among the actions of a message, which are one tab stop", async () => {
  for (const text of ["one", "two"]) server.storeMessage(ALICE, text);
  await openChat();
  message("two").article.focus();
  await pressKeys("{Tab}");
  const visited: (string | null | undefined)[] = [focusedName()];
  for (let step = 0; step < 8; step += 1) {
    await user.keyboard("{ArrowRight}");
    visited.push(focusedName());
  }
  expect(visited).toEqual([
    "React with 👍",
    "React with ❤️",
    "React with 😂",
    "Add reaction",
    "Quote",
    "Copy link",
    "Edit",
    "Delete",
    "React with 👍",
  ]);
  await pressKeys("{ArrowLeft}");
  expect(focusedName()).toBe("Delete");
  await pressKeys("{Home}");
  expect(focusedName()).toBe("React with 👍");
  await pressKeys("{End}{ArrowLeft}");
  expect(focusedName()).toBe("Edit");
  await pressKeys("{Shift>}{Tab}{/Shift}");
  expect(document.activeElement).not.toBe(message("two").article.querySelector("button"));
  message("two").article.focus();
  await pressKeys("{Tab}");
  expect(focusedName()).toBe("Edit");
  await pressKeys("{ArrowUp}");
  expect(document.activeElement).toBe(message("one").article);
});

test("Escape leaves the actions for the message, and the message for the message field", async () => {
  server.react(server.storeMessage(ALICE, "one"), ALICE, "🎉");
  await openChat();
  message("one").getByRole("button", { name: "Quote" }).focus();
  await pressKeys("{Escape}");
  expect(document.activeElement).toBe(message("one").article);
  await pressKeys("{Tab}");
  expect(focusedName()).toBe("🎉, 1: you");
  await pressKeys("{Escape}");
  expect(document.activeElement).toBe(message("one").article);
  await pressKeys("{Escape}");
  expect(document.activeElement).toBe(composer());
  log().focus();
  await pressKeys("{Escape}");
  expect(document.activeElement).toBe(composer());
});
