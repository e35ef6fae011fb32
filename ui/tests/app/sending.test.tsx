// @vitest-environment happy-dom
/** Own messages: shown immediately, then sent and delivered, or kept until they can be sent. */
import { within } from "@testing-library/react";
import { expect, test } from "vitest";
import {
  advance,
  click,
  composer,
  deliveryState,
  log,
  message,
  messages,
  openChat,
  reload,
  sendMessage,
  server,
  setUpChat,
  texts,
} from "../support/chatPage";
import { errorFrame } from "../support/fakeServer";

setUpChat();

const sentMessages = () => server.sent.filter((frame) => frame.action === "sendMessage");
const stored = () => server.log.map(({ text }) => text);

test("a message is shown immediately with its delivery state", async () => {
  await openChat();
  server.hold("ack", "message");
  await sendMessage("are you there?");
  expect(deliveryState("are you there?")).toBe("Sending");
  expect(composer().value).toBe("");
  expect(document.activeElement).toBe(composer());
  await advance();
  expect(server.release("ack")).toBe(1);
  await advance();
  expect(deliveryState("are you there?")).toBe("Sent");
  expect(server.release("message")).toBe(1);
  await advance();
  expect(deliveryState("are you there?")).toBe("Delivered");
  await reload();
  expect(deliveryState("are you there?")).toBe("Delivered");
});

test("a rejected message shows the reason, does not block others, and is sent again with the same id after a reload", async () => {
  await openChat();
  server.answer = (frame) =>
    sentMessages().length === 1 ? errorFrame("FORBIDDEN", "The channel is closed just now.", frame) : null;
  await sendMessage("please take this");
  await advance();
  const failure = () => message("please take this").getByRole("alert").textContent;
  expect(failure()).toContain("Not sent. The channel is closed just now.");
  // It is not said twice.
  expect(document.querySelector("[data-kind]")).toBeNull();
  await sendMessage("and this");
  await advance();
  expect(deliveryState("and this")).toBe("Delivered");
  await reload();
  expect(failure()).toContain("Not sent.");
  await click(message("please take this").getByRole("button", { name: "Send again" }));
  expect(deliveryState("please take this")).toBe("Delivered");
  const [first, , again] = sentMessages();
  expect(again).toEqual(first);
  expect(stored()).toEqual(["and this", "please take this"]);
});

test("control characters in pasted text are left out", async () => {
  await openChat();
  await sendMessage("\u001b[31mred\u001b[0m\u0007 alert");
  await advance();
  expect(stored()).toEqual(["[31mred[0m alert"]);
  expect(deliveryState("[31mred[0m alert")).toBe("Delivered");
});

test("a rejected message can be discarded, also across a reload", async () => {
  await openChat();
  server.answer = (frame) => (frame.action === "sendMessage" ? errorFrame("FORBIDDEN", "No.", frame) : null);
  await sendMessage("never mind");
  await advance();
  await click(message("never mind").getByRole("button", { name: "Discard" }));
  expect(messages("never mind")).toEqual([]);
  await reload();
  expect(log().textContent).toContain("No messages yet");
  expect(stored()).toEqual([]);
});

test("messages written offline are sent after a reload, in order, once", async () => {
  await openChat();
  await sendMessage("before the tunnel");
  await advance();
  server.reachable = false;
  expect(server.cutAll()).toBe(1);
  const written = ["in the tunnel, one", "in the tunnel, two", "in the tunnel, three"];
  for (const text of written) {
    await sendMessage(text);
    expect(deliveryState(text)).toBe("Sending");
  }
  expect(stored()).toEqual(["before the tunnel"]);
  server.reachable = true;
  await reload();
  await advance(1_000);
  expect(written.map(deliveryState)).toEqual(["Delivered", "Delivered", "Delivered"]);
  expect(stored()).toEqual(["before the tunnel", ...written]);
  expect(texts()).toEqual(["before the tunnel", ...written]);
});

test("a message whose ack was lost is sent again and stored once", async () => {
  await openChat();
  server.hold("ack", "message");
  await sendMessage("once and only once");
  await advance();
  expect(stored()).toEqual(["once and only once"]);
  expect(deliveryState("once and only once")).toBe("Sending");
  // Frames that are held are lost with the socket.
  expect(server.cutAll()).toBe(1);
  server.outgoing = (frame) => [frame];
  await advance(5_000);
  expect(["Sending", "Sent"]).not.toContain(deliveryState("once and only once"));
  expect(new Set(sentMessages().map((frame) => frame.clientMessageId)).size).toBe(1);
  expect(stored()).toEqual(["once and only once"]);
  await sendMessage("and the next");
  await advance();
  expect(deliveryState("and the next")).toBe("Delivered");
  expect(texts()).toEqual(["once and only once", "and the next"]);
});

test("a burst over the rate limit is delayed and arrives in order; nothing fails", async () => {
  await openChat();
  server.rate = { burst: 5, perSecond: 5 };
  const written = Array.from({ length: 15 }, (_, index) => `line ${index + 10}`);
  for (const text of written) await sendMessage(text);
  await advance(30_000);
  expect(server.faultCounts.rateLimited).toBeGreaterThan(0);
  expect(stored()).toEqual(written);
  expect(texts()).toEqual(written);
  expect(deliveryState("line 24")).toBe("Delivered");
  expect(within(log()).queryByRole("button", { name: "Send again" })).toBeNull();
});
