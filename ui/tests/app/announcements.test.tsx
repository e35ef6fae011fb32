// @vitest-environment happy-dom
/**
 * What screen readers announce. They announce a text that is added to a live region; they may pass over a region that
 * is added with its text.
 */
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  advance,
  composer,
  openChat,
  pressKeys,
  sendMessage,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

/** The live regions that are in the page now, to ask later for their texts. */
function liveRegions(): () => string[] {
  const regions = [...document.querySelectorAll('[role="status"], [aria-live="polite"]')];
  return () => regions.filter((each) => each.isConnected).map((each) => each.textContent ?? "");
}

test("editing a message is announced, because the field keeps the focus and its name", async () => {
  await openChat();
  await sendMessage("first");
  await advance(2_000);
  const texts = liveRegions();
  composer().focus();
  await pressKeys("{ArrowUp}");
  await waitFor(() => expect(composer().value).toBe("first"));
  expect(texts()).toContain("Editing your message");
  await pressKeys("{Escape}");
  expect(texts()).not.toContain("Editing your message");
});

test("that an edited message was changed elsewhere is announced", async () => {
  const stored = server.storeMessage(ALICE, "first");
  await openChat();
  composer().focus();
  await pressKeys("{ArrowUp}");
  await waitFor(() => expect(composer().value).toBe("first"));
  const texts = liveRegions();
  server.edit(stored, "first, from another device");
  await advance();
  expect(texts()).toContain(
    "This message was changed elsewhere. Saving replaces: first, from another device",
  );
});

test("a filter without a match is announced", async () => {
  server.storeMessage("u-bob", "ship it?");
  server.add("project", [ALICE]);
  await openChat();
  const filter = async (name: string, role: "searchbox" | "combobox") => {
    const texts = liveRegions();
    await user.type(screen.getByRole(role, { name }), "zzzz");
    await advance();
    return texts();
  };

  await user.click(screen.getByRole("button", { name: "Browse channels" }));
  await advance();
  expect(await filter("Filter channels", "searchbox")).toContain("No channels match.");
  await pressKeys("{Escape}");

  await user.click(screen.getByRole("button", { name: "Find a channel or person" }));
  await advance();
  expect(await filter("Find a channel or person", "combobox")).toContain("No channels or people match.");
  await pressKeys("{Escape}");

  await user.click(screen.getByRole("button", { name: /^Members/ }));
  await advance();
  await user.click(screen.getByRole("button", { name: "Add people" }));
  await advance();
  expect(await filter("Find people", "searchbox")).toContain("No people match.");
  await pressKeys("{Escape}");

  await user.click(screen.getByRole("button", { name: "Add reaction" }));
  await advance();
  const picker = within(screen.getByRole("dialog", { name: "Emoji" }));
  const texts = await filter("Search emoji", "searchbox");
  expect(texts).toContain("No emoji found");
  expect(texts).not.toContain("Pick an emoji");
  expect(picker.getAllByText("No emoji found")).toHaveLength(1);
});

test("how long a text is, is not announced at each key: only that it is too long", async () => {
  await openChat();
  const texts = liveRegions();
  await user.click(composer());
  await user.paste("x".repeat(8_190));
  const near = texts();
  await pressKeys("y");
  expect(texts()).toEqual(near);
  await pressKeys("yy");
  const over = texts();
  expect(over).toContain("The message is too long to send.");
  await pressKeys("y");
  expect(texts()).toEqual(over);
});
