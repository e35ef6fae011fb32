/** The model of the workflow, tested with the workflow's own table of cases: tests/unit/workflows/test_decisions.py. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ChannelEvent,
  type DeadLetter,
  deliver,
  type Row,
  type Tables,
  TaskFailure,
} from "./deliverModel";

interface StoredRow {
  readonly messageId: string;
  readonly text: string;
  readonly editedAt?: string;
  readonly deletedAt?: string;
}

interface Stored {
  readonly lastSeq: number;
  readonly ids?: Record<string, number>;
  readonly messages?: Record<string, StoredRow>;
}

interface Case {
  readonly name: string;
  readonly before: Stored;
  readonly event: object;
  readonly faults?: readonly {
    readonly task: string;
    readonly error: string;
    readonly cause?: string;
    readonly times: number;
    readonly performed?: boolean;
  }[];
  readonly tasks?: readonly string[];
  readonly after: Stored;
  readonly ends: {
    readonly status: string;
    readonly outcome?: string;
    readonly error?: string;
    readonly posted: number;
  };
}

const file = new URL("../../../tests/workflow_decisions.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as readonly Case[];

describe("the model of the workflow decides as the workflow", () => {
  test.each(cases)("$name", async ({ before, event, faults = [], tasks, after, ends }) => {
    const tables = tablesOf(before);
    const left = faults.map((fault) => ({ ...fault }));
    const called: string[] = [];
    const letters: DeadLetter[] = [];
    let now = 0;
    let posted = 0;
    const task = async <T>(name: string, perform: () => T): Promise<T> => {
      called.push(name);
      const fault = left.find((each) => each.task === name && each.times > 0);
      if (!fault) return perform();
      fault.times -= 1;
      if (fault.performed) perform();
      throw new TaskFailure(fault.error, fault.cause);
    };
    const result = await deliver(
      { clientMessageId: "", userId: "u-1", sentAt: "", ...event } as ChannelEvent,
      tables,
      {
        task,
        now: () => now,
        random: () => 0.999,
        pause: async (ms) => {
          now += ms;
        },
        recipients: () => ["a"],
        post: () => {
          posted += 1;
        },
        keep: (letter) => letters.push(letter),
      },
    );
    expect({ ...result, posted }).toEqual(ends);
    if (tasks) expect(called).toEqual(tasks);
    expect(storedOf(tables)).toEqual({ ids: {}, messages: {}, ...after });
    expect(letters).toHaveLength(called.filter((name) => /DeadLetter|KeepUndelivered/.test(name)).length);
  });
});

function tablesOf({ lastSeq, ids = {}, messages = {} }: Stored): Tables {
  const rows = Object.entries(messages).map(([seq, row]): [number, Row] => [
    Number(seq),
    {
      seq: Number(seq),
      clientMessageId: "",
      senderId: "u-1",
      sentAt: "",
      editedAt: null,
      deletedAt: null,
      deletedBy: null,
      ...row,
    },
  ]);
  return { lastSeq, ids: new Map(Object.entries(ids)), messages: new Map(rows) };
}

function storedOf({ lastSeq, ids, messages }: Tables) {
  const rows = [...messages.values()].map(({ seq, messageId, text, editedAt, deletedAt }) => [
    seq,
    { messageId, text, ...(editedAt !== null && { editedAt }), ...(deletedAt !== null && { deletedAt }) },
  ]);
  return { lastSeq, ids: Object.fromEntries(ids), messages: Object.fromEntries(rows) };
}
