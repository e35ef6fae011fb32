// @vitest-environment happy-dom
/** Interrupted connections: no message is lost. */
import { act, screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import {
  advance,
  channelLink,
  chat,
  click,
  deliveryState,
  main,
  messages,
  openChat,
  renewals,
  sendMessage,
  server,
  setUpChat,
  sidebar,
  texts,
} from "../support/chatPage";
import { ALICE } from "../support/fakeServer";

setUpChat();

const MINUTE_MS = 60_000;

/** The text of the connection banner; usually empty. */
const line = () =>
  main()
    .getAllByRole("status")
    .map((status) => status.textContent)
    .find((text) => /offline|connecting/i.test(text ?? "")) ?? "";

function offline(is: boolean): void {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(!is);
  act(() => void dispatchEvent(new Event(is ? "offline" : "online")));
}

test("the banner appears after 5 s; offline and reconnecting differ, and unsent messages are counted", async () => {
  await openChat();
  server.reachable = false;
  expect(server.cutAll()).toBe(1);
  await advance(4_500);
  expect(line()).toBe("");
  await advance(1_000);
  expect(line()).toContain("Reconnecting …");
  expect(screen.queryByRole("dialog")).toBeNull();
  offline(true);
  await advance();
  expect(line()).toContain("You are offline.");
  await sendMessage("kept for later");
  expect(line()).toContain("1 message will be sent");
  // The banner says it: a list that cannot be read does not say it again.
  void chat.channels.loadMembers("general");
  await advance(3_000);
  expect(document.querySelector("[data-kind]")).toBeNull();
  // What the user asks for is answered.
  await click(sidebar().getByRole("button", { name: /^bob/ }));
  expect(screen.getByText(/^The server cannot be reached\./)).toBeTruthy();
  server.reachable = true;
  offline(false);
  await advance(5_000);
  expect(line()).toBe("");
  expect(deliveryState("kept for later")).toBe("Delivered");
});

test("the user is shown as offline during an interruption, and others as they were last known", async () => {
  const own = () => document.querySelector<HTMLElement>(".Sidebar_foot .presence")?.dataset.status;
  const bob = () =>
    within(screen.getByRole("list", { name: "People" })).getByTitle("Message bob").dataset.status;
  await openChat();
  expect([own(), bob()]).toEqual(["online", "online"]);
  server.reachable = false;
  server.cutAll();
  await advance();
  expect([own(), bob()]).toEqual(["offline", "online"]);
  server.reachable = true;
  await advance(5_000);
  expect([own(), bob()]).toEqual(["online", "online"]);
});

test("a short interruption shows no banner", async () => {
  await openChat();
  await sendMessage("before");
  await advance();
  expect(server.cutAll()).toBe(1);
  for (let second = 0; second < 4; second += 1) {
    await advance(1_000);
    expect(line()).toBe("");
  }
  await sendMessage("after");
  await advance();
  expect([deliveryState("before"), deliveryState("after")]).toEqual(["Delivered", "Delivered"]);
  expect(server.opened).toBe(2);
});

test("messages sent, edited and deleted during an interruption are shown after it, in all channels", async () => {
  const elsewhere = server.add("elsewhere", [ALICE, "u-bob"]);
  const first = server.storeMessage("u-bob", "first");
  const second = server.storeMessage("u-bob", "second");
  await openChat(`/c/${elsewhere.channelId}`);
  await click(channelLink("general"));
  expect(texts()).toEqual(["first", "second"]);
  server.reachable = false;
  expect(server.cutAll()).toBe(1);
  server.edit(first, "first, put better");
  server.delete(second);
  const missed = [1, 2, 3, 4, 5].map((number) => `missed ${number}`);
  for (const text of missed) server.postMessage(server.general, "u-bob", text);
  server.postMessage(elsewhere, "u-bob", "missed there");
  await advance(2_000);
  expect(texts()).toEqual(["first", "second"]);
  server.reachable = true;
  await advance(10_000);
  expect(texts()).toEqual(["first, put better", ...missed]);
  expect(messages("This message was deleted.")).toHaveLength(1);
  expect(channelLink("elsewhere").textContent).toContain("1 unread");
  await click(channelLink("elsewhere"));
  expect(texts()).toEqual(["missed there"]);
});

test("lost, duplicate and reordered frames do not change the result", async () => {
  await openChat();
  const struck = { lost: 0, doubled: 0, swapped: 0 };
  let turn = 0;
  let late: Parameters<typeof server.outgoing>[0][] = [];
  server.outgoing = (frame) => {
    if (frame.type !== "message") return [frame];
    turn += 1;
    if (turn % 5 === 1) {
      struck.lost += 1;
      return [];
    }
    if (turn % 5 === 3) {
      late.push(frame);
      return [];
    }
    const swapped = late;
    late = [];
    struck.swapped += swapped.length;
    if (turn % 5 !== 0) return [frame, ...swapped];
    struck.doubled += 1;
    return [frame, frame, ...swapped];
  };
  const said = Array.from({ length: 16 }, (_, index) => `wave ${index + 10}`);
  for (const text of said) {
    server.postMessage(server.general, "u-bob", text);
    await advance(40);
  }
  server.outgoing = (frame) => [frame];
  server.postMessage(server.general, "u-bob", "calm");
  await advance(5_000);
  expect(texts()).toEqual([...said, "calm"]);
  expect(struck).toEqual({ lost: 4, doubled: 3, swapped: 3 });
});

test("a lost message is fetched without a new connection", async () => {
  await openChat();
  let lost = 0;
  server.outgoing = (frame) => {
    if (frame.type !== "message" || frame.text !== "lost on the way") return [frame];
    lost += 1;
    return [];
  };
  for (const text of ["here", "lost on the way", "here too"]) {
    server.postMessage(server.general, "u-bob", text);
    await advance(40);
  }
  expect(lost).toBe(1);
  await advance(5_000);
  expect(texts()).toEqual(["here", "lost on the way", "here too"]);
  expect(server.opened).toBe(1);
});

test("an idle socket is pinged well within ten minutes", async () => {
  await openChat();
  const pongs = vi.fn();
  server.outgoing = (frame) => {
    if (frame.type === "pong") pongs();
    return [frame];
  };
  await advance(5 * MINUTE_MS);
  expect(server.sent).toEqual([{ action: "ping" }]);
  expect(pongs).toHaveBeenCalledTimes(1);
  await advance(5 * MINUTE_MS);
  expect(server.sent).toHaveLength(2);
  await sendMessage("still here");
  await advance();
  expect(deliveryState("still here")).toBe("Delivered");
  expect(server.opened).toBe(1);
});

test("a socket that no longer answers is replaced", async () => {
  await openChat();
  let swallowed = 0;
  server.outgoing = () => {
    swallowed += 1;
    return [];
  };
  await advance(4 * MINUTE_MS + 3_000);
  expect(swallowed).toBe(1);
  server.outgoing = (frame) => [frame];
  await advance(30_000);
  expect(server.opened).toBe(2);
  await sendMessage("here again");
  await advance();
  expect(deliveryState("here again")).toBe("Delivered");
});

test("a new socket with a renewed session takes over before the two-hour limit, without duplicates", async () => {
  server.sessionMs = 12 * 60 * MINUTE_MS;
  // The middle of the range from which a client picks its rotation time.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  await openChat();
  server.postMessage(server.general, "u-bob", "early");
  await advance();
  await advance(109 * MINUTE_MS);
  expect(server.opened).toBe(1);
  for (let step = 0; step < 60 && server.opened === 1; step += 1) {
    await act(() => vi.advanceTimersByTimeAsync(2_000));
  }
  expect(renewals).toBe(1);
  // Both sockets are open for a short time: this message arrives on both.
  expect([server.opened, server.sockets.size]).toEqual([2, 2]);
  server.postMessage(server.general, "u-bob", "in between");
  await advance(10_000);
  expect(server.sockets.size).toBe(1);
  server.postMessage(server.general, "u-bob", "late");
  await advance();
  expect(texts()).toEqual(["early", "in between", "late"]);
  expect(line()).toBe("");
});

test("after too many refusals the client waits as long as the server says, and loses no text", async () => {
  await openChat();
  const message = "Too much of what you sent was refused. You can connect again in 30 seconds.";
  server.outgoing = (frame) =>
    frame.type === "ack" ? [{ type: "error", code: "TOO_MANY_REFUSALS", message, retryAfterMs: 30_000 }] : [];
  await sendMessage("the last straw");
  await advance(100);
  server.outgoing = (frame) => [frame];
  expect(server.cutAll()).toBe(1);
  await advance();
  expect(document.body.textContent).toContain(`${message} What you wrote is kept and sent then.`);
  await sendMessage("written meanwhile");
  const tickets = () => server.requests.filter((request) => request === "POST /api/tickets").length;
  expect(tickets()).toBe(1);
  await advance(20_000);
  offline(false);
  await advance(9_000);
  expect(tickets()).toBe(1);
  await advance(15_000);
  expect(tickets()).toBe(2);
  expect(deliveryState("the last straw")).toBe("Delivered");
  expect(deliveryState("written meanwhile")).toBe("Delivered");
});

/** The computer sleeps: its clock advances, its timers do not, and its socket dies unnoticed. */
function sleep(ms: number): void {
  expect(server.silenceAll()).toBe(1);
  vi.setSystemTime(Date.now() + ms);
}

test.each([
  ["5 minutes", 5 * MINUTE_MS],
  ["8 hours", 8 * 60 * MINUTE_MS],
])("after %s of sleep, what was missed is shown within seconds", async (_time, ms) => {
  await openChat();
  await advance(2_000);
  sleep(ms);
  server.postMessage(server.general, "u-bob", "while you slept");
  await advance(1_000);
  await advance(6_000);
  expect(texts()).toEqual(["while you slept"]);
  expect(server.opened).toBe(2);
});

test.each([
  ["pageshow", () => dispatchEvent(new Event("pageshow"))],
  ["resume", () => document.dispatchEvent(new Event("resume"))],
  ["visibilitychange", () => document.dispatchEvent(new Event("visibilitychange"))],
  ["online", () => dispatchEvent(new Event("online"))],
])("a dead socket is found out at once by the event %s", async (_name, happen) => {
  await openChat();
  await advance(2_000);
  expect(server.silenceAll()).toBe(1);
  server.postMessage(server.general, "u-bob", "missed");
  act(() => void happen());
  await advance(7_000);
  expect(texts()).toEqual(["missed"]);
});

test("sockets that close as soon as they are open: ever fewer attempts and requests, and a banner says so", async () => {
  await openChat();
  await advance(40_000);
  const { opened } = server;
  const requested = server.requests.length;
  server.closesAtOnce = true;
  expect(server.cutAll()).toBe(1);
  await sendMessage("not yet");
  for (let second = 0; second < 20; second += 1) await advance(1_000);
  // Each attempt needs a ticket; the first return also fetches what was missed.
  expect(server.opened - opened).toBeLessThanOrEqual(7);
  expect(server.requests.length - requested).toBeLessThanOrEqual(12);
  expect(line()).toContain("Reconnecting …");
  server.closesAtOnce = false;
  await advance(60_000);
  expect(line()).toBe("");
  expect(texts()).toEqual(["not yet"]);
  expect(server.log.map(({ text }) => text)).toEqual(["not yet"]);
});
