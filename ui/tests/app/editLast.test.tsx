// @vitest-environment happy-dom
/** ArrowUp in the empty message field edits the user's last message, wherever it is. */
import { screen } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import {
  advance,
  composer,
  log,
  messages,
  openChat,
  pressKeys,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

/** A message of Alice's, and then many of Bob's, all read. */
function ownThenOthers(others: number): void {
  server.storeMessage(ALICE, "my last word");
  for (let number = 1; number <= others; number += 1) server.storeMessage("u-bob", `line ${number}`);
  server.general.readSeq = others + 1;
}

const isEditing = () => screen.queryByText("Editing your message") !== null;

async function pressUp(): Promise<void> {
  composer().focus();
  await pressKeys("{ArrowUp}");
  await advance(1_000);
}

describe("a last message that is loaded", () => {
  test("comes on screen, and Escape goes back to the newest message", async () => {
    ownThenOthers(40);
    await openChat();
    const end = log().scrollTop;
    expect(end).toBeGreaterThan(0);
    await pressUp();
    expect(composer().value).toBe("my last word");
    expect(messages("my last word")).toHaveLength(1);
    expect(log().scrollTop).toBeLessThan(end);
    await pressKeys("{Escape}");
    expect([isEditing(), log().scrollTop]).toEqual([false, end]);
  });

  test("and is on screen does not move the list", async () => {
    ownThenOthers(3);
    await openChat();
    const before = log().scrollTop;
    await pressUp();
    expect(composer().value).toBe("my last word");
    expect(log().scrollTop).toBe(before);
  });
});

describe("a last message that is not loaded", () => {
  test("is found and comes on screen, and Escape goes back", async () => {
    ownThenOthers(230);
    await openChat();
    const back = vi.spyOn(history, "back").mockImplementation(() => undefined);
    expect(messages("my last word")).toEqual([]);
    await pressUp();
    expect(composer().value).toBe("my last word");
    expect(messages("my last word")).toHaveLength(1);
    expect(location.pathname).toBe("/c/general/1");
    await user.type(composer(), ", really{Enter}");
    await advance();
    expect(server.log[0]?.text).toBe("my last word, really");
    expect(back).not.toHaveBeenCalled();
    await pressUp();
    await pressKeys("{Escape}");
    expect(isEditing()).toBe(false);
  });

  test("is left alone when the user writes before it is found", async () => {
    ownThenOthers(230);
    await openChat();
    composer().focus();
    await user.keyboard("{ArrowUp}");
    await user.type(composer(), "something else");
    await advance(1_000);
    expect([isEditing(), composer().value, location.pathname]).toEqual([
      false,
      "something else",
      "/c/general",
    ]);
  });

  test("may be the newest of an older part of the channel that is on screen", async () => {
    server.storeMessage(ALICE, "long ago");
    ownThenOthers(130);
    server.storeMessage(ALICE, "just now");
    server.general.readSeq = 132;
    await openChat("/c/general/1");
    await pressUp();
    expect(composer().value).toBe("just now");
    const back = vi.spyOn(history, "back").mockImplementation(() => undefined);
    await pressKeys("{Escape}");
    expect(back).toHaveBeenCalled();
  });

  test("is not looked for without an own message", async () => {
    server.storeMessage("u-bob", "hello");
    await openChat();
    await pressUp();
    expect(isEditing()).toBe(false);
  });
});
