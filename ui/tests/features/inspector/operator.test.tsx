// @vitest-environment happy-dom
/** The inspector of `parley inspect`: without the chat, with the key of the printed address. */
import { cleanup, render, screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { App } from "../../../src/app/App";
import { syncRoute } from "../../../src/core/router";
import { initialState } from "../../../src/core/state/model";
import { change } from "../../../src/core/state/store";
import { advance, server, setUpChat } from "../../support/chatPage";

await import("../../../src/app/OperatorScreen");

setUpChat();

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const config = {
  stage: "prod",
  region: "eu-west-1",
  inspector: true,
  inspectorApi: "/inspector-api",
  operator: true,
};
const OMISSION = "This stage's workflow logs ERROR only: successful runs are not in its log.";
const DENIED = "Your AWS role may not call events:PutRule: add this right to it.";

let keys: (string | null)[] = [];
let live: ReadableStreamDefaultController<Uint8Array> | undefined;

/** Open an address of the command, as a page load does. Requests with another key are refused. */
async function open(address: string, key = "good"): Promise<void> {
  keys = [];
  live = undefined;
  server.intercept = (_method, path, init) => {
    const { pathname } = new URL(path, "http://localhost");
    if (pathname === "/config.json") return json(config);
    if (!pathname.startsWith("/inspector-api/")) return null;
    const sent = new Headers(init.headers).get("authorization");
    keys.push(sent);
    if (sent !== `Bearer ${key}`) {
      return json(
        { code: "UNAUTHENTICATED", message: "Open the address that `parley inspect` printed." },
        401,
      );
    }
    switch (pathname.slice("/inspector-api".length)) {
      case "/names":
        return json({ users: { "u-1": "Dora" }, channels: { "c-1": "release" } });
      case "/workflow":
        return json({
          name: "deliver",
          stateMachineArn: "arn",
          definition: { StartAt: "Only", States: { Only: { Type: "Succeed" } } },
        });
      case "/runs":
        return json({ items: [], truncated: false, omission: OMISSION });
      case "/live":
        return new Response(
          new ReadableStream({
            start: (controller) => {
              live = controller;
            },
          }),
        );
      default:
        return json({ items: [], truncated: false });
    }
  };
  history.replaceState(null, "", address);
  syncRoute();
  change(() => initialState);
  render(<App />);
  await advance();
  await advance();
}

const enqueue = (kind: string, body: unknown) =>
  live?.enqueue(new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(body)}\n\n`));

describe("the page of an operator", () => {
  test("takes the key from the address, and has it after a reload and in another tab", async () => {
    await open("/inspector#key=good");
    expect(location.hash).toBe("");
    expect(new Set(keys)).toEqual(new Set(["Bearer good"]));
    cleanup();
    await open("/inspector/events");
    expect(new Set(keys)).toEqual(new Set(["Bearer good"]));
  });

  test("has the pages and the stage, and no way to a chat", async () => {
    await open("/#key=good");
    expect(location.pathname).toBe("/inspector");
    expect(screen.getByText("prod")).toBeTruthy();
    const pages = within(screen.getByRole("navigation", { name: "Inspector" })).getAllByRole("link");
    expect(pages.map((page) => page.textContent)).toContain("Dead letters");
    expect(screen.queryByTitle("Back to the chat")).toBeNull();
  });

  test("says what to do without a key, and with the key of another start", async () => {
    for (const address of ["/inspector", "/inspector#key=old"]) {
      await open(address);
      const alerts = screen.getAllByRole("alert").map((alert) => alert.textContent);
      expect(alerts.join()).toContain("Open the address that `parley inspect` printed.");
      cleanup();
    }
  });

  test("names users and channels as the stage does", async () => {
    await open("/inspector#key=good");
    const options = (name: string) =>
      within(screen.getByRole("combobox", { name }))
        .getAllByRole("option")
        .map((option) => option.textContent);
    expect(options("User")).toEqual(["User: all", "Dora"]);
    expect(options("Channel")).toEqual(["Channel: all", "#release"]);
  });

  test("says above the runs what the log level hides, and why nothing new arrives", async () => {
    await open("/inspector#key=good");
    const notes = () => screen.queryAllByRole("note").map((note) => note.textContent);
    expect(notes()).toEqual([OMISSION]);
    expect(screen.getByText("Live")).toBeTruthy();
    enqueue("problem", { source: "runs", message: DENIED });
    await advance();
    expect(notes()).toEqual([DENIED, OMISSION]);
    expect(screen.getByText("Not live")).toBeTruthy();
    enqueue("problem", { source: "runs", message: null });
    await advance();
    expect(notes()).toEqual([OMISSION]);
  });
});
