// @vitest-environment happy-dom
/** The inspector's page of dead letters, with fixed responses. */
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { DeadLetterQueue, ListedDeadLetter } from "../../../src/features/inspector/contract";
import { click, openChat, server, setUpChat } from "../../support/chatPage";

await import("../../../src/features/inspector/InspectorScreen");

setUpChat();

const local = { inspector: true, inspectorApi: "/inspector-api" };
const READ_AT = "2026-11-24T09:30:00.000Z";
const names = ["delivery", "status", "replay"] as const;

const letter: ListedDeadLetter = {
  messageId: "b0f1a2c3-4d5e-6f70-8192-a3b4c5d6e7f8",
  eventId: "event-1",
  detailType: "MessageSent",
  occurredAt: "no time at all",
  sentAt: "2026-11-24T09:25:00.000Z",
  channelId: "general",
  aboutMessageId: "message-1",
  userId: "u-bob",
  correlationId: "correlation-1",
  reason: "Parley.Undelivered: Posts failed after every retry",
  missed: 2,
  resumes: false,
  retries: null,
  commands: {
    show: "parley dead-letters show b0f1",
    discard: "parley dead-letters discard b0f1",
    follow: "parley follow message-1",
    logs: null,
  },
};

const queue = (name: (typeof names)[number], changes: Partial<DeadLetterQueue> = {}): DeadLetterQueue => ({
  name,
  visible: changes.items?.length ?? 0,
  held: 0,
  heldNote: null,
  oldestAt: changes.items?.[0]?.sentAt ?? null,
  items: [],
  truncated: false,
  commands: {
    look: `parley redrive --queue ${name} --dry-run`,
    redrive: `parley redrive --queue ${name}`,
  },
  ...changes,
});

/** The API answers with these queues; a queue that is not named is empty. */
function answer(...queues: DeadLetterQueue[]): void {
  const items = names.map((name) => queues.find((each) => each.name === name) ?? queue(name));
  server.intercept = (_method, path) =>
    path === "/inspector-api/dead-letters" ? new Response(JSON.stringify({ readAt: READ_AT, items })) : null;
}

const tiles = () =>
  within(screen.getByRole("list", { name: "Queues" }))
    .getAllByRole("listitem")
    .map((tile) => tile.textContent ?? "");

test("a stage without dead letters says so, for every queue", async () => {
  answer();
  await openChat("/inspector/dead-letters", local);
  expect(document.title).toBe("Dead letters · Inspector · Parley");
  expect(screen.getByText("No dead letters.")).toBeTruthy();
  expect(tiles().map((text) => text.slice(0, 9))).toEqual(["Delivery0", "Status0Pr", "Replay0Re"]);
});

test("a dead letter has its reason, its ids and the commands to copy", async () => {
  answer(queue("delivery", { items: [letter] }));
  await openChat("/inspector/dead-letters", local);
  expect(tiles()[0]).toContain("The oldest has been waiting for 5 min 0 s");
  const listed = within(screen.getByRole("region", { name: "Dead letters of delivery" }));
  expect(listed.getByText("Parley.Undelivered: Posts failed after every retry")).toBeTruthy();
  expect(listed.getByText("2 connections")).toBeTruthy();
  expect(listed.getByRole("link", { name: "message-1" }).getAttribute("href")).toBe(
    "/inspector/messages/message-1",
  );
  expect(listed.getAllByRole("button").map((button) => button.getAttribute("aria-label"))).toEqual([
    "Copy the command: show the reasons",
    "Copy the command: process them again",
    "Copy the dead letter's id",
    "Copy the command: all fields",
    "Copy the command: the message",
    "Copy the command: take it out",
  ]);
  expect(listed.getByText("parley redrive --queue delivery")).toBeTruthy();
});

test("dead letters that a command holds are counted, with the sentence of the tool", async () => {
  answer(queue("status", { held: 3, heldNote: "3 dead letters are held by another redrive" }));
  await openChat("/inspector/dead-letters", local);
  expect(screen.getByText("3 dead letters are held by another redrive")).toBeTruthy();
  expect(screen.queryByText("No dead letters.")).toBeNull();
});

test("a page that cannot be read says why, and reads again", async () => {
  server.intercept = (_method, path) =>
    path.startsWith("/inspector-api")
      ? new Response(JSON.stringify({ code: "UNAVAILABLE", message: "The emulator restarts." }), {
          status: 503,
        })
      : null;
  await openChat("/inspector/dead-letters", local);
  expect(screen.getByRole("alert").textContent).toContain("The emulator restarts.");
  answer(queue("replay", { items: [letter] }));
  await click(screen.getByRole("button", { name: "Try again" }));
  // The button is removed.
  expect(document.activeElement).toBe(screen.getByRole("main"));
  expect(screen.getByRole("region", { name: "Dead letters of replay" })).toBeTruthy();
});
