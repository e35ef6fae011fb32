/** What the inspector's API answers: the same structures as `parley … --json`. Only a local stage has it. */

export type RunStatus = "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "RUNNING";

export interface Fault {
  readonly error: string;
  readonly cause: string;
}

export interface Run {
  readonly runId: string;
  readonly executionArn: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly outcome: "delivered" | "superseded" | "dry-run" | null;
  readonly mode: "live" | "dry-run";
  readonly replayed?: boolean;
  readonly troubled: boolean;
  readonly trouble: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly detailType: string | null;
  readonly eventId: string | null;
  readonly channelId: string | null;
  readonly messageId: string | null;
  readonly userId: string | null;
  readonly seq: number | null;
  readonly recipients: number;
  readonly delivered: number;
  readonly gone: number;
  readonly undelivered: number;
  readonly path: readonly string[];
}

export interface StateVisit {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly status: "succeeded" | "caught" | "failed" | "running";
  readonly enteredAt: string;
  readonly exitedAt: string | null;
  readonly offsetMs: number;
  readonly durationMs: number | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly assigned: Readonly<Record<string, unknown>>;
  readonly task: {
    readonly resource: string;
    readonly parameters: unknown;
    readonly result: unknown;
    readonly attempts: number;
  } | null;
  readonly error: Fault | null;
  readonly iteration: { readonly map: string; readonly index: number } | null;
  readonly next: string | null;
}

export interface Post {
  readonly connectionId: string;
  readonly userId: string | null;
  readonly displayName: string | null;
  /** "unknown": not in the log of the posting function (any more). */
  readonly outcome: "delivered" | "gone" | "undelivered" | "unknown";
  readonly retries: number;
  readonly batch: number;
  readonly reason: string | null;
}

export interface RunDetail extends Run {
  readonly input: unknown;
  readonly output: unknown;
  readonly error: Fault | null;
  readonly states: readonly StateVisit[];
  readonly posts: readonly Post[];
  readonly traceId: string | null;
}

export interface BusEvent {
  readonly eventId: string;
  readonly detailType: string;
  readonly occurredAt: string;
  readonly actor: string | null;
  readonly correlationId: string | null;
  readonly channelId: string | null;
  readonly messageId: string | null;
  readonly traceId: string | null;
  readonly size: number;
  readonly detail: { readonly metadata?: unknown; readonly data?: unknown } | null;
}

export interface Segment {
  readonly id: string;
  readonly name: string;
  readonly origin: string | null;
  readonly kind: "segment" | "subsegment";
  readonly offsetMs: number;
  readonly durationMs: number | null;
  readonly annotations: Readonly<Record<string, string | number | boolean>>;
  readonly failed: boolean;
  /** It failed, and its parent continued. */
  readonly caught: boolean;
  readonly error: string | null;
  readonly children: readonly Segment[];
}

export interface Trace {
  readonly traceId: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly connected: boolean;
  readonly segments: readonly Segment[];
}

export interface Hop {
  readonly name: string;
  readonly label: string;
  readonly startedAt: string;
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly clock: "trace" | "log";
}

export interface Way {
  readonly messageId: string;
  readonly stage: string;
  readonly message: {
    readonly channelId: string;
    readonly seq: number;
    readonly senderId: string;
    readonly senderName: string;
    readonly sentAt: string;
    readonly editedAt: string | null;
    readonly deletedAt: string | null;
  } | null;
  readonly event: {
    readonly eventId: string;
    readonly detailType: string;
    readonly occurredAt: string;
    readonly actor: string | null;
    readonly correlationId: string | null;
    readonly traceId: string | null;
  } | null;
  readonly archive: {
    readonly name: string;
    readonly state: string;
    readonly retentionDays: number;
    readonly holdsIt: boolean | null;
    readonly note: string;
  };
  readonly rule: {
    readonly name: string | null;
    readonly state: string;
    readonly target: string;
    readonly note: string;
  };
  readonly runs: readonly RunDetail[];
  readonly posts: readonly (Post & { readonly runId: string })[];
  readonly queues: readonly {
    readonly name: string;
    readonly waiting: number;
    readonly holdsIt: boolean;
    readonly note: string;
  }[];
  readonly hops: readonly Hop[];
  readonly total: { readonly ms: number; readonly from: string; readonly to: string } | null;
  readonly traces: readonly Trace[];
  readonly links: Readonly<Record<string, string>> | null;
  readonly problems: readonly string[];
}

export interface ArchivedChannel {
  readonly channelId: string;
  readonly name: string;
  readonly kind: string | null;
  readonly events: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface ChannelEvents {
  readonly channelId: string;
  readonly from: string;
  readonly to: string;
  readonly items: readonly BusEvent[];
  readonly people: Readonly<Record<string, string>>;
  readonly truncated: boolean;
}

export interface Workflow {
  readonly name: string;
  readonly stateMachineArn: string;
  readonly definition: Definition;
}

/** The parts of the Amazon States Language that the graph shows. */
export interface Definition {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, AslState>>;
}

export interface AslState {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Choices?: readonly { readonly Condition?: string; readonly Next: string }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly ItemProcessor?: Definition;
  readonly Branches?: readonly Definition[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly truncated: boolean;
}
