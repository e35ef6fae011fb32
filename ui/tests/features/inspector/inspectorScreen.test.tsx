// @vitest-environment happy-dom
/** The inspector with fixed API responses and a live stream that the test writes to. */
import { fireEvent, screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { updateServerTime } from "../../../src/core/clock";
import type { PublishedEvent, RunSummary } from "../../../src/features/inspector/contract";
import { created, deleted, edited, joined, reacted, sent } from "../../support/busEvents";
import { advance, click, composer, openChat, server, setUpChat, user } from "../../support/chatPage";
import { ALICE } from "../../support/fakeServer";

await import("../../../src/features/inspector/InspectorScreen");

setUpChat();

const local = { inspector: true, inspectorApi: "/inspector-api" };
const json = (body: unknown) => new Response(JSON.stringify(body));
const region = (name: string) => within(screen.getByRole("region", { name }));
const rows = (name: string) =>
  region(name)
    .queryAllByRole("listitem")
    .map((row) => row.textContent ?? "");

let runs: RunSummary[] = [];
let events: PublishedEvent[] = [];
let stream: ReadableStreamDefaultController<Uint8Array> | undefined;

/** The inspector's API: past runs and events, filtered as the stage does. */
function answer(archived: readonly PublishedEvent[] = []): void {
  runs = [];
  events = [];
  server.intercept = (_method, path) => {
    const { pathname, searchParams } = new URL(path, "http://localhost");
    const fits = (each: { readonly channelId: string | null }) =>
      [null, each.channelId].includes(searchParams.get("channelId"));
    const narrowed = <T extends RunSummary | PublishedEvent>(all: readonly T[], type: string) =>
      all.filter((each) => fits(each) && [null, each.detailType].includes(searchParams.get(type)));
    switch (pathname) {
      case "/inspector-api/live":
        return new Response(
          new ReadableStream({
            start: (controller) => {
              stream = controller;
            },
          }),
        );
      case "/inspector-api/workflow":
        return json({
          name: "deliver",
          stateMachineArn: "arn",
          definition: { StartAt: "Only", States: { Only: { Type: "Succeed" } } },
        });
      case "/inspector-api/runs":
        return json({ items: narrowed(runs, "detailType").toReversed(), truncated: false });
      case "/inspector-api/events":
        return json({ items: narrowed(events, "type"), truncated: false });
      case "/inspector-api/channels/general/events":
        return json({
          channelId: "general",
          from: "",
          to: "",
          items: archived,
          people: {},
          truncated: false,
        });
      default:
        return null;
    }
  };
}

function describeEvent(kind: "run" | "event", body: unknown): void {
  if (!stream) throw new Error("The live stream has no reader.");
  stream.enqueue(new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(body)}\n\n`));
}

/** A message sent on the stage: an event on the bus and a run of the workflow. */
function happens(userId: string, text: string, channelId = "general"): void {
  const occurredAt = new Date().toISOString();
  const event = { ...sent(text, 0, text, userId), occurredAt, actor: userId, channelId };
  const run = {
    runId: `run-${event.eventId}`,
    status: "SUCCEEDED",
    outcome: "delivered",
    mode: "live",
    troubled: false,
    trouble: null,
    startedAt: occurredAt,
    durationMs: 40,
    detailType: "MessageSent",
    channelId,
    messageId: text,
    userId,
    seq: 1,
  } as RunSummary;
  runs.push(run);
  events.push(event);
  describeEvent("run", run);
  describeEvent("event", event);
}

describe("the focus", () => {
  const content = () => screen.getByRole("main");

  test("goes to the content when the inspector replaces the chat, and when a followed link is no longer shown", async () => {
    answer();
    const others = server.intercept;
    const lastAt = new Date().toISOString();
    const items = [{ channelId: "general", name: "general", kind: "public", events: 1, lastAt }];
    server.intercept = (method, path, body) =>
      path === "/inspector-api/channels" ? json({ items }) : others(method, path, body);
    await openChat("/c/general", local);
    await click(screen.getByRole("button", { name: "You and settings" }));
    await click(screen.getByRole("button", { name: "Inspector" }));
    await advance();
    expect(document.activeElement).toBe(content());
    const tab = screen.getByRole("link", { name: "History" });
    tab.focus();
    await click(tab);
    await advance();
    expect(document.activeElement).toBe(tab);
    const channel = within(content()).getByRole("link", { name: /general/ });
    channel.focus();
    await click(channel);
    await advance();
    expect(location.pathname).toBe("/inspector/channels/general");
    expect(document.activeElement).toBe(content());
    expect(content().getAttribute("aria-label")).toBe("History");
  });

  test("is where the browser begins when the page is loaded", async () => {
    answer();
    await openChat("/inspector", local);
    await advance();
    expect(document.activeElement).toBe(document.body);
  });
});

describe("the inspector is available only where the stage allows it", () => {
  test("and is opened from the settings, with a link back to the chat", async () => {
    answer();
    await openChat("/c/general", local);
    await click(screen.getByRole("button", { name: "You and settings" }));
    await click(screen.getByRole("button", { name: "Inspector" }));
    expect(screen.getByRole("navigation", { name: "Inspector" })).toBeTruthy();
    expect(document.title).toBe("Runs · Inspector · Parley");
    await click(screen.getByRole("link", { name: "Chat" }));
    expect(composer()).toBeTruthy();
  });

  test("switched off, its button is missing and its address shows the chat", async () => {
    await openChat("/inspector");
    expect(composer()).toBeTruthy();
    await click(screen.getByRole("button", { name: "You and settings" }));
    expect(screen.getByRole("button", { name: "Sign out" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Inspector" })).toBeNull();
  });

  test("on AWS it links to the consoles and sends no request to the inspector's API", async () => {
    const console = {
      workflow: "https://console.aws.amazon.com/states",
      logs: "https://console.aws.amazon.com/logs",
    };
    await openChat("/inspector", { inspector: true, inspectorApi: null, console });
    expect(screen.getByRole("heading", { name: "This stage runs on AWS" })).toBeTruthy();
    expect(
      screen
        .getAllByRole("link")
        .map((link) => link.getAttribute("href"))
        .filter((href) => href?.startsWith("https:")),
    ).toEqual(Object.values(console));
    expect(screen.queryByRole("navigation", { name: "Inspector" })).toBeNull();
    expect(server.requests.filter((request) => request.includes("inspector"))).toEqual([]);
  });
});

describe("lists", () => {
  test("name both users of a direct channel", async () => {
    const { channelId } = server.add("direct bob", [ALICE, "u-bob"], "direct");
    answer();
    await openChat("/inspector", local);
    happens("u-bob", "between us", channelId);
    happens("u-bob", "between others", "direct-4f0c1f8e-90c5-5c44-b5b3-8a1fd2a3d9a1");
    await advance(1_000);
    expect(rows("Runs")).toEqual([
      expect.stringContaining("bob in direct: alice, bob"),
      expect.stringContaining("bob in direct-4f0c1f8e"),
    ]);
  });

  test("of runs are updated live, and filters apply to new runs", async () => {
    answer();
    await openChat("/inspector", local);
    expect(region("Runs").getByRole("status").textContent).toBe("Live");
    expect(screen.getByText("No runs yet")).toBeTruthy();
    happens("u-bob", "before the filter");
    await advance(1_000);
    expect(rows("Runs")).toEqual([expect.stringContaining("bob in #general")]);
    await user.selectOptions(screen.getByRole("combobox", { name: "User" }), "u-carol");
    await advance(1_000);
    expect(screen.getByText("No matching runs")).toBeTruthy();
    happens("u-carol", "let through");
    happens("u-bob", "kept out");
    await advance(1_000);
    expect(rows("Runs")).toEqual([expect.stringContaining("carol in #general")]);
    await click(screen.getByRole("button", { name: "Clear" }));
    // The button is removed.
    expect(document.activeElement).toBe(screen.getByRole("combobox", { name: "Type" }));
    await advance(1_000);
    expect(rows("Runs")).toHaveLength(3);
  });

  test("of events can be paused, count new events, and continue", async () => {
    answer();
    await openChat("/inspector/events", local);
    happens("u-bob", "seen live");
    await advance(1_000);
    expect(rows("Events")).toHaveLength(1);
    const hold = () => screen.getByRole("button", { name: "Pause live updates" });
    await click(hold());
    await advance(1_000);
    happens("u-bob", "not seen yet");
    await advance(1_000);
    expect(rows("Events")).toHaveLength(1);
    expect(screen.getByText("1 new")).toBeTruthy();
    await click(hold());
    await advance(1_000);
    expect(rows("Events")).toHaveLength(2);
    const [newest] = region("Events").getAllByRole("listitem");
    await click(within(newest as HTMLElement).getByRole("button"));
    expect(screen.getByRole("complementary", { name: "Message sent" }).textContent).toContain("not seen yet");
  });

  test("that are shown stay when they are paused, although the page's estimate of the server's time is behind", async () => {
    answer();
    await openChat("/inspector/events", local);
    happens("u-bob", "seen live");
    await advance(1_000);
    updateServerTime(new Date(Date.now() - 10_000).toUTCString());
    await click(screen.getByRole("button", { name: "Pause live updates" }));
    await advance(1_000);
    expect(rows("Events")).toHaveLength(1);
    updateServerTime(new Date().toUTCString());
  });

  test("reconnect after the stream ends, and show that they do", async () => {
    answer();
    await openChat("/inspector/events", local);
    const first = stream;
    first?.close();
    await advance(100);
    expect(
      region("Events")
        .getAllByRole("status")
        .map((status) => status.textContent),
    ).toContain("Reconnecting …");
    await advance(30_000);
    expect(stream).not.toBe(first);
    expect(
      region("Events")
        .getAllByRole("status")
        .map((status) => status.textContent),
    ).toContain("Live");
  });
});

describe("a channel's history", () => {
  const past = [
    created(0, ["u-bob"]),
    joined("u-carol", 1),
    sent("first", 2, "first words", "u-bob"),
    sent("second", 3, "second words", "u-carol"),
    edited("first", 4, "better words", "u-bob"),
    reacted("first", 5, "🎉", "u-carol"),
    deleted("second", 6, "u-carol"),
  ];

  test("is shown at the position of the slider", async () => {
    answer(past);
    await openChat("/inspector/channels/general", local);
    const slider = screen.getByRole<HTMLInputElement>("slider", {
      name: "Position in the channel's history",
    });
    const shown = () => screen.getByRole("region", { name: /^Messages in #general/ }).textContent ?? "";
    const description = () =>
      within(screen.getByRole("region", { name: "Position" })).getByRole("status").textContent;
    expect(shown()).toContain("better words");
    expect(shown()).toContain("This message was deleted.");
    expect(
      within(screen.getByRole("list", { name: "Members of #general" })).getAllByRole("listitem"),
    ).toHaveLength(2);
    const goTo = async (at: number) => {
      fireEvent.change(slider, { target: { value: String(at) } });
      await advance();
    };
    await goTo(0);
    expect(shown()).toBe("No messages yet.");
    expect(screen.getByText("No members yet.")).toBeTruthy();
    await goTo(4);
    expect(description()).toBe("u-carol sent a message");
    expect(shown()).toContain("first words");
    expect(shown()).toContain("second words");
    await goTo(5);
    expect(description()).toBe("bob edited a message");
    expect(shown()).toContain("better words");
    expect(shown()).not.toContain("🎉");
    await click(screen.getByRole("button", { name: "Next event" }));
    expect(description()).toBe("carol reacted with 🎉");
    expect(shown()).toContain("🎉");
    await click(screen.getByRole("button", { name: "Next event" }));
    expect(shown()).not.toContain("second words");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Next event" }).disabled).toBe(true);
  });

  test("plays from the beginning and stops at the end", async () => {
    answer(past);
    await openChat("/inspector/channels/general", local);
    await click(screen.getByRole("button", { name: "Play" }));
    expect(document.querySelector(".HistoryView_count")?.textContent).toBe("0 / 7");
    await advance(7 * 450 + 500);
    expect(document.querySelector(".HistoryView_count")?.textContent).toBe("7 / 7");
    expect(screen.getByRole("button", { name: "Play" })).toBeTruthy();
  });
});
