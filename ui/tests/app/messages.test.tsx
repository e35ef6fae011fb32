// @vitest-environment happy-dom
/** Message actions: edit, delete, react, mention, quote, search. */
import { act, fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { timeOfDay } from "../../src/core/text/time";
import {
  advance,
  channelLink,
  click,
  composer,
  deliveryState,
  log,
  message,
  messages,
  openChat,
  pressKeys,
  reload,
  sendMessage,
  server,
  setUpChat,
  texts,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

const QUICK = ["React with 👍", "React with ❤️", "React with 😂"];

setUpChat();

const doAction = (text: string, action: string) => click(message(text).getByRole("button", { name: action }));
const actions = (text: string) =>
  within(message(text).getByRole("toolbar"))
    .getAllByRole("button")
    .map((button) => button.getAttribute("aria-label"));

describe("editing", () => {
  test("changes the text and marks the message as edited; Escape cancels", async () => {
    await openChat();
    await sendMessage("we meet at tree");
    await advance();
    await doAction("we meet at tree", "Edit");
    expect(composer().value).toBe("we meet at tree");
    await user.clear(composer());
    await user.paste("something else");
    await pressKeys("{Escape}");
    expect(composer().value).toBe("");
    expect(texts()).toEqual(["we meet at tree"]);
    await doAction("we meet at tree", "Edit");
    await user.clear(composer());
    await user.paste("we meet at three");
    await pressKeys("{Enter}");
    expect(texts()).toEqual(["we meet at three"]);
    expect(message("we meet at three").getByText("edited")).toBeTruthy();
    expect(server.log[0]?.text).toBe("we meet at three");
    expect(server.sent.filter(({ action }) => action === "editMessage")).toHaveLength(1);
  });

  test("starts with the up arrow on the user's last message; an unchanged text is not sent", async () => {
    await openChat();
    await sendMessage("mine");
    server.postMessage(server.general, "u-bob", "not mine");
    await advance();
    await pressKeys("{ArrowUp}");
    expect(composer().value).toBe("mine");
    await pressKeys("{Enter}");
    expect(composer().value).toBe("");
    expect(server.sent.map(({ action }) => action)).not.toContain("editMessage");
  });

  test("by another user is shown immediately; messages of others cannot be edited", async () => {
    const said = server.storeMessage("u-bob", "we meet at tree");
    await openChat();
    server.edit(said, "we meet at three");
    await advance();
    expect(message("we meet at three").getByText("edited")).toBeTruthy();
    expect(actions("we meet at three")).toEqual([...QUICK, "Add reaction", "Quote", "Copy link"]);
    await reload();
    expect(message("we meet at three").getByText("edited")).toBeTruthy();
  });
});

describe("deleting", () => {
  const confirm = (answer: string) =>
    click(within(screen.getByRole("dialog")).getByRole("button", { name: answer }));

  test("asks for confirmation, shows a placeholder and focuses the composer", async () => {
    await openChat();
    await sendMessage("I should not have said this");
    await advance();
    await doAction("I should not", "Delete");
    await confirm("Cancel");
    expect(messages("I should not")).toHaveLength(1);
    expect(server.log[0]?.deletedAt).toBeNull();
    await doAction("I should not", "Delete");
    await confirm("Delete");
    expect(messages("This message was deleted.")).toHaveLength(1);
    expect(messages("I should not")).toEqual([]);
    expect(document.activeElement).toBe(composer());
    await reload();
    expect(messages("This message was deleted.")).toHaveLength(1);
  });

  test("of a message whose stored row is damaged is not claimed: it is shown as unreadable", async () => {
    const said = server.storeMessage("u-bob", "");
    Object.assign(said, { unreadable: true, deletedAt: said.sentAt });
    server.unreadable = 2;
    await openChat();
    expect(messages("This message cannot be shown")).toHaveLength(1);
    expect(screen.getByText(/Not shown, because what is stored of them is damaged: 2\./)).toBeTruthy();
  });

  test("by the author is shown immediately", async () => {
    const said = server.storeMessage("u-bob", "regrets");
    await openChat();
    server.edit(said, "regrets too");
    await advance();
    expect(message("regrets").queryByText("edited")).toBeTruthy();
    server.delete(said);
    await advance();
    expect(messages("This message was deleted.")).toHaveLength(1);
    expect(message("This message was deleted.").queryByText("edited")).toBeNull();
    expect(messages("regrets")).toEqual([]);
  });

  test(`of others' messages is possible for the owner, and the placeholder says "removed"`, async () => {
    const moderated = server.add("moderated", [ALICE, "u-bob"]);
    server.postMessage(moderated, "u-bob", "spam spam spam");
    await openChat(`/c/${moderated.channelId}`);
    await doAction("spam", "Delete");
    await confirm("Delete");
    expect(messages("This message was removed.")).toHaveLength(1);
  });

  test("of others' messages is not possible for a member", async () => {
    server.storeMessage("u-bob", "not mine to delete");
    await openChat();
    expect(actions("not mine to delete")).not.toContain("Delete");
  });
});

describe("reactions", () => {
  const reaction = () => message("ship it?").queryByRole("button", { name: /^🚀, / });

  test("are added from the picker, show names, and are joined and removed by a click", async () => {
    const said = server.storeMessage("u-bob", "ship it?");
    await openChat();
    await doAction("ship it?", "Add reaction");
    const picker = within(screen.getByRole("dialog", { name: "Emoji" }));
    await user.type(picker.getByRole("searchbox", { name: "Search emoji" }), "rocket");
    await click(picker.getByRole("gridcell", { name: "Rocket" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 1: you");
    server.react(said, "u-bob", "🚀");
    await advance();
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 2: you, bob");
    expect(reaction()?.getAttribute("aria-pressed")).toBe("true");
    await click(reaction() as HTMLElement);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 1: bob");
    expect(reaction()?.getAttribute("aria-pressed")).toBe("false");
    server.react(said, "u-bob", "🚀", false);
    await advance();
    expect(reaction()).toBeNull();
  });

  test("are added and removed without the picker, by the emoji that were picked last", async () => {
    server.storeMessage("u-bob", "ship it?");
    localStorage.setItem(`parley.emoji.${ALICE}`, "🚀 👍");
    await openChat();
    expect(actions("ship it?").slice(0, 3)).toEqual(["React with 🚀", "React with 👍", "React with ❤️"]);
    await doAction("ship it?", "React with 🚀");
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 1: you");
    const quick = within(message("ship it?").article).getByRole("button", { name: "React with 🚀" });
    expect(quick.getAttribute("aria-pressed")).toBe("true");
    await doAction("ship it?", "React with 🚀");
    expect(reaction()).toBeNull();
    expect(server.log[0]?.reactions).toEqual([]);
  });

  test("of others are joined from the picker too", async () => {
    server.react(server.storeMessage("u-bob", "ship it?"), "u-bob", "🚀");
    await openChat();
    await doAction("ship it?", "Add reaction");
    const picker = within(screen.getByRole("dialog", { name: "Emoji" }));
    await user.type(picker.getByRole("searchbox", { name: "Search emoji" }), "rocket");
    await click(picker.getByRole("gridcell", { name: "Rocket" }));
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 2: bob, you");
  });

  test("of many users name twelve of them", async () => {
    const said = server.storeMessage("u-bob", "ship it?");
    for (let number = 1; number <= 14; number += 1) server.react(said, `u-${number}`, "🚀");
    await openChat();
    expect(reaction()?.getAttribute("aria-label")).toMatch(/^🚀, 14: (someone, ){12}2 more$/);
  });

  test("of another user are joined by a click", async () => {
    server.react(server.storeMessage("u-bob", "ship it?"), "u-bob", "🚀");
    await openChat();
    await click(reaction() as HTMLElement);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 2: bob, you");
    expect(server.log[0]?.reactions).toEqual([{ emoji: "🚀", userIds: ["u-bob", ALICE] }]);
  });
});

test("a new name of another user is shown on messages that are loaded", async () => {
  server.storeMessage("u-bob", "hello");
  await openChat();
  expect(message("hello").article.getAttribute("aria-label")).toMatch(/^bob,/);
  server.postFrame({ type: "names", changes: [{ userId: "u-bob", displayName: "Robert" }] });
  await advance();
  expect(message("hello").article.getAttribute("aria-label")).toMatch(/^Robert,/);
});

describe("mentions", () => {
  test("are completed by typing, arrow keys and Enter, and are highlighted", async () => {
    await openChat();
    await user.type(composer(), "hello @");
    const options = () => within(screen.getByRole("listbox", { name: "People to mention" }));
    const chosen = () => options().getByRole("option", { selected: true }).textContent;
    expect(options().getAllByRole("option")).toHaveLength(3);
    expect(chosen()).toContain("bob");
    await user.keyboard("{ArrowDown}");
    expect(chosen()).toContain("carol");
    const described = document.getElementById(composer().getAttribute("aria-activedescendant") ?? "");
    expect(described?.textContent).toContain("carol");
    await user.keyboard("{ArrowUp}{ArrowUp}");
    expect(chosen()).toContain("dave");
    await user.keyboard("{Enter}");
    expect(composer().value).toBe("hello @dave ");
    await user.keyboard("and welcome{Enter}");
    await advance();
    expect(message("and welcome").article.querySelector(".Markdown_mention")?.textContent).toBe("@dave");
    expect(message("and welcome").article.className).not.toContain("MessageRow_mentionsMe");
  });

  test("are dismissed with Escape, and then Enter sends", async () => {
    await openChat();
    await user.type(composer(), "hello @da{Escape}");
    expect(screen.queryByRole("listbox")).toBeNull();
    await pressKeys("{Enter}");
    expect(server.log[0]?.text).toBe("hello @da");
  });

  test("of the user strengthen the badge and highlight the message", async () => {
    const names = server.add("names", ["u-bob", ALICE]);
    await openChat();
    server.postMessage(names, "u-bob", "hello @alice and welcome");
    await advance();
    expect(channelLink("names").querySelector(".badge-strong")?.textContent).toContain("1");
    await click(channelLink("names"));
    await advance(1_000);
    expect(message("and welcome").article.className).toContain("MessageRow_mentionsMe");
    expect(message("and welcome").article.querySelector(".Markdown_me")?.textContent).toBe("@alice");
    expect(channelLink("names").querySelector(".badge")).toBeNull();
  });

  test("while the user was away strengthen the badge when the page is loaded", async () => {
    const names = server.add("names", ["u-bob", ALICE]);
    const others = server.add("others", ["u-bob", ALICE]);
    server.postMessage(names, "u-bob", "hello @alice");
    server.postMessage(names, "u-bob", "hello");
    server.postMessage(others, "u-bob", "hello");
    await openChat();
    expect(channelLink("names").textContent).toContain("2 unread, one mentions you");
    expect(channelLink("names").querySelector(".badge-strong")).not.toBeNull();
    expect(channelLink("others").querySelector(".badge-strong")).toBeNull();
  });
});

test("the remaining bytes are shown near the limit, and nothing over the limit is sent", async () => {
  await openChat();
  const count = () => document.querySelector(".Composer_count")?.textContent ?? null;
  const write = (value: string) => fireEvent.change(composer(), { target: { value } });
  const send = screen.getByRole<HTMLButtonElement>("button", { name: "Send message" });
  write("a".repeat(6_000));
  expect(count()).toBeNull();
  write("é".repeat(4_000));
  expect(count()).toBe("192 bytes left");
  write("é".repeat(4_100));
  expect(count()).toBe("8 bytes over the limit");
  expect(composer().getAttribute("aria-invalid")).toBe("true");
  expect(send.disabled).toBe(true);
  fireEvent.keyDown(composer(), { key: "Enter" });
  await advance();
  expect(server.log).toEqual([]);
  expect(composer().value).toBe("é".repeat(4_100));
  write("é".repeat(4_096));
  expect(count()).toBe("0 bytes left");
  fireEvent.keyDown(composer(), { key: "Enter" });
  await advance();
  expect(server.log[0]?.text).toBe("é".repeat(4_096));
  expect(deliveryState("éééé")).toBe("Delivered");
});

test.each([
  ["spaces", "  \n "],
  ["zero-width characters", "\u200b\u2060\u200d"],
  ["letters that are drawn blank", "\u3164\u2800\u115f"],
])("a message of %s only is not sent", async (_, text) => {
  await openChat();
  fireEvent.change(composer(), { target: { value: text } });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Send message" }).disabled).toBe(true);
  fireEvent.keyDown(composer(), { key: "Enter" });
  await advance();
  expect(server.sent.filter((frame) => frame.action === "sendMessage")).toEqual([]);
  expect(composer().value).toBe(text);
});

test("a message of many lines is collapsed until the user wants to see all of it", async () => {
  server.storeMessage("u-bob", Array.from({ length: 25 }, (_, line) => `line ${line}`).join("\n"));
  server.storeMessage("u-bob", Array.from({ length: 24 }, (_, line) => `short ${line}`).join("\n"));
  await openChat();
  expect(message("short 1").queryByRole("button", { name: "Show all" })).toBeNull();
  const toggle = message("line 1").getByRole("button", { name: "Show all" });
  expect(toggle.getAttribute("aria-expanded")).toBe("false");
  await click(toggle);
  expect([toggle.textContent, toggle.getAttribute("aria-expanded")]).toEqual(["Show less", "true"]);
});

test("a quote is put at the start of the next message", async () => {
  server.storeMessage("u-bob", "so it was said");
  await openChat();
  await doAction("so it was said", "Quote");
  expect(composer().value).toBe("> **bob**\n> so it was said\n\n");
  expect(document.activeElement).toBe(composer());
});

test("drafts are kept per channel across navigation and a reload", async () => {
  server.add("second draft", [ALICE]);
  await openChat();
  await user.type(composer(), "I was about to say");
  await click(channelLink("second draft"));
  expect(screen.getByRole("log", { name: "Messages in second draft" })).toBeTruthy();
  expect(composer().value).toBe("");
  await reload();
  expect(composer().value).toBe("");
  await click(channelLink("general"));
  expect(composer().value).toBe("I was about to say");
  await pressKeys("{Enter}");
  await reload();
  expect([composer().value, texts()]).toEqual(["", ["I was about to say"]]);
});

test("search finds messages, newest first, and links to them", async () => {
  server.storeMessage("u-bob", "The Heron landed");
  const changed = server.storeMessage("u-bob", "a heron, mistyped");
  const deleted = server.storeMessage("u-bob", "heron, deleted");
  server.edit(changed, "an egret after all");
  server.delete(deleted);
  server.storeMessage("u-bob", "two HERONS");
  await openChat();
  await pressKeys("{Control>}{Shift>}f{/Shift}{/Control}");
  expect(screen.getByText(/^Messages match if they contain all words/)).toBeTruthy();
  await user.keyboard("heron");
  await pressKeys("{Enter}");
  const panel = within(screen.getByRole("complementary", { name: "Search" }));
  const found = () =>
    panel.getAllByRole("link").map((link) => link.querySelector(".SearchPanel_text")?.textContent);
  expect(found()).toEqual(["two HERONS", "The Heron landed"]);
  expect(panel.getByText("2 found, newest first").closest("[role=status]")).toBeTruthy();
  // Not announced: a screen reader would read the texts of all results.
  expect(panel.getAllByRole("link")[0]?.closest("[aria-live], [role=status]")).toBeNull();
  expect([...document.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["HERON", "Heron"]);
  await user.clear(panel.getByRole("searchbox"));
  await user.keyboard("egret");
  await pressKeys("{Enter}");
  expect(found()).toEqual(["an egret after all"]);
  await user.clear(panel.getByRole("searchbox"));
  await user.keyboard("stork");
  await pressKeys("{Enter}");
  expect(panel.getByText("No messages match.")).toBeTruthy();
  await user.clear(panel.getByRole("searchbox"));
  await user.keyboard("heron landed");
  await pressKeys("{Enter}");
  await click(panel.getByRole("link"));
  expect(location.pathname).toBe("/c/general/1");
  expect(message("The Heron landed").article.className).toContain("MessageRow_highlighted");
});

test("search highlights what matches, also after letters whose lower case is longer", async () => {
  server.storeMessage("u-bob", "İİİİ in İSTANBUL 🎉");
  await openChat();
  await pressKeys("{Control>}{Shift>}f{/Shift}{/Control}");
  await user.keyboard("stanbul");
  await pressKeys("{Enter}");
  expect([...document.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["STANBUL"]);
});

test("a link to a message opens its channel and highlights it", async () => {
  for (const text of ["fact 0", "fact 1", "fact 2"]) server.storeMessage("u-bob", text);
  await openChat("/c/general/2");
  expect(message("fact 1").article.className).toContain("MessageRow_highlighted");
  expect(message("fact 0").article.className).not.toContain("MessageRow_highlighted");
});

test("a link to a message that does not exist says so, and shows the channel", async () => {
  for (const text of ["fact 0", "fact 1"]) server.storeMessage("u-bob", text);
  await openChat("/c/general/9");
  expect(screen.getByText("This channel has no message 9. Check the link.")).toBeTruthy();
  expect(texts()).toEqual(["fact 0", "fact 1"]);
});

test("a new message is announced once with its sender, without markup; own messages are not announced", async () => {
  server.storeMessage("u-bob", "said before");
  await openChat();
  const polite = () =>
    [...document.querySelectorAll("section > .visually-hidden[aria-live=polite]")].map(
      (each) => each.textContent,
    );
  expect(polite()).toEqual([""]);
  expect(log().getAttribute("aria-live")).toBe("off");
  server.postMessage(server.add("elsewhere", ["u-bob", ALICE]), "u-bob", "in another channel");
  await advance();
  expect(polite()).toEqual([""]);
  const posted = server.postMessage(server.general, "u-bob", "listen to this");
  await advance();
  expect(polite()).toEqual(["bob: listen to this"]);
  server.broadcast(posted);
  server.postMessage(
    server.general,
    "u-bob",
    "> is **it** `on`?\n\n- yes, [here](https://example.com)\n- no",
  );
  await advance();
  expect(polite()).toEqual(["bob: is it on? yes, here no"]);
  server.postMessage(server.general, "u-bob", "listen to this");
  await advance();
  await sendMessage("my own words");
  await advance();
  expect(deliveryState("my own words")).toBe("Delivered");
  expect(polite()).toEqual(["bob: listen to this"]);
});

test("the names of days change at midnight", async () => {
  const days = () => [...log().querySelectorAll(".MessageList_day")].map(({ textContent }) => textContent);
  vi.setSystemTime(new Date(2026, 0, 1, 23, 59));
  server.storeMessage("u-bob", "late");
  await openChat();
  expect(days()).toEqual(["Today"]);
  await advance(90_000);
  expect(days()).toEqual(["Yesterday"]);
  server.postMessage(server.general, "u-bob", "early");
  await advance();
  expect(days()).toEqual(["Yesterday", "Today"]);
});

describe("copying", () => {
  const content = (text: string) => message(text).article.querySelector("[data-copied]") as HTMLElement;
  /** The text that a page writes to the clipboard; null if it leaves that to the browser. */
  const copied = (from: [Node, number], to: [Node, number]) => {
    const range = document.createRange();
    range.setStart(...from);
    range.setEnd(...to);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    const data = new Map<string, string>();
    const handled = !fireEvent.copy(log(), {
      clipboardData: { setData: (type: string, text: string) => void data.set(type, text) },
    });
    expect(handled).toBe(data.size > 0);
    return handled ? String(data.get("text/plain")) : null;
  };
  const textIn = (element: Element): Node =>
    document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode() as Node;

  test("several messages gives the name, time and text of each", async () => {
    vi.setSystemTime(new Date(2026, 0, 1, 12, 3));
    server.storeMessage("u-bob", "first words");
    server.storeMessage("u-bob", "*second*\nline");
    server.delete(server.storeMessage("u-bob", "gone"));
    server.storeMessage("u-carol", "last words");
    await openChat();
    expect(copied([content("first"), 0], [content("last"), content("last").childNodes.length])).toBe(
      [
        "bob, 12:03: first words",
        "bob, 12:03: *second*\nline",
        "bob, 12:03: This message was deleted.",
        "carol, 12:03: last words",
      ]
        .join("\n")
        .replaceAll("12:03", timeOfDay(new Date(2026, 0, 1, 12, 3).toISOString())),
    );
    expect(copied([textIn(content("first")), 6], [textIn(content("last")), 4])).toMatch(
      /^bob, [^:]*:.*: words\nbob, [\s\S]*\ncarol, .*: last$/,
    );
  });

  test("messages of several days gives the dates too", async () => {
    vi.setSystemTime(new Date(2026, 0, 1, 12, 3));
    server.storeMessage("u-bob", "first words");
    vi.setSystemTime(new Date(2026, 0, 2, 12, 3));
    server.storeMessage("u-bob", "last words");
    await openChat();
    expect(copied([content("first"), 0], [content("last"), content("last").childNodes.length])).toMatch(
      /^bob, Jan 1, 2026, .*: first words\nbob, Jan 2, 2026, .*: last words$/,
    );
  });

  test("part of one message is left to the browser", async () => {
    server.storeMessage("u-bob", "first words");
    server.storeMessage("u-bob", "second words");
    await openChat();
    expect(copied([textIn(content("first")), 0], [textIn(content("first")), 5])).toBeNull();
    expect(copied([textIn(content("first")), 0], [textIn(content("second")), 0])).toBeNull();
  });
});

describe("files", () => {
  const transfer = (...types: string[]) => ({ types, files: [] });

  test("that are dropped anywhere are refused, and the page stays", async () => {
    await openChat();
    for (const target of [document.body, composer()]) {
      expect(fireEvent.dragOver(target, { dataTransfer: transfer("Files") })).toBe(false);
      expect(fireEvent.drop(target, { dataTransfer: transfer("Files") })).toBe(false);
    }
    await advance();
    expect(screen.getByText(/^Files cannot be sent\./)).toBeTruthy();
  });

  test("that are pasted are refused; text is dropped and pasted as always", async () => {
    await openChat();
    const text = { dataTransfer: transfer("text/plain") };
    expect(fireEvent.dragOver(composer(), text) && fireEvent.drop(composer(), text)).toBe(true);
    expect(fireEvent.paste(composer(), { clipboardData: transfer("text/plain", "Files") })).toBe(true);
    await advance();
    expect(screen.queryByText(/^Files cannot be sent\./)).toBeNull();
    expect(fireEvent.paste(composer(), { clipboardData: transfer("Files") })).toBe(false);
    await advance();
    expect(screen.getByText(/^Files cannot be sent\./)).toBeTruthy();
  });
});

test("all loaded messages are printed, not only those on screen", async () => {
  for (let index = 1; index <= 50; index += 1) server.storeMessage("u-bob", `fact ${index}.`);
  await openChat();
  expect(messages("fact ").length).toBeLessThan(50);
  act(() => void dispatchEvent(new Event("beforeprint")));
  const printed = () => [...document.querySelectorAll(".MessageList_printed article")];
  expect(printed()).toHaveLength(50);
  expect(printed()[0]?.textContent).toContain("fact 1.");
  act(() => void dispatchEvent(new Event("afterprint")));
  expect(printed()).toHaveLength(0);
});
