// @vitest-environment happy-dom
/** Lists that filter while typing: a key pressed directly after acts on the text in the field, never on an older list. */
import { act, fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { advance, composer, openChat, reload, server, setUpChat, user } from "../support/chatPage";
import { ALICE, type FakeChannel, users } from "../support/fakeServer";

setUpChat();

/** Key presses without time in between for deferred work. */
function typeQuickly(field: HTMLInputElement | HTMLTextAreaElement, text: string, ...keys: string[]): void {
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

  test("picks the first match with Enter directly after the last letter", async () => {
    typeQuickly(await open(), "tada", "Enter");
    await advance();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(reactions()).toEqual(["🎉"]);
  });

  test("moves among the matches with an arrow key directly after the last letter", async () => {
    const field = await open();
    typeQuickly(field, "heart", "ArrowRight", "Enter");
    await advance();
    const picked = reactions();
    typeQuickly(await reopened(), "heart");
    const second = screen.getAllByRole("gridcell")[1]?.textContent;
    expect(picked).toEqual([second]);
  });

  async function reopened(): Promise<HTMLInputElement> {
    await user.click(screen.getByRole("button", { name: "Add reaction" }));
    await advance();
    return screen.getByRole("searchbox", { name: "Search emoji" });
  }

  test("resets the selection when the text changes", async () => {
    const field = await open();
    typeQuickly(field, "heart", "ArrowDown", "ArrowRight");
    typeQuickly(field, "tada", "Enter");
    await advance();
    expect(reactions()).toEqual(["🎉"]);
  });

  test("picks nothing without a match, and continues with the next text", async () => {
    const field = await open();
    typeQuickly(field, "tada no such emoji", "Enter");
    await advance();
    expect(screen.getByText("No emoji found")).toBeTruthy();
    expect(reactions()).toEqual([]);
    typeQuickly(field, "pizza", "Enter");
    await advance();
    expect(reactions()).toEqual(["🍕"]);
  });

  test("picks nothing before anything is typed or selected", async () => {
    const field = await open();
    fireEvent.keyDown(field, { key: "Enter" });
    await advance();
    expect(reactions()).toEqual([]);
    typeQuickly(field, "", "ArrowDown", "ArrowRight", "Enter");
    await advance();
    expect(reactions()).toEqual(["😃"]);
  });

  test("begins with the emoji that were picked last, also after a reload", async () => {
    typeQuickly(await open(), "tada", "Enter");
    await advance();
    typeQuickly(await reopened(), "rocket", "Enter");
    await advance();
    await reload();
    await reopened();
    const first = screen.getAllByRole("gridcell").slice(0, 3);
    expect(first.map((cell) => cell.textContent)).toEqual(["🚀", "🎉", "😀"]);
    expect(screen.getByText("Recently used")).toBeTruthy();
    expect(Object.keys(localStorage)).toContain(`parley.emoji.${ALICE}`);
  });

  test("ignores the Enter key that ends an input method's composition", async () => {
    const field = await open();
    typeQuickly(field, "tada");
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

  test("opens the first match with Enter directly after the last letter", async () => {
    typeQuickly(await open(), "tea", "Enter");
    await advance();
    expect(location.pathname).toBe(`/c/${tea.channelId}`);
  });

  test("opens nothing without a match", async () => {
    typeQuickly(await open(), "tea with milk", "Enter");
    await advance();
    expect(location.pathname).toBe("/c/general");
    expect(screen.getByText("No channels or people match.")).toBeTruthy();
  });

  test("resets the selection when the text changes", async () => {
    typeQuickly(await open(), "a", "ArrowDown", "ArrowDown");
    typeQuickly(screen.getByRole<HTMLInputElement>("combobox"), "tea", "Enter");
    await advance();
    expect(location.pathname).toBe(`/c/${tea.channelId}`);
  });
});

describe("mention completion", () => {
  function type(text: string, caret = text.length): HTMLTextAreaElement {
    const field = composer();
    for (let end = 1; end <= text.length; end += 1) {
      const value = text.slice(0, end);
      fireEvent.change(field, { target: { value, selectionStart: end, selectionEnd: end } });
    }
    // The browser moves the caret first and reports it later.
    field.setSelectionRange(caret, caret);
    return field;
  }

  test("completes the first match with Enter directly after the last letter", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @da"), { key: "Enter" });
    expect(composer().value).toBe("hello @dave ");
  });

  test("sends the message without a match", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @dave2"), { key: "Enter" });
    await advance();
    expect(server.log.at(-1)?.text).toBe("hello @dave2");
  });

  test("uses the current caret position", async () => {
    await openChat();
    fireEvent.keyDown(type("hello @da", 2), { key: "Enter" });
    await advance();
    expect(server.log.at(-1)?.text).toBe("hello @da");
  });

  test("completes only the mention at the caret", async () => {
    await openChat();
    const field = type("@ca and @da", 3);
    fireEvent.keyDown(field, { key: "Enter" });
    expect(field.value).toBe("@carol  and @da");
  });

  test("resets the selection when the word changes", async () => {
    const [dave] = users.slice(-1);
    if (dave)
      server.people.set("u-dana", { ...dave, userId: "u-dana", username: "dana", displayName: "dana" });
    await openChat();
    fireEvent.keyDown(type("@"), { key: "ArrowDown" });
    fireEvent.keyDown(type("@da"), { key: "Enter" });
    expect(composer().value).toBe("@dana ");
  });
});

describe("the list of channels to join", () => {
  test("is filtered immediately, and Enter in the field joins nothing", async () => {
    server.add("green tea", ["u-bob"], "public");
    server.add("black tea", ["u-bob"], "public");
    await openChat();
    await user.click(screen.getByRole("button", { name: "Browse channels" }));
    await advance();
    const dialog = within(screen.getByRole("dialog", { name: "Browse channels" }));
    expect(dialog.getAllByRole("listitem")).toHaveLength(2);
    typeQuickly(dialog.getByRole("searchbox"), "tea green");
    expect(
      dialog.getAllByRole("button", { name: /^Join / }).map((each) => each.getAttribute("aria-label")),
    ).toEqual(["Join green tea"]);
    fireEvent.keyDown(dialog.getByRole("searchbox"), { key: "Enter" });
    await advance();
    expect(server.requests.filter((request) => request.startsWith("PUT"))).toEqual([]);
  });
});

describe("the list of people to add", () => {
  let channel: FakeChannel;
  const dialog = () => within(screen.getByRole("dialog", { name: "Add people" }));
  const field = () => dialog().getByRole<HTMLInputElement>("searchbox");
  const members = () => [...channel.roles.keys()];

  async function open(...others: string[]): Promise<HTMLInputElement> {
    channel = server.add("tea", [ALICE, ...others]);
    await openChat(`/c/${channel.channelId}`);
    await user.click(screen.getByRole("button", { name: /^Members, / }));
    await advance();
    await user.click(screen.getByRole("button", { name: "Add people" }));
    return field();
  }

  test("is filtered immediately, and Enter adds the only match, then the next person", async () => {
    typeQuickly(await open(), "@da dav");
    expect(
      dialog()
        .getAllByRole("listitem")
        .map((each) => each.textContent),
    ).toEqual([expect.stringContaining("@dave")]);
    fireEvent.keyDown(field(), { key: "Enter" });
    await advance();
    expect(members()).toEqual([ALICE, "u-dave"]);
    expect([field().value, document.activeElement === field()]).toEqual(["", true]);
    expect(dialog().getAllByRole("listitem")).toHaveLength(2);
    typeQuickly(field(), "bob", "Enter");
    await advance();
    expect(members()).toEqual([ALICE, "u-dave", "u-bob"]);
  });

  test("stays as it is on Enter with several matches, with none, and without a name", async () => {
    typeQuickly(await open("u-dave"), "o", "Enter");
    typeQuickly(field(), "zzz", "Enter");
    await advance();
    expect(members()).toEqual([ALICE, "u-dave"]);
    server.join(channel, "u-bob");
    await advance(2_000);
    fireEvent.change(field(), { target: { value: "" } });
    fireEvent.keyDown(field(), { key: "Enter" });
    await advance();
    expect(dialog().getAllByRole("listitem")).toHaveLength(1);
    expect(members()).toEqual([ALICE, "u-dave", "u-bob"]);
  });

  test("keeps the name that is typed while another person is added", async () => {
    typeQuickly(await open(), "dave", "Enter");
    typeQuickly(field(), "bo", "Enter");
    await advance();
    expect([field().value, members()]).toEqual(["bo", [ALICE, "u-dave"]]);
  });
});

describe("search in a channel", () => {
  /** Responses are held until the test releases them, in any order. */
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
    typeQuickly(field, term);
    const form = field.form;
    if (!form) throw new Error("The field is in no form.");
    fireEvent.submit(form);
    await advance();
  }

  async function answer(term: string): Promise<void> {
    const go = waiting.get(term);
    if (!go) throw new Error(`No request for ${term} is waiting.`);
    await act(async () => go());
    await advance();
  }

  const results = () => {
    const panel = screen.getByRole("complementary", { name: "Search" });
    return within(panel)
      .queryAllByRole("link")
      .map((link) => link.querySelector(".SearchPanel_text")?.textContent);
  };

  test("shows results of the term in the field, in whatever order responses arrive", async () => {
    const field = await open();
    await ask(field, "tea");
    await ask(field, "coffee");
    await answer("coffee");
    expect(results()).toEqual(["coffee is ready"]);
    await answer("tea");
    expect(results()).toEqual(["coffee is ready"]);
  });

  test("hides results of a term that is no longer in the field", async () => {
    const field = await open();
    await ask(field, "tea");
    await answer("tea");
    expect(results()).toEqual(["tea is ready"]);
    typeQuickly(field, "coffee");
    expect(results()).toEqual([]);
    expect(screen.getByText("Press Enter to search the messages of this channel.")).toBeTruthy();
    typeQuickly(field, "tea");
    expect(results()).toEqual(["tea is ready"]);
  });

  test("ignores a response that arrives after the field was changed or cleared", async () => {
    const field = await open();
    await ask(field, "tea");
    fireEvent.change(field, { target: { value: "" } });
    fireEvent.submit(field.form as HTMLFormElement);
    await answer("tea");
    expect(results()).toEqual([]);
  });

  test("searches older messages for the shown term and appends the results", async () => {
    for (let index = 0; index < 60; index += 1) server.storeMessage("u-bob", `old tea ${index}`);
    const field = await open();
    await ask(field, "old tea");
    await answer("old tea");
    expect(results()).toHaveLength(50);
    await user.click(screen.getByRole("button", { name: "Search older messages" }));
    await advance();
    typeQuickly(field, "coffee");
    expect(screen.queryByRole("button", { name: "Search older messages" })).toBeNull();
    await answer("old tea");
    expect(results()).toEqual([]);
    typeQuickly(field, "old tea");
    expect(results()).toHaveLength(60);
  });
});
