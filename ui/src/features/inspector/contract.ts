// Generated from the typed models by `make docs`. Do not edit.

/** A change of an alarm's state. */
export interface AlarmTransition {
  name: string;
  at: string;
  before: string;
  after: string;
  reason: string;
}

/** The archive, and whether it holds the event; null where only a replay can show that. */
export interface ArchiveStatus {
  name: string;
  state: string;
  retentionDays: number;
  holdsIt: boolean | null;
  note: string;
}

/** A channel that has events in the archive. */
export interface ArchivedChannel {
  channelId: string;
  name: string;
  kind: string | null;
  /** How many events of the channel the archive holds */
  events: number;
  firstAt: string;
  lastAt: string;
}

/** The channels of the archive, the one with the most events first. */
export interface ArchivedChannelList {
  items: readonly ArchivedChannel[];
}

/** Calls in a time. Percentiles are null where no caller waited for an answer. */
export interface CallStatistics {
  calls: number;
  perMinute: number;
  /** Refused (4xx), throttles included */
  errors: number;
  throttles: number;
  /** Failed (5xx) */
  faults: number;
  p50Ms: number | null;
  p95Ms: number | null;
}

/** The events of a channel and of its members' connections, in order.

`people`: display names by user id. `omission`: what the archive lacks. */
export interface ChannelEvents {
  channelId: string;
  from: string;
  to: string;
  items: readonly PublishedEvent[];
  people: Readonly<Record<string, string>>;
  truncated: boolean;
  omission: string | null;
}

/** Connections, the newest first. `truncated`: there are more. */
export interface ConnectionPage {
  items: readonly OpenConnection[];
  truncated: boolean;
  readAt: string;
}

/** An alarm, with the reason of its state and since when it has it. */
export interface DashboardAlarm {
  name: string;
  state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  description: string;
  reason: string;
  changedAt: string;
}

/** A graph. `whenRed`: what a bad value looks like, and what to do then. `limits`: its lines, by label. */
export interface DashboardGraph {
  title: string;
  whenRed: string;
  limits: Readonly<Record<string, number>>;
  lines: readonly DashboardLine[];
}

/** A line of a graph. `problem` says why it could not be computed. */
export interface DashboardLine {
  label: string;
  times: readonly string[];
  values: readonly number[];
  problem: string | null;
}

/** The values of the deployed dashboard, the alarms, those that are raised first, and their latest changes. */
export interface DashboardReport {
  stage: string;
  since: string;
  until: string;
  periodSeconds: number;
  graphs: readonly DashboardGraph[];
  alarms: readonly DashboardAlarm[];
  transitions: readonly AlarmTransition[];
}

/** A queue of dead letters. `visible` and `held` are estimates of SQS. */
export interface DeadLetterQueue {
  name: "delivery" | "status" | "replay";
  visible: number;
  /** Another command has received them */
  held: number;
  heldNote: string | null;
  /** Of the listed ones */
  oldestAt: string | null;
  items: readonly ListedDeadLetter[];
  truncated: boolean;
  commands: QueueCommands;
}

/** All queues of dead letters. */
export interface DeadLetterQueues {
  readAt: string;
  items: readonly DeadLetterQueue[];
}

/** Archived events, oldest first. `truncated`: older ones are left out. `omission`: what the archive lacks. */
export interface EventPage {
  items: readonly PublishedEvent[];
  truncated: boolean;
  omission: string | null;
}

/** An event without its detail. */
export interface EventSummary {
  eventId: string;
  detailType: string;
  occurredAt: string;
  actor: string | null;
  correlationId: string | null;
  traceId: string | null;
}

/** A dead letter that was not processed, or that failed again. */
export interface FailedRedrive {
  messageId: string;
  eventId: string;
  detailType: string;
  note: string;
}

/** An error's name and its cause. */
export interface Failure {
  error: string;
  cause: string;
}

/** A trace of a service. */
export interface FoundTrace {
  traceId: string;
  startedAt: string;
  durationMs: number;
  failed: boolean;
}

/** The newest traces of a service. `truncated`: there are more. */
export interface FoundTraces {
  items: readonly FoundTrace[];
  truncated: boolean;
}

/** In the live feed: how many items were dropped because the page did not read them in time. */
export interface Gap {
  missed: number;
}

/** One part of the time between a message's first and last moment. */
export interface Hop {
  name: string;
  label: string;
  startedAt: string;
  offsetMs: number;
  durationMs: number;
  /** Where its start was read */
  clock: "trace" | "log";
}

/** The stage that the inspector reads. `deployed`: on AWS, not on this machine.

`may_redrive`: the caller is an operator, who may process dead letters again. */
export interface InspectedStage {
  name: string;
  region: string;
  deployed: boolean;
  mayRedrive: boolean;
}

/** Names by id: display names of users, and names of channels. Those of a large stage are not all there. */
export interface KnownNames {
  users: Readonly<Record<string, string>>;
  channels: Readonly<Record<string, string>>;
}

/** The command lines about one dead letter, for this stage. None where there is nothing to look for. */
export interface LetterCommands {
  /** All its fields, a message's sealed text included */
  show: string;
  discard: string;
  /** The delivery of its message */
  follow: string | null;
  /** The log lines with its correlation id */
  logs: string | null;
}

/** A dead letter as the page lists it: without its event's data, which may contain a message's sealed text. */
export interface ListedDeadLetter {
  messageId: string;
  eventId: string;
  detailType: string;
  occurredAt: string | null;
  /** When SQS got it */
  sentAt: string | null;
  channelId: string | null;
  aboutMessageId: string | null;
  userId: string | null;
  correlationId: string | null;
  reason: string;
  /** How many connections were not reached; null: all */
  missed: number | null;
  /** A redrive continues at the page of recipients where the run ended */
  resumes: boolean;
  /** EventBridge's; null where another service gave up */
  retries: number | null;
  commands: LetterCommands;
}

/** One line of a function's log, or of the workflow's. */
export interface LogLineSummary {
  at: string;
  function: string;
  /** Null for Lambda's own lines and those of the workflow */
  level: string | null;
  message: string;
  correlationId: string | null;
  /** The name of the exception that it reports */
  error: string | null;
  /** All fields of the line, as it was written */
  details: Readonly<Record<string, unknown>> | null;
}

/** Log lines of all functions and the workflow, oldest first. `truncated`: earlier ones are left out. */
export interface LogPage {
  items: readonly LogLineSummary[];
  truncated: boolean;
  omission: string | null;
}

/** The place of a state within a Map state. */
export interface MapIteration {
  map: string;
  index: number;
}

/** A post, and the run that made it. */
export interface MessagePost {
  connectionId: string;
  userId: string | null;
  displayName: string | null;
  /** slow: the client's buffer was full, and its connection was closed. unknown: the posting function's log does not say, or no longer */
  outcome: "delivered" | "gone" | "slow" | "undelivered" | "unknown";
  retries: number;
  batch: number;
  reason: string | null;
  runId: string;
}

/** One message through the system. */
export interface MessageReport {
  messageId: string;
  stage: string;
  message: StoredMessage | null;
  /** What is wrong with the stored row, if it cannot be read */
  unreadable: string | null;
  event: EventSummary | null;
  archive: ArchiveStatus;
  rule: RuleStatus;
  runs: readonly RunDetail[];
  posts: readonly MessagePost[];
  queues: readonly QueueStatus[];
  hops: readonly Hop[];
  total: Total | null;
  traces: readonly Trace[];
  /** AWS consoles by name; null for a local stage */
  links: Readonly<Record<string, string>> | null;
  problems: readonly string[];
  /** Which run has no end in the log yet, so that more may happen; null if all have ended */
  unfinished: string | null;
}

/** A stored connection, with its user. It may be stale: closed, and no post has found that out. */
export interface OpenConnection {
  userId: string;
  name: string | null;
  lastSeenAt: string | null;
  connectionId: string;
  openedAt: string;
  endsAt: string;
  expired: boolean;
  fault: string | null;
}

/** One frame to one connection, and what became of it. */
export interface Post {
  connectionId: string;
  userId: string | null;
  displayName: string | null;
  /** slow: the client's buffer was full, and its connection was closed. unknown: the posting function's log does not say, or no longer */
  outcome: "delivered" | "gone" | "slow" | "undelivered" | "unknown";
  retries: number;
  batch: number;
  reason: string | null;
}

/** In the live feed: why nothing arrives; null once it works again. */
export interface Problem {
  source: "events" | "runs";
  message: string | null;
}

/** One event of the bus. All but the detail is null where a malformed event lacks it. */
export interface PublishedEvent {
  eventId: string;
  detailType: string;
  occurredAt: string;
  actor: string | null;
  correlationId: string | null;
  channelId: string | null;
  messageId: string | null;
  traceId: string | null;
  /** Bytes of its detail */
  size: number;
  detail: Readonly<Record<string, unknown>> | null;
}

/** The command lines about the dead letters of one queue, for this stage. */
export interface QueueCommands {
  look: string;
  redrive: string;
}

/** A dead-letter queue, and whether it holds the message's event. */
export interface QueueStatus {
  name: string;
  waiting: number;
  holdsIt: boolean;
  note: string;
}

/** What became of the dead letters of one queue. `notes`: of other operators, and of what was not recorded. */
export interface RedriveReport {
  redriven: number;
  failed: readonly FailedRedrive[];
  notes: readonly string[];
}

/** The rule that starts the workflow; name null and state MISSING without one. */
export interface RuleStatus {
  name: string | null;
  state: string;
  target: string;
  note: string;
}

/** A run with its states and posts. */
export interface RunDetail {
  runId: string;
  executionArn: string;
  name: string;
  status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "RUNNING";
  /** delivered, superseded, id-taken or dry-run; null unless it succeeded */
  outcome: string | null;
  mode: "live" | "dry-run";
  /** Started by an operator, not by the rule */
  replayed: boolean;
  /** It failed, or connections were not reached */
  troubled: boolean;
  trouble: string | null;
  startedAt: string;
  endedAt: string | null;
  durationMs: number | null;
  detailType: string | null;
  eventId: string | null;
  channelId: string | null;
  messageId: string | null;
  userId: string | null;
  seq: number | null;
  recipients: number;
  delivered: number;
  gone: number;
  undelivered: number;
  path: readonly string[];
  input: unknown;
  output: unknown;
  error: Failure | null;
  states: readonly StateExecution[];
  posts: readonly Post[];
  traceId: string | null;
}

/** Recent runs. `truncated`: there are more. `omission`: what the stage's log level leaves out. */
export interface RunPage {
  items: readonly RunSummary[];
  truncated: boolean;
  omission: string | null;
}

/** A run of the workflow `deliver` as lists show it. */
export interface RunSummary {
  runId: string;
  executionArn: string;
  name: string;
  status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED" | "RUNNING";
  /** delivered, superseded, id-taken or dry-run; null unless it succeeded */
  outcome: string | null;
  mode: "live" | "dry-run";
  /** Started by an operator, not by the rule */
  replayed: boolean;
  /** It failed, or connections were not reached */
  troubled: boolean;
  trouble: string | null;
  startedAt: string;
  endedAt: string | null;
  durationMs: number | null;
  detailType: string | null;
  eventId: string | null;
  channelId: string | null;
  messageId: string | null;
  userId: string | null;
  seq: number | null;
  recipients: number;
  delivered: number;
  gone: number;
  undelivered: number;
  path: readonly string[];
}

/** A segment or subsegment of a trace. */
export interface Segment {
  id: string;
  name: string;
  origin: string | null;
  kind: "segment" | "subsegment";
  /** From the trace's start */
  offsetMs: number;
  /** Null while it runs */
  durationMs: number | null;
  annotations: Readonly<Record<string, string | number | boolean>>;
  failed: boolean;
  /** It failed, and its parent went on */
  caught: boolean;
  error: string | null;
  children: readonly Segment[];
}

/** A function, a workflow, a table or another service that traces went through. */
export interface Service {
  id: number;
  name: string;
  type: string;
  isClient: boolean;
  statistics: CallStatistics;
}

/** The calls from one service to another, by their ids. */
export interface ServiceCall {
  from: number;
  to: number;
  statistics: CallStatistics;
}

/** The services of recorded traces. `everything`: all traces were recorded, not a sample. */
export interface ServiceMap {
  since: string;
  until: string;
  everything: boolean;
  services: readonly Service[];
  calls: readonly ServiceCall[];
}

/** One execution of one state. */
export interface StateExecution {
  index: number;
  name: string;
  type: string;
  status: "succeeded" | "caught" | "failed" | "running";
  enteredAt: string;
  exitedAt: string | null;
  durationMs: number | null;
  /** From the run's start, in milliseconds */
  offsetMs: number;
  input: unknown;
  output: unknown;
  assigned: Readonly<Record<string, unknown>>;
  task: Task | null;
  error: Failure | null;
  iteration: MapIteration | null;
  next: string | null;
}

/** A message's row, without its text. */
export interface StoredMessage {
  channelId: string;
  seq: number;
  senderId: string;
  senderName: string;
  sentAt: string;
  editedAt: string | null;
  deletedAt: string | null;
  deletedBy: string | null;
}

/** A row by its key. `row` is null if there is none. `fault`: why its readers cannot use it. */
export interface StoredRow {
  table: string;
  key: Readonly<Record<string, unknown>>;
  row: Readonly<Record<string, unknown>> | null;
  fault: string | null;
  /** The command that repairs or restores it */
  repair: string | null;
}

/** A table, and the names of the attributes of its key. */
export interface TableKey {
  table: string;
  key: readonly string[];
}

/** The tables whose rows can be looked up. */
export interface TableList {
  items: readonly TableKey[];
}

/** The service call of a state: resource `lambda:invoke`, parameters, result, and how often it was tried. */
export interface Task {
  resource: string;
  parameters: unknown;
  result: unknown;
  attempts: number;
}

/** The time of all hops together. */
export interface Total {
  ms: number;
  from: string;
  to: string;
}

/** One trace as a tree. Connected: there is one root, and no segment's parent is missing. */
export interface Trace {
  traceId: string;
  startedAt: string;
  durationMs: number;
  connected: boolean;
  segments: readonly Segment[];
}

/** The workflow as deployed. The definition is in the Amazon States Language. */
export interface Workflow {
  name: string;
  stateMachineArn: string;
  definition: Readonly<Record<string, unknown>>;
}
