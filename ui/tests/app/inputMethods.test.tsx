// @vitest-environment happy-dom
/** The keys that an input method uses while it composes text act on nothing else. */
import { fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import {
  advance,
  click,
  composer,
  main,
  message,
  openChat,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

/** As Chrome and Firefox report a key during the composition, and Safari the key that has just ended it. */
const reports = [
  ["during the composition", { isComposing: true, keyCode: 229 }],
  ["just after its end, as in Safari", { isComposing: false, keyCode: 229 }],
] as const;

describe.each(reports)("a key that is reported %s", (_when, report) => {
  const press = async (key: string, more = {}) => {
    fireEvent.keyDown(document.activeElement ?? document.body, { key, ...report, ...more });
    await advance();
  };

  test("does not send the message", async () => {
    await openChat();
    await user.type(composer(), "かな");
    await press("Enter");
    expect([composer().value, server.log]).toEqual(["かな", []]);
  });

  test("does not complete a mention", async () => {
    await openChat();
    await user.type(composer(), "@da");
    expect(screen.getByRole("listbox", { name: "People to mention" })).toBeTruthy();
    await press("Enter");
    await press("Tab");
    expect(composer().value).toBe("@da");
  });

  test("does not end or save an edit", async () => {
    server.storeMessage(ALICE, "first");
    await openChat();
    await click(message("first").getByRole("button", { name: "Edit" }));
    await user.type(composer(), " か");
    await press("Escape");
    await press("Enter");
    expect(composer().value).toBe("first か");
    expect(server.log[0]?.text).toBe("first");
  });

  test("does not begin an edit", async () => {
    server.storeMessage(ALICE, "first");
    await openChat();
    composer().focus();
    await press("ArrowUp");
    expect(screen.queryByText("Editing your message")).toBeNull();
  });

  test("does not pick an emoji", async () => {
    await openChat();
    await click(main().getByRole("button", { name: "Emoji" }));
    await user.type(screen.getByRole("searchbox", { name: "Search emoji" }), "tada");
    await press("Enter");
    expect(composer().value).toBe("");
  });

  test("does not open a channel from the switcher", async () => {
    server.add("tea", [ALICE]);
    await openChat();
    await user.keyboard("{Control>}k{/Control}");
    await advance();
    await user.type(screen.getByRole("combobox"), "tea");
    await press("Enter");
    expect(location.pathname).toBe("/c/general");
    await press("Escape");
    expect(within(screen.getByRole("dialog")).getByRole("combobox")).toBeTruthy();
  });

  test("is no shortcut", async () => {
    await openChat();
    await press("k", { ctrlKey: true });
    await press("?");
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
