// @vitest-environment happy-dom
/** Lists that filter while one types: a key that follows at once acts on what the field says, never on an older list. */
import { act, fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { advance, composer, openChat, server, setUpChat, user } from "../support/chatPage";
import { ALICE, type FakeChannel } from "../support/fakeServer";

setUpChat();

/** One key stroke after the other, with no time between them for anything that comes later. */
function strike(field: HTMLInputElement | HTMLTextAreaElement, text: string, ...keys: string[]): void {
  for (let end = 1; end <= text.length; end += 1) {
    fireEvent.change(field, { target: { value: text.slice(0, end) } });
  }
  for (const key of keys) fireEvent.keyDown(field, { key });
}

describe("the emoji picker", () => {
  async function open(): Promise<HTMLInputElement> {
    server.storeMessage("u-bob", "ship it?");
    await openChat();
    await user.click(screen.getByRole("button", { name: "Add reaction" }));
    await advance();
    return within(screen.getByRole("dialog", { name: "Emoji" })).getByRole("searchbox");
  }

  const reactions = () => server.log[0]?.reactions.map(({ emoji }) => emoji);

  test("picks the first emoji of what was typed, with Enter right behind the last letter", async () => {
    strike(await open(), "tada", "Enter");
    await advance();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(reactions()).toEqual(["🎉"]);
  });

  test("moves within what was typed, with an arrow right behind the last letter", async () => {
    const field = await open();
    strike(field, "heart", "ArrowRight", "Enter");
    await advance();
    const picked = reactions();
    strike(await reopened(), "heart");
    const second = screen.getAllByRole("gridcell")[1]?.textContent;
    expect(picked).toEqual([second]);
  });

  async function reopened(): Promise<HTMLInputElement> {
    await user.click(screen.getByRole("button", { name: "Add reaction" }));
    await advance();
    return screen.getByRole("searchbox", { name: "Search emoji" });
  }

  test("forgets where the arrows went when the text is another", async () => {
    const field = await open();
    strike(field, "heart", "ArrowDown", "ArrowRight");
    strike(field, "tada", "Enter");
    await advance();
    expect(reactions()).toEqual(["🎉"]);
  });

  test("picks nothing when nothing is found, and the next text counts", async () => {
    const field = await open();
    strike(field, "tada no such emoji", "Enter");
    await advance();
    expect(screen.getByText("No emoji found")).toBeTruthy();
    expect(reactions()).toEqual([]);
    strike(field, "pizza", "Enter");
    await advance();
    expect(reactions()).toEqual(["🍕"]);
  });

  test("picks nothing before anything is typed or chosen", async () => {
    const field = await open();
    fireEvent.keyDown(field, { key: "Enter" });
    await advance();
    expect(reactions()).toEqual([]);
    strike(field, "", "ArrowDown", "ArrowRight", "Enter");
    await advance();
    expect(reactions()).toEqual(["😃"]);
  });

  test("leaves to an input method the Enter that ends a composition", async () => {
    const field = await open();
    strike(field, "tada");
    fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    await advance();
    expect(reactions()).toEqual([]);
  });
});

describe("the switcher", () => {
  let tea: FakeChannel;
  beforeEach(() => {
    server.add("alpha", [ALICE]);
    tea = server.add("tea", [ALICE]);
  });

  async function open(): Promise<HTMLInputElement> {
    await openChat();
    await user.keyboard("{Control>}k{/Control}");
    await advance();
    return screen.getByRole<HTMLInputElement>("combobox");
  }

  test("goes where the typed letters lead, with Enter right behind the last one", async () => {
    strike(await open(), "tea", "Enter");
    await advance();
    expect(location.pathname).toBe(`/c/${tea.channelId}`);
  });

  test("goes nowhere when nothing has such a name", async () => {
    strike(await open(), "tea with milk", "Enter");
    await advance();
    expect(location.pathname).toBe("/c/general");
    expect(screen.getByText("No channels or people match.")).toBeTruthy();
  });

  test("forgets where the arrows went when the text is another", async () => {
    strike(await open(), "a", "ArrowDown", "ArrowDown");
    strike(screen.getByRole<HTMLInputElement>("combobox"), "tea", "Enter");
    await advance();
    expect(location.pathname).toBe(`/c/${tea.channelId}`);
  });
});

describe("the completion of mentions", () => {
  function type(text: string, caret = text.length): HTMLTextAreaElement {
    const field = composer();
    for (let end = 1; end <= text.length; end += 1) {
      const value = text.slice(0, end);
      fireEvent.change(field, { target: { value, selectionStart: end, selectionEnd: end } });
    }
    // The browser moves the caret at once and tells of it later.
    field.setSelectionRange(caret, caret);
    return field;
  }

  test("completes whom the typed letters name, with Enter right behind the last one", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @da"), { key: "Enter" });
    expect(composer().value).toBe("hello @dave ");
  });

  test("sends when the letters name nobody", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @dave2"), { key: "Enter" });
    await advance();
    expect(server.log.at(-1)?.text).toBe("hello @dave2");
  });

  test("goes by where the caret is, not by where it was", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @da", 2), { key: "Enter" });
    await advance();
    expect(server.log.at(-1)?.text).toBe("hello @da");
  });

  test("completes the mention that the caret has just come to, and nothing behind it", async () => {
    await openChat();
    const field = type("@ca and @da", 3);
    fireEvent.keyDown(field, { key: "Enter" });
    expect(field.value).toBe("@carol  and @da");
  });

  test("forgets where the arrows went when the letters are others", async () => {
    await openChat();
    fireEvent.keyDown(type("@"), { key: "ArrowDown" });
    fireEvent.keyDown(type("@da"), { key: "Enter" });
    expect(composer().value).toBe("@dave ");
  });
});

describe("the list of channels to join", () => {
  test("shows what the typed letters name at once, and Enter in the field joins nothing", async () => {
    server.add("tea", ["u-bob"], "public");
    server.add("coffee", ["u-bob"], "public");
    await openChat();
    await user.click(screen.getByRole("button", { name: "Browse channels" }));
    await advance();
    const dialog = within(screen.getByRole("dialog", { name: "Browse channels" }));
    expect(dialog.getAllByRole("listitem")).toHaveLength(2);
    strike(dialog.getByRole("searchbox"), "tea");
    expect(
      dialog.getAllByRole("button", { name: /^Join / }).map((each) => each.getAttribute("aria-label")),
    ).toEqual(["Join tea"]);
    fireEvent.keyDown(dialog.getByRole("searchbox"), { key: "Enter" });
    await advance();
    expect(server.requests.filter((request) => request.startsWith("PUT"))).toEqual([]);
  });
});

describe("the list of people to add", () => {
  test("shows whom the typed letters name at once, and Enter in the field adds nobody", async () => {
    const channel = server.add("tea", [ALICE]);
    await openChat(`/c/${channel.channelId}`);
    await user.click(screen.getByRole("button", { name: "Members, 1" }));
    await advance();
    await user.click(screen.getByRole("button", { name: "Add people" }));
    const dialog = within(screen.getByRole("dialog", { name: "Add people" }));
    strike(dialog.getByRole("searchbox"), "da");
    expect(dialog.getAllByRole("listitem").map((each) => each.textContent)).toEqual([
      expect.stringContaining("@dave"),
    ]);
    fireEvent.keyDown(dialog.getByRole("searchbox"), { key: "Enter" });
    await advance();
    expect([...channel.roles.keys()]).toEqual([ALICE]);
  });
});

describe("search in a channel", () => {
  /** Answers are held back until the test lets them go, in the order that it likes. */
  let waiting: Map<string, () => void>;

  async function open(): Promise<HTMLInputElement> {
    for (const text of ["tea is ready", "coffee is ready"]) server.storeMessage("u-bob", text);
    await openChat();
    waiting = new Map();
    server.intercept = (_method, path) => {
      const term = new URLSearchParams(path.split("?")[1]).get("search");
      return term === null ? null : new Promise((resolve) => waiting.set(term, () => resolve(null)));
    };
    await user.keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await advance();
    return screen.getByRole("searchbox", { name: "Search in general" });
  }

  async function ask(field: HTMLInputElement, term: string): Promise<void> {
    strike(field, term);
    const form = field.form;
    if (!form) throw new Error("The field is in no form.");
    fireEvent.submit(form);
    await advance();
  }

  async function answer(term: string): Promise<void> {
    const go = waiting.get(term);
    if (!go) throw new Error(`Nobody has asked for ${term}.`);
    await act(async () => go());
    await advance();
  }

  const results = () => {
    const panel = screen.getByRole("complementary", { name: "Search" });
    return within(panel)
      .queryAllByRole("link")
      .map((link) => link.querySelector(".search-result-text")?.textContent);
  };

  test("shows the results of the term in the field, whichever answer comes last", async () => {
    const field = await open();
    await ask(field, "tea");
    await ask(field, "coffee");
    await answer("coffee");
    expect(results()).toEqual(["coffee is ready"]);
    await answer("tea");
    expect(results()).toEqual(["coffee is ready"]);
  });

  test("shows no results of a term that the field says no more", async () => {
    const field = await open();
    await ask(field, "tea");
    await answer("tea");
    expect(results()).toEqual(["tea is ready"]);
    strike(field, "coffee");
    expect(results()).toEqual([]);
    expect(screen.getByText("Press Enter to search the messages of this channel.")).toBeTruthy();
    strike(field, "tea");
    expect(results()).toEqual(["tea is ready"]);
  });

  test("shows nothing of an answer that comes after the field was changed or emptied", async () => {
    const field = await open();
    await ask(field, "tea");
    fireEvent.change(field, { target: { value: "" } });
    fireEvent.submit(field.form as HTMLFormElement);
    await answer("tea");
    expect(results()).toEqual([]);
  });

  test("looks further back for the term whose results it shows, and adds to them alone", async () => {
    for (let index = 0; index < 60; index += 1) server.storeMessage("u-bob", `old tea ${index}`);
    const field = await open();
    await ask(field, "old tea");
    await answer("old tea");
    expect(results()).toHaveLength(50);
    await user.click(screen.getByRole("button", { name: "Search older messages" }));
    await advance();
    strike(field, "coffee");
    expect(screen.queryByRole("button", { name: "Search older messages" })).toBeNull();
    await answer("old tea");
    expect(results()).toEqual([]);
    strike(field, "old tea");
    expect(results()).toHaveLength(60);
  });
});
