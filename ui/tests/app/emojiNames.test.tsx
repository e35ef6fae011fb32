// @vitest-environment happy-dom
/** The name of an emoji after a colon is completed in the message field. */
import { screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { advance, composer, openChat, pressKeys, server, setUpChat, user } from "../support/chatPage";
import { undo } from "../support/editing";

setUpChat();

const list = () => screen.queryByRole("listbox", { name: "Emoji to insert" });
const options = () =>
  within(list() as HTMLElement)
    .getAllByRole("option")
    .map((each) => each.textContent);

async function type(text: string): Promise<void> {
  await user.type(composer(), text);
  await advance();
}

describe("a name after a colon", () => {
  test("is completed with Enter or Tab, the best match first", async () => {
    await openChat();
    await type("well done :tad");
    expect(options()[0]).toBe("🎉:tada:");
    await pressKeys("{Enter}");
    expect(composer().value).toBe("well done 🎉 ");
    undo(composer());
    expect(composer().value).toBe("well done :tad");
    await user.clear(composer());
    await type(":+1{Tab}");
    expect(composer().value).toBe("👍️ ");
    expect(server.log).toEqual([]);
  });

  test("is selected among the matches with the arrow keys, or with the pointer", async () => {
    await openChat();
    await type(":heart");
    const [, second = ""] = options();
    await pressKeys("{ArrowDown}{Enter}");
    expect(second.startsWith(composer().value.trim())).toBe(true);
    await type(":rocket");
    await user.click(within(list() as HTMLElement).getAllByRole("option")[0] as HTMLElement);
    expect(composer().value).toMatch(/🚀 $/);
  });

  test("that was pasted with the second colon is completed with Enter", async () => {
    await openChat();
    await user.click(composer());
    await user.paste(":tada:");
    await advance();
    expect(composer().value).toBe(":tada:");
    await pressKeys("{Enter}");
    expect(composer().value).toBe("🎉 ");
  });

  test("is kept as it was typed after Escape", async () => {
    await openChat();
    await type(":tada");
    await pressKeys("{Escape}");
    expect(list()).toBeNull();
    await pressKeys("{Enter}");
    expect(server.log.map(({ text }) => text)).toEqual([":tada"]);
  });
});

describe("the second colon", () => {
  test.each([
    [":tada:", "🎉"],
    ["well done :Tada: everyone", "well done 🎉 everyone"],
    [":+1:", "👍️"],
    [":smile:", "😄"],
    [":rocket::+1::tada:", "🚀👍️🎉"],
    [":red_heart:", "❤️"],
    ["`a` :tada:", "`a` 🎉"],
    ["```\na\n```\n:tada:", "```\na\n```\n🎉"],
  ])("replaces the name of an emoji: %j", async (typed, text) => {
    await openChat();
    await type(":ta");
    await user.clear(composer());
    await type(typed.replaceAll("\n", "{Shift>}{Enter}{/Shift}"));
    expect(composer().value).toBe(text);
    expect(list()).toBeNull();
    await pressKeys("{Enter}");
    expect(server.log.map((message) => message.text)).toEqual([text]);
  });

  test.each([
    ":no_such_name:",
    ":tad:",
    "`:tada:",
    "`a` and ``b ` :tada:",
    "```\n\n:tada:",
    "> ```js\n> :tada:",
    "at 10:30:",
  ])("keeps what is no name, or in code: %j", async (typed) => {
    await openChat();
    await type(":ta");
    await user.clear(composer());
    await type(typed.replaceAll("\n", "{Shift>}{Enter}{/Shift}"));
    expect(composer().value).toBe(typed);
  });

  test("replaces a name in the middle of a text, at the caret", async () => {
    await openChat();
    await type("well done :tada everyone");
    await user.type(composer(), ":", { initialSelectionStart: 15 });
    await advance();
    expect(composer().value).toBe("well done 🎉 everyone");
    expect(composer().selectionStart).toBe("well done 🎉".length);
  });

  test("can be undone, and then sent as it was typed", async () => {
    await openChat();
    await type("all :tada:");
    expect(composer().value).toBe("all 🎉");
    undo(composer());
    expect(composer().value).toBe("all :tada:");
    await pressKeys("{Enter}");
    expect(server.log.map((message) => message.text)).toEqual(["all :tada:"]);
  });

  test("keeps a name whose suggestions Escape has closed", async () => {
    await openChat();
    await type(":tada");
    await pressKeys("{Escape}");
    await type(":");
    expect(composer().value).toBe(":tada:");
  });
});

test.each(["at 10:30", "see C:\\tada", "fine :D", "fine :-P", "std::heart", "https://example.com:8080", ":"])(
  "%s is no name of an emoji",
  async (text) => {
    await openChat();
    await user.click(composer());
    await user.paste(text);
    await advance();
    expect(list()).toBeNull();
    await pressKeys("{Enter}");
    expect(server.log.map((message) => message.text)).toEqual([text]);
  },
);
