import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { StateExecution } from "../../../src/features/inspector/contract";
import type { Definition } from "../../../src/features/inspector/graph/definition";
import { allNodes, readDefinition, shortCondition } from "../../../src/features/inspector/graph/definition";
import { layoutGraph, type PlacedNode, smoothPath } from "../../../src/features/inspector/graph/layout";
import { edgeKey, highlightRun } from "../../../src/features/inspector/graph/runHighlight";
import { fitBox, fitLegibly, isTooWide, zoomAt } from "../../../src/features/inspector/graph/useViewport";

// The deployed workflow, so that the graph is tested against the current definition.
const deliver = JSON.parse(readFileSync("../workflows/deliver.asl.json", "utf8")) as Definition;
const graph = readDefinition(deliver);

describe("a definition", () => {
  it("becomes a node for each state, those of a Map inside its node", () => {
    expect(graph.start).toBe("ReadEvent");
    expect(graph.nodes).toHaveLength(Object.keys(deliver.States).length);
    const map = graph.nodes.find((node) => node.type === "Map");
    expect(map?.inner?.nodes.map((node) => node.name)).toEqual([
      "PostBatch",
      "MayPostAgain",
      "BackOffPosting",
      "BatchFailed",
    ]);
    expect(allNodes(graph).map((node) => node.name)).toContain("PostBatch");
  });

  it("becomes an edge for each transition, labelled where there is a choice", () => {
    const from = (name: string) => graph.edges.filter((edge) => edge.from === name);
    expect(from("ReadEvent")).toMatchObject([{ to: "IsWellFormed", kind: "next", label: "" }]);
    expect(from("AnotherPage")).toMatchObject([
      { to: "FindRecipients", kind: "choice", label: "nextPage != null and …" },
      { to: "StopAtDeadline", kind: "choice", label: "nextPage != null" },
      { to: "Delivered", kind: "choice", label: "otherwise" },
    ]);
    const choice = from("ChooseChange").find((edge) => edge.to === "FindOriginal");
    expect(choice).toMatchObject({ label: "MessageSent", reasons: ["$detailType = 'MessageSent'"] });
  });

  it("distinguishes individual catches from the common error handler", () => {
    const catches = graph.edges.filter((edge) => edge.from === "PersistOnce" && edge.kind === "catch");
    expect(catches).toMatchObject([
      { to: "WhyCancelled", label: "TransactionCanceled", common: false },
      { to: "MayStartAgain", label: "any error", common: true },
    ]);
  });

  it("merges two conditions that lead to one state", () => {
    const state = deliver.States.AnyUndelivered ?? { Type: "Choice" };
    const choices = state.Choices ?? [];
    const twice = { ...state, Choices: [...choices, ...choices] };
    const { edges } = readDefinition({ ...deliver, States: { ...deliver.States, AnyUndelivered: twice } });
    const kept = edges.filter((edge) => edge.to === "KeepUndelivered");
    expect(kept).toHaveLength(1);
    expect(kept[0]?.reasons).toHaveLength(2);
  });
});

describe("a condition in short", () => {
  it.each([
    ["$detailType = 'MessageSent'", "MessageSent"],
    ["$detailType in ['ReactionAdded', 'ReactionRemoved']", "ReactionAdded +1"],
    ["$mode = 'dry-run' and $detailType in ['MessageEdited']", "dry-run …"],
    ["$states.input.isDuplicate", "isDuplicate"],
    ["$conflicts >= 3", "conflicts >= 3"],
    ["$count($states.input.undelivered) > 0", "count(undelivered) > 0"],
  ])("%s is %s", (condition, short) => {
    expect(shortCondition(condition)).toBe(short);
  });
});

describe("the layout", () => {
  const placed = layoutGraph(graph);

  it("places every state without overlaps", () => {
    expect(placed.nodes).toHaveLength(allNodes(graph).length);
    const plain = placed.nodes.filter((each) => !each.container);
    for (const one of plain) {
      for (const other of plain) if (one !== other) expect(overlap(one, other)).toBe(false);
    }
  });

  it("places a Map's states inside its node", () => {
    const box = placed.nodes.find((each) => each.container);
    const inner = placed.nodes.find((each) => each.node.name === "PostBatch");
    if (!box || !inner) throw new Error("they are not drawn");
    expect(inner.x).toBeGreaterThan(box.x);
    expect(inner.x + inner.width).toBeLessThan(box.x + box.width);
    expect(inner.y).toBeGreaterThan(box.y);
    expect(inner.y + inner.height).toBeLessThan(box.y + box.height);
  });

  it("draws every edge with finite coordinates", () => {
    expect(placed.edges).toHaveLength(graph.edges.length + 4);
    for (const { path } of placed.edges) expect(path).toMatch(/^M *[-\d.]+ [-\d. LQC]+$/);
  });

  it("rounds corners", () => {
    const corner = [
      { x: 0, y: 0 },
      { x: 10, y: 10 },
      { x: 20, y: 10 },
    ];
    expect(smoothPath(corner)).toBe("M0 0Q10 10 15 10L20 10");
  });
});

describe("a run's highlight", () => {
  const edges = graph.edges;

  it("covers the states that it entered and the edges that it took", () => {
    const highlight = highlightRun(
      [execution("ReadEvent", "IsWellFormed"), execution("IsWellFormed", "ChooseChange")],
      edges,
    );
    expect([...highlight.states.keys()]).toEqual(["ReadEvent", "IsWellFormed"]);
    expect([...highlight.edges]).toEqual([
      edgeKey("ReadEvent", "IsWellFormed", "next"),
      edgeKey("IsWellFormed", "ChooseChange", "choice"),
    ]);
  });

  it("shows a caught error on the edge of its catch", () => {
    const highlight = highlightRun([execution("PersistOnce", "WhyCancelled", { status: "caught" })], edges);
    expect(highlight.states.get("PersistOnce")?.outcome).toBe("caught");
    expect([...highlight.edges]).toEqual([edgeKey("PersistOnce", "WhyCancelled", "catch")]);
  });

  it("shows the worst of several executions, and a Fail state as failed", () => {
    const highlight = highlightRun(
      [
        execution("PostBatch", null),
        execution("PostBatch", null, { status: "failed" }),
        execution("DeliveryFailed", null, { type: "Fail", status: "succeeded" }),
      ],
      edges,
    );
    expect(highlight.states.get("PostBatch")?.outcome).toBe("failed");
    expect(highlight.states.get("PostBatch")?.executions).toHaveLength(2);
    expect(highlight.states.get("DeliveryFailed")?.outcome).toBe("failed");
  });
});

describe("the viewport", () => {
  const box = { x: 0, y: 0, width: 1_000, height: 500 };

  it("fits a drawing, centred, at most at its natural size", () => {
    expect(fitBox(box, { width: 500, height: 500 })).toEqual({ scale: 0.5, x: 0, y: -250 });
    expect(fitBox(box, { width: 4_000, height: 4_000 }).scale).toBe(1);
  });

  it("stays legible rather than complete", () => {
    expect(fitLegibly(box, { width: 100, height: 100 })).toEqual({ scale: 0.5, x: 400, y: 0 });
    expect(fitLegibly({ ...box, first: 950 }, { width: 100, height: 100 })).toEqual({
      scale: 0.5,
      x: 800,
      y: 0,
    });
    expect(fitLegibly({ ...box, first: 300 }, { width: 100, height: 100 })).toEqual({
      scale: 0.5,
      x: 200,
      y: 0,
    });
  });

  it("shows a path without the states around it if it would be cut off", () => {
    const path = { x: 0, y: 0, width: 1_930, height: 700 };
    expect(isTooWide(path, { width: 784 })).toBe(true);
    expect(isTooWide(path, { width: 1_264 })).toBe(false);
  });

  it("keeps the point under the pointer fixed while zooming", () => {
    const view = { x: 0, y: 0, scale: 1 };
    expect(zoomAt(view, 2, { x: 100, y: 50 })).toEqual({ scale: 2, x: 50, y: 25 });
  });
});

function overlap(one: PlacedNode, other: PlacedNode): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function execution(name: string, next: string | null, more: Partial<StateExecution> = {}): StateExecution {
  return {
    index: 0,
    name,
    type: "Task",
    status: "succeeded",
    enteredAt: "2026-11-24T09:30:00.000Z",
    exitedAt: "2026-11-24T09:30:00.001Z",
    offsetMs: 0,
    durationMs: 1,
    input: null,
    output: null,
    assigned: {},
    task: null,
    error: null,
    iteration: null,
    next,
    ...more,
  };
}
