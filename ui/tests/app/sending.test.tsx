// @vitest-environment happy-dom
/** One's own messages: there at once, then sent and delivered, or kept until they can be. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { ALICE, refusal } from "../support/fakeServer";
import {
  aliceVisits,
  click,
  composer,
  log,
  message,
  messages,
  pass,
  reload,
  say,
  server,
  state,
  texts,
  visit,
} from "../support/visit";

aliceVisits();

const sentMessages = () => server.sent.filter((frame) => frame.action === "sendMessage");
const stored = () => server.log.map(({ text }) => text);

test("a message is there at once and says how far it has come", async () => {
  await visit();
  server.hold("ack", "message");
  await say("are you there?");
  expect(state("are you there?")).toBe("Sending");
  expect(composer().value).toBe("");
  expect(document.activeElement).toBe(composer());
  await pass();
  expect(server.release("ack")).toBe(1);
  await pass();
  expect(state("are you there?")).toBe("Sent");
  expect(server.release("message")).toBe(1);
  await pass();
  expect(state("are you there?")).toBe("Delivered");
});

test("a refused message says so, holds nothing up, and goes out again under the same id after a reload", async () => {
  await visit();
  server.answer = (frame) =>
    sentMessages().length === 1 ? refusal("FORBIDDEN", "The channel is closed just now.", frame) : null;
  await say("please take this");
  await pass();
  const failure = () => message("please take this").getByRole("alert").textContent;
  expect(failure()).toContain("Not sent. The channel is closed just now.");
  await say("and this");
  await pass();
  expect(state("and this")).toBe("Delivered");
  await reload();
  expect(failure()).toContain("Not sent.");
  await click(message("please take this").getByRole("button", { name: "Send again" }));
  expect(state("please take this")).toBe("Delivered");
  const [first, , again] = sentMessages();
  expect(again).toEqual(first);
  expect(stored()).toEqual(["and this", "please take this"]);
});

test("a refused message can be discarded, and stays so after a reload", async () => {
  await visit();
  server.answer = (frame) => (frame.action === "sendMessage" ? refusal("FORBIDDEN", "No.", frame) : null);
  await say("never mind");
  await pass();
  await click(message("never mind").getByRole("button", { name: "Discard" }));
  expect(messages("never mind")).toEqual([]);
  await reload();
  expect(log().textContent).toContain("Nobody has said anything here yet");
  expect(stored()).toEqual([]);
});

test("what was written without a connection is sent after a reload, in order, once", async () => {
  await visit();
  await say("before the tunnel");
  await pass();
  server.reachable = false;
  expect(server.cutAll()).toBe(1);
  const written = ["in the tunnel, one", "in the tunnel, two", "in the tunnel, three"];
  for (const text of written) {
    await say(text);
    expect(state(text)).toBe("Sending");
  }
  expect(stored()).toEqual(["before the tunnel"]);
  server.reachable = true;
  await reload();
  await pass(1_000);
  expect(written.map(state)).toEqual(["Delivered", "Delivered", "Delivered"]);
  expect(stored()).toEqual(["before the tunnel", ...written]);
  expect(texts()).toEqual(["before the tunnel", ...written]);
});

test("a message whose ack was lost is sent again and is still one", async () => {
  await visit();
  server.hold("ack", "message");
  await say("once and only once");
  await pass();
  expect(stored()).toEqual(["once and only once"]);
  expect(state("once and only once")).toBe("Sending");
  // What was held is lost with the socket.
  expect(server.cutAll()).toBe(1);
  server.outgoing = (frame) => [frame];
  await pass(5_000);
  expect(["Sending", "Sent"]).not.toContain(state("once and only once"));
  expect(new Set(sentMessages().map((frame) => frame.clientMessageId)).size).toBe(1);
  expect(stored()).toEqual(["once and only once"]);
  await say("and the next");
  await pass();
  expect(state("and the next")).toBe("Delivered");
  expect(texts()).toEqual(["once and only once", "and the next"]);
});

test("a burst over the rate limit is held back and arrives in order; nothing fails", async () => {
  await visit();
  server.rate = { burst: 5, perSecond: 5 };
  const written = Array.from({ length: 15 }, (_, index) => `line ${index + 10}`);
  for (const text of written) await say(text);
  await pass(30_000);
  expect(server.struck.limited).toBeGreaterThan(0);
  expect(stored()).toEqual(written);
  expect(texts()).toEqual(written);
  expect(state("line 24")).toBe("Delivered");
  expect(within(log()).queryByRole("button", { name: "Send again" })).toBeNull();
});

test("an edit, a deletion or a reaction without a connection is said not to be possible", async () => {
  server.say(ALICE, "as it was");
  await visit();
  server.reachable = false;
  expect(server.cutAll()).toBe(1);
  await click(message("as it was").getByRole("button", { name: "Delete" }));
  await click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
  expect(screen.getByText(/There is no connection at the moment/)).toBeTruthy();
  expect(texts()).toEqual(["as it was"]);
});
