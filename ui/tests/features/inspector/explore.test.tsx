// @vitest-environment happy-dom
/** The pages that look something up, and the redrive, on the page of an operator with fixed responses. */
import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { App } from "../../../src/app/App";
import { syncRoute } from "../../../src/core/router";
import { initialState } from "../../../src/core/state/model";
import { change } from "../../../src/core/state/store";
import { parseInspectorRoute, rowsPath } from "../../../src/features/inspector/routes";
import { advance, click, server, setUpChat, user } from "../../support/chatPage";

await Promise.all([
  import("../../../src/app/OperatorScreen"),
  import("../../../src/features/inspector/explore/RowsView"),
  import("../../../src/features/inspector/explore/LogsView"),
  import("../../../src/features/inspector/explore/ConnectionsView"),
]);

setUpChat();
afterEach(cleanup);

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const READ_AT = "2026-11-24T09:30:00.000Z";
const tables = {
  items: [
    { table: "users", key: ["userId"] },
    { table: "messages", key: ["channelId", "seq"] },
  ],
};
const connection = {
  userId: "u-1",
  name: "Dora",
  lastSeenAt: "2026-11-24T09:20:00.000Z",
  connectionId: "c-1=",
  openedAt: "2026-11-24T09:25:00.000Z",
  endsAt: "2026-11-24T11:25:00.000Z",
  expired: false,
  fault: null,
};

let requests: string[] = [];

/** Open a page; `answers` are by path, each a value or a failure. */
async function open(address: string, answers: Readonly<Record<string, unknown>>): Promise<void> {
  requests = [];
  const all: Readonly<Record<string, unknown>> = {
    "/names": { users: {}, channels: {} },
    "/rows": tables,
    ...answers,
  };
  server.intercept = (method, path) => {
    const { pathname, search } = new URL(path, "http://localhost");
    if (pathname === "/config.json")
      return json({ stage: "prod", inspector: true, inspectorApi: "/inspector-api", operator: true });
    if (!pathname.startsWith("/inspector-api")) return null;
    const route = pathname.slice("/inspector-api".length);
    if (route !== "/names") requests.push(`${method} ${route}${decodeURIComponent(search)}`);
    const found = all[method === "GET" ? route : `${method} ${route}`];
    return found instanceof Error
      ? json({ code: "DENIED", message: found.message }, 403)
      : json(found ?? {}, found ? 200 : 404);
  };
  history.replaceState(null, "", `${address}#key=k`);
  syncRoute();
  change(() => initialState);
  render(<App />);
  await advance();
  await advance();
}

describe("a row by its key", () => {
  test("is looked up in the chosen table, at an address that can be shared", async () => {
    await open("/inspector/rows", {
      "/rows/messages": {
        table: "messages",
        key: { channelId: "general", seq: 3 },
        row: { channelId: "general", seq: 3 },
        fault: null,
        repair: null,
      },
    });
    await user.selectOptions(screen.getByRole("combobox", { name: "Table" }), "messages");
    await user.type(screen.getByRole("textbox", { name: "channelId" }), "general");
    await user.type(screen.getByRole("textbox", { name: "seq" }), "3{Enter}");
    await advance();
    expect(location.pathname).toBe("/inspector/rows/messages/general/3");
    expect(requests.at(-1)).toBe("GET /rows/messages?key=general&key=3");
    expect(screen.getByRole("region", { name: "Row of messages" }).textContent).toContain("general");
    expect(document.title).toBe("Explore · Inspector · Parley");
  });

  test("that readers cannot use says why, with the command", async () => {
    await open("/inspector/rows/users/u-1", {
      "/rows/users": {
        table: "users",
        key: { userId: "u-1" },
        row: { userId: "u-1" },
        fault: "username: Field required",
        repair: "parley --stage prod repair users u-1",
      },
    });
    expect(screen.getByRole("alert").textContent).toContain("username: Field required");
    expect(screen.getByText("parley --stage prod repair users u-1")).toBeTruthy();
  });

  test("that does not exist, or may not be read, says so", async () => {
    const missing = {
      table: "users",
      key: { userId: "u-9" },
      row: null,
      fault: null,
      repair: "parley repair",
    };
    await open("/inspector/rows/users/u-9", { "/rows/users": missing });
    expect(screen.getByText("There is no such row")).toBeTruthy();
    cleanup();
    await open("/inspector/rows/users/u-9", { "/rows/users": new Error("may not call dynamodb:GetItem") });
    expect(screen.getByRole("alert").textContent).toContain("dynamodb:GetItem");
  });

  test.each([["general", "12"], ["00012#👍#u-1"], ["a/b", "100%"]])("keeps the key %s", (...key) => {
    expect(parseInspectorRoute(rowsPath("reactions", key).slice("/inspector".length))).toEqual({
      view: "rows",
      table: "reactions",
      keyValues: key,
    });
  });
});

describe("log lines", () => {
  const line = {
    at: READ_AT,
    function: "SendMessage",
    level: "ERROR",
    message: "Unhandled",
    correlationId: "0193a0b2-1111",
    error: "KeyError",
    details: { line: 7 },
  };

  test("are all errors without an id, and those of an id at its address", async () => {
    await open("/inspector/logs", {
      "/logs": { items: [line], truncated: false, omission: "It logs ERROR only." },
    });
    expect(requests).toEqual(["GET /logs?since=1h"]);
    expect(screen.getByRole("note").textContent).toBe("It logs ERROR only.");
    const listed = within(screen.getByRole("list", { name: "Log lines" }));
    expect(listed.getByText("Unhandled: KeyError")).toBeTruthy();
    await user.type(screen.getByRole("textbox"), "0193a0b2-1111{Enter}");
    await advance();
    expect(location.pathname).toBe("/inspector/logs/0193a0b2-1111");
    expect(requests.at(-1)).toBe("GET /logs?id=0193a0b2-1111&since=1h");
  });

  test("that are missing say what to do, and a failure can be tried again", async () => {
    await open("/inspector/logs/0193a0b2-1111", { "/logs": { items: [], truncated: false, omission: null } });
    expect(screen.getByText("No line has this id")).toBeTruthy();
    cleanup();
    await open("/inspector/logs", { "/logs": new Error("may not call logs:FilterLogEvents") });
    expect(screen.getByRole("alert").textContent).toContain("logs:FilterLogEvents");
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });
});

describe("connected users", () => {
  test("have their time, and lead to their rows", async () => {
    await open("/inspector/connections", {
      "/connections": { items: [connection], truncated: false, readAt: READ_AT },
    });
    const row = within(screen.getByRole("region", { name: "Connections" })).getAllByRole("row")[1];
    const cells = within(row as HTMLElement).getAllByRole("cell");
    expect(screen.getByRole("columnheader", { name: "Connected for" })).toBeTruthy();
    // When an earlier connection ended says nothing of a user who is connected.
    expect([cells[0]?.textContent, cells[2]?.textContent]).toEqual(["5 min 0 s", "–"]);
    expect(screen.getByRole("link", { name: "c-1=" }).getAttribute("href")).toBe(
      "/inspector/rows/connections/u-1/c-1%3D",
    );
    await user.type(screen.getByRole("textbox"), "dora{Enter}");
    await advance();
    expect(location.pathname).toBe("/inspector/connections/dora");
    expect(requests.at(-1)).toBe("GET /connections?user=dora");
  });

  test("may be none", async () => {
    await open("/inspector/connections", {
      "/connections": { items: [], truncated: false, readAt: READ_AT },
    });
    expect(screen.getByText("No connections")).toBeTruthy();
  });
});

describe("a redrive from the page", () => {
  const queue = (name: string, visible: number) => ({
    name,
    visible,
    held: 0,
    heldNote: null,
    oldestAt: null,
    items: [],
    truncated: false,
    commands: { look: `look ${name}`, redrive: `redrive ${name}` },
  });
  const letters = (visible: number) => ({
    readAt: READ_AT,
    items: [queue("delivery", 0), queue("status", visible), queue("replay", 0)],
  });
  const report = {
    redriven: 1,
    failed: [{ messageId: "l-1", eventId: "e-1", detailType: "UserTyping", note: "Failed again" }],
    notes: ["Bob has run 'parley redrive' since 09:30."],
  };
  const button = () => screen.getByRole("button", { name: "Process them again" });

  test("asks first, and reports what became of the dead letters", async () => {
    await open("/inspector/dead-letters", {
      "/dead-letters": letters(2),
      "POST /dead-letters/status/redrive": report,
    });
    await click(button());
    await click(screen.getByRole("button", { name: "Cancel" }));
    expect(requests.filter((each) => each.startsWith("POST"))).toEqual([]);
    await click(button());
    await click(screen.getByRole("button", { name: "Process them" }));
    expect(requests.filter((each) => each.startsWith("POST"))).toEqual(["POST /dead-letters/status/redrive"]);
    const shown = screen.getByRole("region", { name: "Dead letters of status" }).textContent;
    expect(shown).toContain("1 of 2 dead letters processed.");
    expect(shown).toContain("Failed again");
    expect(shown).toContain("Bob has run");
    expect(requests.filter((each) => each === "GET /dead-letters")).toHaveLength(2);
  });

  test("that is refused says which right is missing", async () => {
    await open("/inspector/dead-letters", {
      "/dead-letters": letters(1),
      "POST /dead-letters/status/redrive": new Error("may not call sqs:SendMessage"),
    });
    await click(button());
    await click(screen.getByRole("button", { name: "Process them" }));
    expect(screen.getByRole("alert").textContent).toContain("sqs:SendMessage");
  });
});
