/**
 * A model of the workflow `deliver`: its decisions, without AWS. `deliverModel.test.ts` tests it with the table of cases
 * of the workflow itself (tests/workflow_decisions.json), so that the simulation and the workflow decide alike.
 */

/** The time after which a run repeats nothing. */
const DEADLINE_MS = 120_000;
const MAX_CONFLICTS = 3;
const MAX_POST_TRIES = 8;
const CONDITION_FAILED = "DynamoDB.ConditionalCheckFailedException";
const CANCELLED = "DynamoDb.TransactionCanceledException";
const NOT_REPEATED = new Set([CONDITION_FAILED, "States.QueryEvaluationError", "States.DataLimitExceeded"]);
const BATCH_NOT_REPEATED = new Set([
  "MalformedEventError",
  "Sandbox.Timedout",
  "States.Timeout",
  "States.QueryEvaluationError",
  "States.DataLimitExceeded",
]);

interface Sent {
  readonly detailType: "MessageSent";
  readonly messageId: string;
  readonly clientMessageId: string;
  readonly userId: string;
  readonly text: string;
  readonly sentAt: string;
}

interface Changed {
  readonly messageId: string;
  readonly seq: number;
  readonly userId: string;
  readonly changedAt: string;
}

export type ChannelEvent =
  | Sent
  | (Changed & { readonly detailType: "MessageEdited"; readonly text: string })
  | (Changed & { readonly detailType: "MessageDeleted" });

export interface Row {
  readonly seq: number;
  readonly messageId: string;
  readonly clientMessageId: string;
  readonly senderId: string;
  readonly sentAt: string;
  text: string;
  editedAt: string | null;
  deletedAt: string | null;
  deletedBy: string | null;
}

/** What is stored of one channel. */
export interface Tables {
  lastSeq: number;
  /** messageId → seq */
  readonly ids: Map<string, number>;
  /** seq → row */
  readonly messages: Map<number, Row>;
}

/** The failure of a task, with the name that the workflow sees. */
export class TaskFailure extends Error {
  readonly error: string;

  constructor(error: string, cause = "") {
    super(cause);
    this.error = error;
  }
}

/** What surrounds a run: time, faults, sockets and the dead letters. */
export interface Surroundings {
  readonly now: () => number;
  readonly random: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Performs a task, or rejects with a TaskFailure in its place or after it. */
  readonly task: <T>(name: string, perform: () => T) => Promise<T>;
  readonly recipients: () => readonly string[];
  /** Posts the frame of the event to these connections. */
  readonly post: (event: ChannelEvent, seq: number, connectionIds: readonly string[]) => void;
  readonly keep: (letter: DeadLetter) => void;
}

export interface DeadLetter {
  readonly event: ChannelEvent;
  readonly error: string;
  /** The connections that a frame was not posted to. Empty: the event was not processed. */
  readonly undelivered: readonly string[];
}

export interface Result {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly outcome?: "delivered" | "superseded";
  readonly error?: string;
}

/** One run. It stops without a result if a task never ends, as a run does that is aborted. */
export async function deliver(event: ChannelEvent, tables: Tables, around: Surroundings): Promise<Result> {
  const run = { seq: null as number | null, conflicts: 0, deadline: around.now() + DEADLINE_MS };
  for (let restarts = 0; ; restarts += 1) {
    try {
      const seq = await persist(event, tables, around, run);
      if (seq === null) return { status: "SUCCEEDED", outcome: "superseded" };
      await post(event, seq, around, run.deadline);
      return { status: "SUCCEEDED", outcome: "delivered" };
    } catch (failure) {
      if (!(failure instanceof TaskFailure)) throw failure;
      const { error } = failure;
      if (NOT_REPEATED.has(error) || error === "Parley.PersistContention" || around.now() >= run.deadline) {
        await around.task("SendToDeadLetterQueue", () => around.keep({ event, error, undelivered: [] }));
        return { status: "FAILED", error };
      }
      await around.pause(fullJitter(around, restarts));
    }
  }
}

/** Returns the seq of the event's message, or null if a later change is stored already. */
async function persist(
  event: ChannelEvent,
  tables: Tables,
  around: Surroundings,
  run: { seq: number | null; conflicts: number; readonly deadline: number },
): Promise<number | null> {
  if (event.detailType !== "MessageSent") {
    const isEdit = event.detailType === "MessageEdited";
    const task = isEdit ? "EditMessage" : "DeleteMessage";
    return around
      .task(task, () => applyChange(event, tables))
      .then((isStored) => (isStored ? event.seq : null));
  }
  for (;;) {
    const original = await around.task("FindOriginal", () => tables.ids.get(event.messageId));
    if (original !== undefined) {
      run.seq = original;
      const isStored = await around.task("LookUpStored", () => tables.messages.has(original));
      if (!isStored) {
        await around.task("RestoreOriginal", () => {
          if (!tables.messages.has(original)) tables.messages.set(original, rowOf(event, original));
        });
      }
      return original;
    }
    if (run.seq === null) {
      if (run.conflicts >= MAX_CONFLICTS) throw new TaskFailure("Parley.PersistContention");
      run.seq = await around.task("AssignSequence", () => {
        tables.lastSeq += 1;
        return tables.lastSeq;
      });
    }
    const seq = run.seq;
    try {
      await around.task("PersistOnce", () => store(event, seq, tables));
      return seq;
    } catch (failure) {
      const isTaken =
        failure instanceof TaskFailure &&
        failure.error === CANCELLED &&
        failure.message.includes("ConditionalCheckFailed") &&
        around.now() < run.deadline;
      if (!isTaken) throw failure;
      run.seq = null;
      run.conflicts += 1;
    }
  }
}

/** The message and its id, both or neither. */
function store(event: Sent, seq: number, tables: Tables): void {
  if (tables.ids.has(event.messageId) || tables.messages.has(seq))
    throw new TaskFailure(CANCELLED, "[ConditionalCheckFailed]");
  tables.ids.set(event.messageId, seq);
  tables.messages.set(seq, rowOf(event, seq));
}

/** The latest edit and the first deletion win. Returns whether the event is the change that is stored. */
function applyChange(event: Exclude<ChannelEvent, Sent>, tables: Tables): boolean {
  const row = tables.messages.get(event.seq);
  if (!row) return false;
  if (event.detailType === "MessageEdited") {
    const isLate = row.editedAt !== null && row.editedAt > event.changedAt;
    if (row.senderId !== event.userId || row.deletedAt !== null || isLate) return false;
    Object.assign(row, { text: event.text, editedAt: event.changedAt });
    return true;
  }
  if (row.deletedAt !== null && row.deletedAt !== event.changedAt) return false;
  Object.assign(row, { text: "", deletedAt: event.changedAt, deletedBy: event.userId });
  return true;
}

async function post(event: ChannelEvent, seq: number, around: Surroundings, deadline: number): Promise<void> {
  const connectionIds = await around.task("FindRecipients", around.recipients);
  if (connectionIds.length === 0) return;
  for (let tries = 1; ; tries += 1) {
    try {
      await around.task("PostBatch", () => around.post(event, seq, connectionIds));
      return;
    } catch (failure) {
      if (!(failure instanceof TaskFailure)) throw failure;
      const { error } = failure;
      const isLast = tries >= MAX_POST_TRIES && error !== "Lambda.TooManyRequestsException";
      if (BATCH_NOT_REPEATED.has(error) || isLast || around.now() >= deadline) {
        const letter = { event, error, undelivered: connectionIds };
        await around.task("KeepUndelivered", () => around.keep(letter));
        return;
      }
      await around.pause(fullJitter(around, tries - 1));
    }
  }
}

function fullJitter(around: Surroundings, attempt: number): number {
  return Math.floor(around.random() * Math.min(8, 2 ** attempt)) * 1_000;
}

function rowOf(event: Sent, seq: number): Row {
  const { messageId, clientMessageId, userId, text, sentAt } = event;
  const unchanged = { editedAt: null, deletedAt: null, deletedBy: null };
  return { seq, messageId, clientMessageId, senderId: userId, text, sentAt, ...unchanged };
}
