// @vitest-environment happy-dom
/** Text that was typed and not sent or saved is kept, in all tabs of the browser, until it is sent, discarded or signed out. */
import { act, screen, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { store } from "../../src/core/state/store";
import {
  advance,
  channelLink,
  chat,
  click,
  closePage,
  composer,
  deliveryState,
  main,
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

setUpChat();

const HOUR_MS = 3_600_000;
const press = (text: string, action: string) => click(message(text).getByRole("button", { name: action }));
const unsaved = () => screen.queryAllByText(/^Edit not saved:/).map((each) => each.textContent);
const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("parley."));

/** Begin to edit a message of Alice's, without saving. */
async function editTo(before: string, after: string): Promise<void> {
  await press(before, "Edit");
  await user.clear(composer());
  await user.paste(after);
}

/** Another tab of this browser changes a stored value. */
async function inAnotherTab(key: string, newValue: string | null): Promise<void> {
  if (newValue === null) localStorage.removeItem(key);
  else localStorage.setItem(key, newValue);
  act(() => void dispatchEvent(new StorageEvent("storage", { key, newValue })));
  await advance();
}

test("a channel with a draft is marked in the sidebar while another one is open", async () => {
  server.add("elsewhere", [ALICE]);
  await openChat();
  const marked = () =>
    ["general", "elsewhere"].filter((name) => / draft/.test(channelLink(name).textContent));
  await user.type(composer(), "not done");
  expect(marked()).toEqual([]);
  await click(channelLink("elsewhere"));
  expect(marked()).toEqual(["general"]);
  await reload();
  expect(marked()).toEqual(["general"]);
  await user.type(composer(), "  ");
  await click(channelLink("general"));
  expect(marked()).toEqual([]);
  await pressKeys("{Enter}");
  await click(channelLink("elsewhere"));
  expect(marked()).toEqual([]);
});

describe("an edit that was not saved", () => {
  test("is kept when another channel is opened, and across a reload", async () => {
    server.add("elsewhere", [ALICE]);
    server.storeMessage(ALICE, "we meet at tree");
    await openChat();
    await editTo("we meet at tree", "we meet at three");
    await click(channelLink("elsewhere"));
    expect([composer().value, unsaved()]).toEqual(["", []]);
    await click(channelLink("general"));
    expect(unsaved()).toEqual(["Edit not saved: we meet at three"]);
    expect(composer().value).toBe("");
    await reload();
    await click(main().getByRole("button", { name: "Continue" }));
    expect([composer().value, unsaved()]).toEqual(["we meet at three", []]);
    await pressKeys("{Enter}");
    expect(texts()).toEqual(["we meet at three"]);
    expect([composer().value, unsaved()]).toEqual(["", []]);
  });

  test("is kept when another message is edited or quoted, and can be discarded", async () => {
    server.storeMessage(ALICE, "first");
    server.storeMessage(ALICE, "second");
    await openChat();
    await editTo("first", "first, put better");
    await press("second", "Edit");
    expect(composer().value).toBe("second");
    expect(unsaved()).toEqual(["Edit not saved: first, put better"]);
    await pressKeys("{Escape}");
    await press("first", "Edit");
    expect(composer().value).toBe("first, put better");
    await press("second", "Quote");
    expect(unsaved()).toEqual(["Edit not saved: first, put better"]);
    await click(main().getByRole("button", { name: "Discard" }));
    expect(unsaved()).toEqual([]);
    expect(texts()).toEqual(["first", "second"]);
  });

  test("becomes a part of the draft when its message is deleted", async () => {
    const said = server.storeMessage(ALICE, "short");
    await openChat();
    await user.type(composer(), "a draft");
    await editTo("short", "a long text that took a while");
    server.delete(said, "u-bob");
    await advance();
    expect(composer().value).toBe("a draft\n\na long text that took a while");
    expect(screen.getByText(/The message that you edited was deleted/)).toBeTruthy();
    expect(screen.queryByText("Editing your message")).toBeNull();
  });

  test("becomes a part of the draft when its message was deleted during an interruption", async () => {
    const said = server.storeMessage(ALICE, "short");
    await openChat();
    await editTo("short", "a long text");
    server.reachable = false;
    server.cutAll();
    server.delete(said, "u-bob");
    server.reachable = true;
    await advance(5_000);
    expect(unsaved()).toEqual(["Edit not saved: a long text"]);
    await click(main().getByRole("button", { name: "Continue" }));
    expect(composer().value).toBe("a long text");
  });

  test("of which nothing was changed leaves nothing behind", async () => {
    server.add("elsewhere", [ALICE]);
    server.storeMessage(ALICE, "fine as it is");
    await openChat();
    await press("fine as it is", "Edit");
    await click(channelLink("elsewhere"));
    await click(channelLink("general"));
    expect(unsaved()).toEqual([]);
  });
});

test("removing all text of a message asks whether to delete it", async () => {
  server.storeMessage(ALICE, "never mind");
  server.storeMessage(ALICE, "a later one");
  await openChat();
  await press("never mind", "Edit");
  await user.clear(composer());
  // It is still the edit of this message.
  await pressKeys("{ArrowUp}");
  expect(composer().value).toBe("");
  await click(screen.getByRole("button", { name: "Save changes" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.getByRole("heading").textContent).toBe("Delete this message?");
  await click(dialog.getByRole("button", { name: "Delete" }));
  expect(messages("This message was deleted.")).toHaveLength(1);
  expect([composer().value, unsaved()]).toEqual(["", []]);
});

describe("with two tabs", () => {
  const key = `parley.draft.${ALICE}.general`;

  test("a draft that the other tab has sent is not ready to be sent again", async () => {
    await openChat();
    await user.type(composer(), "hello");
    await inAnotherTab(key, "hello everyone");
    expect(composer().value).toBe("hello everyone");
    await inAnotherTab(key, null);
    expect(composer().value).toBe("");
    await pressKeys("{Enter}");
    expect(server.log).toEqual([]);
  });

  test("a draft that the other tab goes on typing is never replaced by an earlier state of it", async () => {
    await openChat();
    const storage = localStorage;
    const follow = (newValue: string) =>
      act(() => void dispatchEvent(new StorageEvent("storage", { key, newValue })));
    storage.setItem(key, "hello every");
    follow("hello");
    expect([composer().value, storage.getItem(key)]).toEqual(["hello every", "hello every"]);
    /** While this tab reads, the other one stores the next letters. */
    const getItem = (name: string) => {
      const value = storage.getItem(name);
      storage.setItem(key, "hello everyone");
      return value;
    };
    storage.setItem(key, "hello everyo");
    vi.stubGlobal("localStorage", Object.create(storage, { getItem: { value: getItem } }));
    follow("hello everyo");
    vi.stubGlobal("localStorage", storage);
    expect(storage.getItem(key)).toBe("hello everyone");
  });

  test("an edit that the other tab has saved or discarded is no longer unsaved", async () => {
    server.storeMessage(ALICE, "first");
    await openChat();
    const edit = { channelId: "general", seq: 1, original: "first", text: "first, put better" };
    await inAnotherTab(`parley.edit.${ALICE}.general/1`, JSON.stringify(edit));
    expect(unsaved()).toEqual(["Edit not saved: first, put better"]);
    await inAnotherTab(`parley.edit.${ALICE}.general/1`, null);
    expect(unsaved()).toEqual([]);
  });

  test("an unsent message that the other tab has discarded is not sent", async () => {
    await openChat();
    server.reachable = false;
    server.cutAll();
    await sendMessage("never mind");
    const [entry = ""] = stored().filter((each) => each.startsWith("parley.outbox."));
    await inAnotherTab(entry, null);
    expect(messages("never mind")).toEqual([]);
    server.reachable = true;
    await advance(30_000);
    expect(server.log).toEqual([]);
  });

  describe("the other of which is closed", () => {
    const closed = `parley.closed.${ALICE}`;
    const entry = {
      clientMessageId: crypto.randomUUID(),
      channelId: "general",
      text: "left in the other tab",
    };

    test("a message that it has not sent is shown and sent once, also if both have it", async () => {
      await openChat();
      const key = `parley.outbox.${ALICE}.${entry.clientMessageId}`;
      await inAnotherTab(key, JSON.stringify({ ...entry, writtenAt: Date.now(), failure: null }));
      expect(messages("left in the other tab")).toEqual([]);
      await inAnotherTab(closed, "1");
      await inAnotherTab(closed, null);
      await inAnotherTab(closed, "2");
      await advance(2_000);
      expect(deliveryState("left in the other tab")).toBe("Delivered");
      expect(server.log.map(({ text }) => text)).toEqual(["left in the other tab"]);
      expect(stored().filter((each) => each.startsWith("parley.outbox."))).toEqual([]);
    });

    test("a message of more than an hour ago is not sent without a question", async () => {
      await openChat();
      const key = `parley.outbox.${ALICE}.${entry.clientMessageId}`;
      await inAnotherTab(
        key,
        JSON.stringify({ ...entry, writtenAt: Date.now() - 2 * HOUR_MS, failure: null }),
      );
      await inAnotherTab(closed, "1");
      await advance(2_000);
      expect(message("left in the other tab").getByText(/^Not sent/)).toBeTruthy();
      expect(server.log).toEqual([]);
    });

    test("a change that it has not carried out is carried out", async () => {
      server.storeMessage(ALICE, "first");
      await openChat();
      const command = { action: "editMessage", channelId: "general", seq: 1, text: "first, put better" };
      const key = `parley.change.${ALICE}.c1`;
      await inAnotherTab(key, JSON.stringify({ id: "c1", command, messageId: null, madeAt: Date.now() }));
      await inAnotherTab(closed, "1");
      await advance(2_000);
      expect(server.log[0]?.text).toBe("first, put better");
      expect(stored().filter((each) => each.startsWith("parley.change."))).toEqual([]);
    });
  });
});

describe("an unsent message that is older than an hour", () => {
  test.each(["a reload", "sleep"])("is sent after %s only if the user wants it", async (what) => {
    await openChat();
    server.reachable = false;
    server.cutAll();
    await sendMessage("I will be there in five minutes");
    await advance();
    const later = Date.now() + 72 * HOUR_MS;
    if (what === "a reload") closePage();
    vi.setSystemTime(later);
    server.reachable = true;
    if (what === "a reload") await openChat();
    await advance(5_000);
    expect(server.log).toEqual([]);
    const row = message("I will be there in five minutes");
    expect(row.getByRole("alert").textContent).toContain("Not sent. It was written more than an hour ago.");
    await click(row.getByRole("button", { name: "Send again" }));
    expect(deliveryState("I will be there in five minutes")).toBe("Delivered");
  });

  test("is sent without a question if it is younger", async () => {
    await openChat();
    server.reachable = false;
    server.cutAll();
    await sendMessage("in the tunnel");
    closePage();
    vi.setSystemTime(Date.now() + HOUR_MS / 2);
    server.reachable = true;
    await openChat();
    await advance(2_000);
    expect(server.log.map(({ text }) => text)).toEqual(["in the tunnel"]);
  });
});

test("signing out says that drafts are deleted, and deletes what this browser keeps of the user", async () => {
  server.storeMessage(ALICE, "first");
  await openChat();
  await user.type(composer(), "a secret draft");
  await editTo("first", "a secret edit");
  server.answer = (frame) =>
    frame.action === "sendMessage"
      ? {
          type: "error",
          code: "FORBIDDEN",
          message: "No.",
          action: frame.action,
          clientMessageId: frame.clientMessageId,
        }
      : null;
  chat.sender.send("general", "a secret message");
  await advance();
  localStorage.setItem("parley.draft.u-bob.general", "of another user");
  const signOut = vi.fn(async () => undefined);
  Object.assign(chat.tokens, { signOut });
  await click(screen.getByRole("button", { name: /settings/i }));
  await click(screen.getByRole("button", { name: "Sign out" }));
  expect(signOut).not.toHaveBeenCalled();
  expect(Object.keys(store.getState().drafts)).toEqual(["general"]);
  await click(screen.getByRole("button", { name: "Delete them and sign out" }));
  expect(signOut).toHaveBeenCalled();
  expect(stored()).toEqual(["parley.draft.u-bob.general"]);
});
