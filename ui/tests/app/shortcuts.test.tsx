// @vitest-environment happy-dom
/** Keyboard shortcuts of the whole page. */
import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import {
  channelLink,
  click,
  composer,
  log,
  message,
  openChat,
  pressKeys,
  reload,
  server,
  setUpChat,
  user,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

const list = () => screen.queryByRole("dialog", { name: "Keyboard shortcuts" });

async function pressQuestionMark(): Promise<void> {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  await pressKeys("?");
}

test("the key ? opens the list of shortcuts, until this is switched off in the list", async () => {
  await openChat();
  await pressQuestionMark();
  const box = within(list() as HTMLElement).getByRole<HTMLInputElement>("checkbox", { name: /^The key \?/ });
  expect(box.checked).toBe(true);
  await click(box);
  await click(screen.getByRole("button", { name: "Close" }));
  await pressQuestionMark();
  expect(list()).toBeNull();
  await reload();
  await pressQuestionMark();
  expect(list()).toBeNull();

  await click(screen.getByRole("button", { name: /settings/i }));
  await click(screen.getByRole("button", { name: "Keyboard shortcuts" }));
  await click(screen.getByRole("checkbox", { name: /^The key \?/ }));
  await click(screen.getByRole("button", { name: "Close" }));
  await pressQuestionMark();
  expect(list()).not.toBeNull();
});

test("the key ? in the message field is a character", async () => {
  await openChat();
  await user.type(composer(), "really?");
  expect([composer().value, list()]).toEqual(["really?", null]);
});

test("F6 leads from the message field to the messages, the sidebar and back", async () => {
  await openChat();
  const region = () => document.activeElement?.closest<HTMLElement>("[data-region]")?.dataset.region;
  const regions = [region()];
  for (let step = 0; step < 3; step += 1) {
    await pressKeys("{F6}");
    regions.push(region());
  }
  expect(regions).toEqual(["composer", "messages", "sidebar", "composer"]);
});

describe("Alt with an arrow key", () => {
  const steps = async (...keys: string[]) => {
    const paths: string[] = [];
    for (const key of keys) {
      await pressKeys(`{Alt>}${key}{/Alt}`);
      paths.push(location.pathname);
    }
    return paths;
  };

  beforeEach(() => {
    server.add("beta", [ALICE]);
    server.add("zebra", [ALICE]);
    server.postMessage(server.add("a direct one", ["u-bob", ALICE], "direct"), "u-bob", "psst");
  });

  test("opens the next or previous channel in the order of the sidebar, from its end at its start", async () => {
    await openChat();
    expect(await steps("{ArrowDown}", "{ArrowDown}", "{ArrowDown}")).toEqual([
      "/c/c-zebra",
      "/c/c-a-direct-one",
      "/c/c-beta",
    ]);
    expect(await steps("{ArrowUp}", "{ArrowUp}")).toEqual(["/c/c-a-direct-one", "/c/c-zebra"]);
  });

  test("and Shift opens an unread one", async () => {
    await openChat("/c/c-beta");
    expect(await steps("{Shift>}{ArrowDown}{/Shift}")).toEqual(["/c/c-a-direct-one"]);
  });

  test("opens the last channel, or the first one, from one that is not in the sidebar", async () => {
    const open = server.add("open", ["u-bob"], "public");
    await openChat(`/c/${open.channelId}`);
    expect(await steps("{ArrowUp}")).toEqual(["/c/c-a-direct-one"]);
    history.replaceState(null, "", `/c/${open.channelId}`);
    await reload();
    expect(await steps("{ArrowDown}")).toEqual(["/c/c-beta"]);
  });
});

describe("typing while a message has the focus", () => {
  test("writes into the message field, from the first character on", async () => {
    server.storeMessage("u-bob", "are we done?");
    await openChat();
    await user.click(message("are we done?").article);
    expect(document.activeElement).not.toBe(composer());
    await pressKeys("not yet");
    expect(composer().value).toBe("not yet");
    log().focus();
    await pressKeys(", sorry");
    expect(composer().value).toBe("not yet, sorry");
  });

  test("leaves keys to other controls, and keys that scroll to the messages", async () => {
    server.storeMessage("u-bob", "are we done?");
    await openChat();
    message("are we done?").article.focus();
    await pressKeys(" {ArrowUp}{Control>}c{/Control}");
    expect([composer().value, document.activeElement === composer()]).toEqual(["", false]);
    channelLink("general").focus();
    await pressKeys("a");
    message("are we done?").getByRole("button", { name: "Quote" }).focus();
    await pressKeys("a");
    expect(composer().value).toBe("");
  });
});
