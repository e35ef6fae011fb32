// @vitest-environment happy-dom
/** A control that is removed while it has the focus, mostly by its own click, passes it on: it is never nowhere. */
import { screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import {
  advance,
  channelLink,
  chat,
  click,
  composer,
  log,
  main,
  message,
  openChat,
  pressKeys,
  sendMessage,
  server,
  setUpChat,
  sidebar,
  user,
} from "../support/chatPage";
import { ALICE, errorFrame, errorResponse } from "../support/fakeServer";
import { setPointer } from "../support/layout";

setUpChat();

const focused = () => document.activeElement;
const dialog = (name: string) => within(screen.getByRole("dialog", { name }));
const panel = (name: string) => screen.getByRole("complementary", { name });
const button = (name: string) => screen.getByRole("button", { name });

/** Press a button with the keyboard, which is removed then. */
async function press(element: HTMLElement): Promise<void> {
  element.focus();
  await pressKeys("{Enter}");
  expect(element.isConnected).toBe(false);
}

/** Requests of this path fail until the result is called. */
function failing(path: string): () => void {
  server.intercept = (_method, asked) =>
    asked.split("?")[0] === path ? errorResponse("INTERNAL", "Something went wrong (made up).", 500) : null;
  return () => {
    server.intercept = () => null;
  };
}

describe("in the messages", () => {
  test('"Mark as read" passes it to the list', async () => {
    for (let number = 1; number <= 130; number += 1) server.storeMessage("u-bob", `line ${number}`);
    await openChat("/c/general/129");
    await advance(2_000);
    await press(button("Mark as read"));
    expect(focused()).toBe(log());
  });

  test.each(["Send again", "Discard"])('"%s" of an unsent message passes it to the list', async (name) => {
    await openChat();
    server.answer = (frame) => errorFrame("FORBIDDEN", "The channel is closed just now.", frame);
    await sendMessage("please take this");
    await advance();
    server.answer = () => null;
    await press(message("please take this").getByRole("button", { name }));
    expect(focused()).toBe(log());
  });

  test("a reaction that is taken back passes it to its message", async () => {
    server.react(server.storeMessage("u-bob", "ship it?"), ALICE, "🎉");
    await openChat();
    await press(message("ship it?").getByRole("button", { name: /^🎉/ }));
    expect(focused()).toBe(message("ship it?").article);
  });

  test("the buttons of a message that is deleted elsewhere pass it to the message", async () => {
    const posted = server.storeMessage(ALICE, "never mind");
    await openChat();
    message("never mind").getByRole("button", { name: "Edit" }).focus();
    server.delete(posted);
    await advance();
    expect(focused()).toBe(message("This message was deleted.").article);
  });

  test('"Try again" passes it to the message field', async () => {
    const restore = failing("/api/channels/general/messages");
    await openChat();
    await advance(5_000);
    restore();
    await press(main().getByRole("button", { name: "Try again" }));
    expect(focused()).toBe(composer());
  });
});

describe("in the message field", () => {
  test("the end of an edit passes it to the field", async () => {
    server.storeMessage(ALICE, "first");
    await openChat();
    await click(message("first").getByRole("button", { name: "Edit" }));
    await press(main().getByRole("button", { name: "Cancel" }));
    expect(focused()).toBe(composer());
  });

  test("an unsaved edit that is discarded passes it to the field", async () => {
    server.add("elsewhere", [ALICE]);
    server.storeMessage(ALICE, "first");
    await openChat();
    await click(message("first").getByRole("button", { name: "Edit" }));
    await user.keyboard(", changed");
    await click(channelLink("elsewhere"));
    await click(channelLink("general"));
    await press(main().getByRole("button", { name: "Discard" }));
    expect(focused()).toBe(composer());
  });

  test("on touch screens the field does not get it, as the keyboard would open", async () => {
    setPointer("coarse");
    server.storeMessage(ALICE, "first");
    await openChat();
    await click(message("first").getByRole("button", { name: "Edit" }));
    await press(main().getByRole("button", { name: "Cancel" }));
    expect(focused()).toBe(screen.getByRole("main"));
  });
});

describe("elsewhere", () => {
  test("a toast that is dismissed, or ends, returns it", async () => {
    await openChat();
    chat.toast("info", "one");
    chat.toast("info", "two");
    await advance();
    composer().focus();
    await click(screen.getAllByRole("button", { name: "Dismiss" })[0] as HTMLElement);
    expect(focused()).toBe(composer());
    button("Dismiss").focus();
    await advance(10_000);
    expect(screen.queryByRole("button", { name: "Dismiss" })).toBeNull();
    expect(focused()).toBe(composer());
    // What failed can be read for longer.
    chat.toast("error", "three");
    chat.toast("done", "four");
    await advance(6_000);
    expect([screen.queryAllByText("three").length, screen.queryAllByText("four").length]).toEqual([1, 0]);
  });

  test('"Try again" in the sidebar passes it to a link there', async () => {
    const restore = failing("/api/users");
    await openChat();
    await advance(5_000);
    restore();
    await press(sidebar().getByRole("button", { name: "Try again" }));
    expect(focused()).toBe(channelLink("general"));
  });

  test('"Try again" of a channel passes it to the page, and what is typed then goes to the message field', async () => {
    const restore = failing("/api/channels");
    await openChat("/");
    await advance(5_000);
    setPointer("coarse");
    restore();
    await press(main().getByRole("button", { name: "Try again" }));
    expect(focused()).toBe(screen.getByRole("main"));
    await user.keyboard("hello");
    expect(composer().value).toBe("hello");
  });

  test('"Try again" in the list of members passes it to the panel, which Escape closes', async () => {
    const restore = failing("/api/channels/general/members");
    await openChat();
    const open = button("Members, 2");
    await click(open);
    await advance(5_000);
    restore();
    await press(within(panel("Members")).getByRole("button", { name: "Try again" }));
    expect(focused()).toBe(panel("Members"));
    await pressKeys("{Escape}");
    expect(focused()).toBe(open);
  });

  test('"Search older messages" keeps it while it searches, and passes it on at the end', async () => {
    for (let number = 1; number <= 60; number += 1) server.storeMessage("u-bob", `old tea ${number}`);
    await openChat();
    await click(button("Search in this channel"));
    await user.keyboard("old tea");
    await pressKeys("{Enter}");
    button("Search older messages").focus();
    await user.keyboard("{Enter}");
    expect(focused()).toBe(button("Searching …"));
    await advance();
    expect(focused()).toBe(panel("Search"));
  });
});

describe("in a dialog", () => {
  test("the end of the dialog returns it to the button that opened it", async () => {
    await openChat();
    await click(button("You and settings"));
    await click(button("Close"));
    expect(focused()).toBe(button("You and settings"));
  });

  test("the button that saves a name passes it to the name", async () => {
    await openChat();
    await click(button("You and settings"));
    const name = screen.getByRole("textbox", { name: /^Name/ });
    await user.type(name, "!");
    await press(button("Save name"));
    expect(focused()).toBe(name);
  });

  test("the button that adds a person passes it to the search, for the next one", async () => {
    const secret = server.add("secret", [ALICE]);
    await openChat(`/c/${secret.channelId}`);
    await click(button("Members, 1"));
    await click(button("Add people"));
    await press(button("Add bob"));
    expect(focused()).toBe(dialog("Add people").getByRole("searchbox", { name: "Find people" }));
  });

  test('"Try again" of the public channels passes it to the filter', async () => {
    await openChat();
    server.reachable = false;
    await click(button("Browse channels"));
    await advance(20_000);
    server.reachable = true;
    await press(dialog("Browse channels").getByRole("button", { name: "Try again" }));
    expect(focused()).toBe(screen.getByRole("searchbox", { name: "Filter channels" }));
  });

  test("one that was opened by the button of a member who is removed passes it to the panel", async () => {
    const secret = server.add("secret", [ALICE, "u-bob"]);
    await openChat(`/c/${secret.channelId}`);
    await click(button("Members, 2"));
    await click(button("Remove bob"));
    await press(dialog("Remove bob?").getByRole("button", { name: "Remove" }));
    expect(focused()).toBe(panel("Members"));
  });
});
