// @vitest-environment happy-dom
/** Edits, deletions and reactions: shown at once, repeated until they are carried out, undone when they are refused. */
import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientFrame, ErrorCode, Message } from "../../src/core/contract";
import {
  advance,
  chat,
  click,
  closePage,
  composer,
  main,
  message,
  messages,
  openChat,
  pressKeys,
  server,
  setUpChat,
  texts,
  user,
} from "../support/chatPage";
import { ALICE, errorFrame } from "../support/fakeServer";

setUpChat();

const press = (text: string, action: string | RegExp) =>
  click(message(text).getByRole("button", { name: action }));
const reaction = () => message("as it was").queryByRole("button", { name: /^🚀, / });
const isSaving = () => screen.queryAllByRole("img", { name: "Saving" }).length > 0;
const sent = (action: ClientFrame["action"]) => server.sent.filter((frame) => frame.action === action);

async function editTo(text: string): Promise<void> {
  await press("as it was", "Edit");
  await user.clear(composer());
  await user.paste(text);
  await pressKeys("{Enter}");
}

async function deleteIt(): Promise<void> {
  await press("as it was", "Delete");
  await click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
}

/** Refuse an action each time, or until `times` refusals. */
function refuse(action: ClientFrame["action"], code: ErrorCode, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  server.answer = (frame) => {
    if (frame.action !== action || left <= 0) return null;
    left -= 1;
    return { ...errorFrame(code, "The reason.", frame), retryAfterMs: 2_000 };
  };
}

beforeEach(async () => {
  server.react(server.storeMessage(ALICE, "as it was"), "u-bob", "🚀");
  await openChat();
});

describe.each([
  ["a socket that is dead in both directions", () => void server.silenceAll()],
  [
    "an interruption",
    () => {
      server.reachable = false;
      server.cutAll();
    },
  ],
])("during %s", (_what, interrupt) => {
  async function comeBack(): Promise<void> {
    server.reachable = true;
    await advance(60_000);
    expect(isSaving()).toBe(false);
  }

  test("an edit is shown at once and carried out later", async () => {
    interrupt();
    await editTo("as it should be");
    expect([texts(), isSaving(), server.log[0]?.text]).toEqual([["as it should be"], true, "as it was"]);
    expect(message("as it should be").getAllByRole("img")).toHaveLength(1);
    await comeBack();
    expect([texts(), server.log[0]?.text]).toEqual([["as it should be"], "as it should be"]);
    expect(screen.queryByText(/^Edit not saved/)).toBeNull();
  });

  test("a deletion is shown at once and carried out later", async () => {
    interrupt();
    await deleteIt();
    expect([messages("This message was deleted.").length, isSaving()]).toEqual([1, true]);
    await comeBack();
    expect(server.log[0]?.deletedAt).not.toBeNull();
  });

  test("reactions are shown at once and carried out later, in order", async () => {
    interrupt();
    await click(reaction() as HTMLElement);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 2: bob, you");
    await click(reaction() as HTMLElement);
    await click(reaction() as HTMLElement);
    await comeBack();
    expect(server.log[0]?.reactions).toEqual([{ emoji: "🚀", userIds: ["u-bob", ALICE] }]);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 2: bob, you");
  });
});

describe("when the server refuses", () => {
  test("an edit, the old text is shown again and the new one is kept", async () => {
    refuse("editMessage", "FORBIDDEN");
    await editTo("as it should be");
    expect(texts()).toEqual(["as it was"]);
    expect(screen.getByText("Your edit was not saved; its text is kept. The reason.")).toBeTruthy();
    await click(main().getByRole("button", { name: "Continue" }));
    expect(composer().value).toBe("as it should be");
  });

  test("an edit because the message was deleted, its text becomes a draft", async () => {
    refuse("editMessage", "NOT_FOUND");
    await editTo("as it should be");
    expect(composer().value).toBe("as it should be");
    expect(screen.getByText(/The message that you edited was deleted/)).toBeTruthy();
  });

  test("a deletion or a reaction, it is undone", async () => {
    refuse("deleteMessage", "FORBIDDEN");
    await deleteIt();
    await advance();
    expect(texts()).toEqual(["as it was"]);
    expect(screen.getByText("The message was not deleted. The reason.")).toBeTruthy();
    refuse("addReaction", "NOT_A_MEMBER");
    await click(reaction() as HTMLElement);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 1: bob");
    expect(screen.getByText("Your reaction was not added. The reason.")).toBeTruthy();
  });

  test.each(["RATE_LIMITED", "TOO_MANY_REFUSALS"] as const)(
    "a change only by %s, it is repeated after the requested time",
    async (code) => {
      refuse("editMessage", code, 2);
      await editTo("as it should be");
      await advance(10_000);
      expect(sent("editMessage")).toHaveLength(3);
      expect(server.log[0]?.text).toBe("as it should be");
    },
  );
});

test("a change made during an interruption is carried out after a reload, unless it is old", async () => {
  server.reachable = false;
  server.cutAll();
  await click(reaction() as HTMLElement);
  closePage();
  server.reachable = true;
  await openChat();
  await advance(2_000);
  expect(server.log[0]?.reactions).toEqual([{ emoji: "🚀", userIds: ["u-bob", ALICE] }]);
  server.reachable = false;
  server.cutAll();
  await deleteIt();
  closePage();
  server.reachable = true;
  vi.setSystemTime(Date.now() + 72 * 3_600_000);
  await openChat();
  await advance(2_000);
  expect(texts()).toEqual(["as it was"]);
  expect(screen.getByText(/of more than an hour ago were not carried out/)).toBeTruthy();
});

test("edits made during an interruption are carried out after a reload in the order in which they were made", async () => {
  server.reachable = false;
  server.cutAll();
  const place = { channelId: "general", seq: 1 };
  for (const text of ["first", "second", "third"]) {
    chat.edit(place, text);
    await advance(10);
  }
  closePage();
  server.reachable = true;
  await openChat();
  await advance(2_000);
  expect(sent("editMessage").map((frame) => "text" in frame && frame.text)).toEqual([
    "first",
    "second",
    "third",
  ]);
  expect([texts(), server.log[0]?.text]).toEqual([["third"], "third"]);
});

test("an acknowledged change whose frame is lost is looked up", async () => {
  server.outgoing = (frame) => (frame.type === "messageEdited" ? [] : [frame]);
  await editTo("as it should be");
  expect(isSaving()).toBe(true);
  await advance(15_000);
  expect([texts(), isSaving()]).toEqual([["as it should be"], false]);
  expect(sent("editMessage")).toHaveLength(1);
});

describe("an acknowledged change", () => {
  const unsaved = () => screen.queryByText(/^Edit not saved/)?.textContent ?? null;

  /** Acknowledge changes without carrying them out, and post no frame of what is changed otherwise. */
  function acknowledgeOnly(): void {
    server.answer = (frame) =>
      frame.action === "ping" ? null : { type: "ack", action: frame.action, messageId: stored().messageId };
    server.hold("messageEdited", "messageDeleted", "reaction");
  }

  function stored(): Message {
    const [message] = server.log;
    if (!message) throw new Error("Nothing is stored.");
    return message;
  }

  test("that is carried out a minute later is shown until then, and is done", async () => {
    acknowledgeOnly();
    await editTo("as it should be");
    await advance(60_000);
    expect([texts(), isSaving()]).toEqual([["as it should be"], true]);
    server.edit(stored(), "as it should be");
    await advance(15_000);
    expect([texts(), isSaving(), unsaved()]).toEqual([["as it should be"], false, null]);
    expect(sent("editMessage")).toHaveLength(1);
  });

  test("that is not carried out is undone, with the reason, and the text of an edit is kept", async () => {
    acknowledgeOnly();
    await editTo("as it should be");
    await advance(140_000);
    expect([texts(), isSaving()]).toEqual([["as it should be"], true]);
    for (let second = 0; second < 30 && isSaving(); second += 1) await advance(1_000);
    expect([texts(), isSaving()]).toEqual([["as it was"], false]);
    expect(screen.getByText(/The server accepted it, but did not carry it out/)).toBeTruthy();
    expect(unsaved()).toContain("as it should be");
    await click(reaction() as HTMLElement);
    await advance(170_000);
    expect(reaction()?.getAttribute("aria-label")).toBe("🚀, 1: bob");
    await deleteIt();
    await advance(170_000);
    expect(texts()).toEqual(["as it was"]);
  });

  test("that another device has replaced is done", async () => {
    acknowledgeOnly();
    await editTo("as it should be");
    await advance(5_000);
    server.edit(stored(), "the version of another device");
    await advance(15_000);
    expect([texts(), isSaving(), unsaved()]).toEqual([["the version of another device"], false, null]);
  });

  test("of a message that was deleted meanwhile ends, and the text of an edit becomes a draft", async () => {
    acknowledgeOnly();
    await editTo("as it should be");
    server.delete(stored());
    await advance(15_000);
    expect([messages("This message was deleted.").length, isSaving()]).toEqual([1, false]);
    expect(composer().value).toBe("as it should be");
  });
});

test("a server that never answers a change: it is undone, and the text is kept", async () => {
  server.outgoing = (frame) => (frame.type === "ack" || frame.type === "messageEdited" ? [] : [frame]);
  refuse("editMessage", "INTERNAL");
  await editTo("as it should be");
  await advance(120_000);
  expect([texts(), isSaving()]).toEqual([["as it was"], false]);
  expect(screen.getByText(/^Edit not saved/).textContent).toContain("as it should be");
});

test("a message that is edited here and changed elsewhere: both texts are shown before one is replaced", async () => {
  await press("as it was", "Edit");
  await user.clear(composer());
  await user.paste("my version");
  const [said] = server.log;
  if (said) server.edit(said, "the version of another device");
  await advance();
  expect(composer().value).toBe("my version");
  expect(screen.getByText(/changed elsewhere/).textContent).toContain("the version of another device");
});
