// @vitest-environment happy-dom
/** Writing while an older part of a channel is on screen: the reply goes to the newest messages, and so does the screen. */
import { screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import {
  advance,
  channelLink,
  click,
  closePage,
  deliveryState,
  messages,
  openChat,
  pressKeys,
  sendMessage,
  server,
  setUpChat,
  texts,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

/** A channel with 130 messages, all read. */
function longHistory(): void {
  for (let number = 1; number <= 130; number += 1) server.storeMessage("u-bob", `line ${number}`);
  server.general.readSeq = 130;
}

describe("a reply written at an old message", () => {
  test("is shown below the newest messages, which stay on screen", async () => {
    longHistory();
    await openChat("/c/general/20");
    expect(messages(/^.*line 20$/)).toHaveLength(1);
    await sendMessage("my late answer");
    await advance(2_000);
    expect(deliveryState("my late answer")).toBe("Delivered");
    expect(texts().slice(-2)).toEqual(["line 130", "my late answer"]);
    expect(location.pathname).toBe("/c/general");
    server.postMessage(server.general, "u-bob", "and an answer to it");
    await advance();
    expect(texts().slice(-2)).toEqual(["my late answer", "and an answer to it"]);
  });

  test("from a search result goes there too", async () => {
    longHistory();
    await openChat();
    await pressKeys("{Control>}{Shift>}f{/Shift}{/Control}");
    await pressKeys("line 20{Enter}");
    await click(screen.getByRole("link", { name: /line 20/ }));
    expect(location.pathname).toBe("/c/general/20");
    await sendMessage("found it");
    await advance(2_000);
    expect(texts().slice(-2)).toEqual(["line 130", "found it"]);
    expect(location.pathname).toBe("/c/general");
  });

  test("is on screen at all times, also if it is delivered before the newest messages are loaded", async () => {
    longHistory();
    await openChat("/c/general/20");
    let answerSlowly: () => void = () => undefined;
    server.intercept = (_method, path) =>
      path.includes("/messages")
        ? new Promise((resolve) => {
            answerSlowly = () => resolve(null);
          })
        : null;
    await sendMessage("my late answer");
    await advance(1_000);
    expect(messages("my late answer")).toHaveLength(1);
    server.intercept = () => null;
    answerSlowly();
    await advance();
    expect(texts().slice(-2)).toEqual(["line 130", "my late answer"]);
  });

  test("is kept on screen if the newest messages cannot be loaded, and goes there when they can", async () => {
    longHistory();
    await openChat("/c/general/20");
    server.reachable = false;
    server.cutAll();
    await sendMessage("from the tunnel");
    await advance(20_000);
    expect(deliveryState("from the tunnel")).toBe("Sending");
    server.reachable = true;
    await advance(60_000);
    expect(deliveryState("from the tunnel")).toBe("Delivered");
    expect(texts().slice(-2)).toEqual(["line 130", "from the tunnel"]);
  });

  test("does not call back a person who has gone to another channel since", async () => {
    longHistory();
    const other = server.add("elsewhere", [ALICE]);
    await openChat("/c/general/20");
    await sendMessage("my late answer");
    await click(channelLink("elsewhere"));
    await advance(2_000);
    expect(location.pathname).toBe(`/c/${other.channelId}`);
  });

  test("near the end removes the linked message from the address", async () => {
    longHistory();
    await openChat("/c/general/128");
    await sendMessage("my answer");
    await advance(2_000);
    expect(location.pathname).toBe("/c/general");
    expect(texts().slice(-2)).toEqual(["line 130", "my answer"]);
    expect(document.querySelector(".MessageRow_highlighted")).toBeNull();
  });
});

test("an unsent message of an earlier visit does not draw the screen away from a linked message", async () => {
  longHistory();
  await openChat();
  server.reachable = false;
  server.cutAll();
  await sendMessage("not sent yet");
  await advance();
  server.reachable = true;
  closePage();
  // Refused once more, so that it is still unsent.
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
  await openChat("/c/general/20");
  await advance(2_000);
  expect(messages(/line 20$/)).toHaveLength(1);
  expect(messages("not sent yet")).toHaveLength(0);
});
