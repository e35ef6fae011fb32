"""The answers of the operator commands (`--json`) and of the inspector's API, as typed models.

Most are built from the attributes of the object that they describe: `RunSummary.model_validate(execution)`. The
JSON Schema in docs/contract and the inspector's TypeScript types are generated from this module.
"""

from typing import Annotated, Any, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, Field, WithJsonSchema

from functions.contract.model import Shape

Json = Annotated[Any, WithJsonSchema({})]
"""Any JSON value: what a state got or returned, as the log has it."""
_OBJECT_OR_NULL = {"anyOf": [{"type": "object", "additionalProperties": {}}, {"type": "null"}]}
JsonObject = Annotated[Any, WithJsonSchema(_OBJECT_OR_NULL)]
"""A JSON object. A malformed event may hold any other value in its place: readers check."""
NonEmpty = Annotated[str | None, BeforeValidator(lambda value: value or None)]
"""Text, with null for an empty one."""


class Answer(Shape, from_attributes=True):
    """The base of all answers. Fields without a value are null."""


class Failure(Answer):
    """An error's name and its cause."""

    error: str
    cause: str


class PublishedEvent(Answer):
    """One event of the bus. All but the detail is null where a malformed event lacks it."""

    event_id: str
    detail_type: str
    occurred_at: str
    actor: str | None
    correlation_id: str | None
    channel_id: str | None
    message_id: str | None
    trace_id: str | None
    size: int = Field(description="Bytes of its detail")
    detail: JsonObject


# --- runs --------------------------------------------------------------------------


class Task(Answer):
    """The service call of a state: resource `lambda:invoke`, parameters, result, and how often it was tried."""

    resource: str
    parameters: Json = None
    result: Json = None
    attempts: int = 1


class MapIteration(Answer):
    """The place of a state within a Map state."""

    map: str
    index: int


class StateExecution(Answer, frozen=False):
    """One execution of one state."""

    index: int
    name: str
    type: str
    status: Literal["succeeded", "caught", "failed", "running"] = "running"
    entered_ms: int = Field(exclude=True)
    exited_ms: int | None = Field(default=None, exclude=True)
    entered_at: str
    exited_at: str | None = None
    duration_ms: float | None = None
    offset_ms: float = Field(description="From the run's start, in milliseconds")
    input: Json = None
    output: Json = None
    assigned: dict[str, Json] = Field(default_factory=dict)
    task: Task | None = None
    error: Failure | None = None
    iteration: MapIteration | None = None
    next: str | None = None


class Post(Answer):
    """One frame to one connection, and what became of it."""

    connection_id: str
    user_id: str | None = None
    display_name: str | None = None
    outcome: Literal["delivered", "gone", "slow", "undelivered", "unknown"] = Field(
        description="slow: the client's buffer was full, and its connection was closed. "
        "unknown: the posting function's log does not say, or no longer"
    )
    retries: int
    batch: int
    reason: str | None


class RunSummary(Answer):
    """A run of the workflow `deliver` as lists show it."""

    run_id: str
    execution_arn: str
    name: str
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING"]
    outcome: str | None = Field(description="delivered, superseded, id-taken or dry-run; null unless it succeeded")
    mode: Literal["live", "dry-run"]
    replayed: bool = Field(description="Started by an operator, not by the rule")
    troubled: bool = Field(description="It failed, or connections were not reached")
    trouble: str | None
    started_at: str
    ended_at: str | None
    duration_ms: float | None
    detail_type: NonEmpty = Field(validation_alias=AliasPath("event", "detail_type"))
    event_id: NonEmpty = Field(validation_alias=AliasPath("event", "event_id"))
    channel_id: str | None = Field(validation_alias=AliasPath("event", "channel_id"))
    message_id: str | None = Field(validation_alias=AliasPath("event", "message_id"))
    user_id: str | None = Field(validation_alias=AliasPath("event", "actor"))
    seq: int | None
    recipients: int
    delivered: int
    gone: int
    undelivered: int
    path: list[str]


class RunDetail(RunSummary):
    """A run with its states and posts."""

    input: Json
    output: Json
    error: Failure | None
    states: list[StateExecution]
    posts: list[Post]
    trace_id: str | None = Field(validation_alias=AliasPath("event", "trace_id"))


# --- one message -------------------------------------------------------------------


class StoredMessage(Answer):
    """A message's row, without its text."""

    channel_id: str
    seq: int
    sender_id: str
    sender_name: str
    sent_at: str
    edited_at: str | None = None
    deleted_at: str | None = None
    deleted_by: str | None = None


class EventSummary(Answer):
    """An event without its detail."""

    event_id: str
    detail_type: str
    occurred_at: str
    actor: str | None
    correlation_id: str | None
    trace_id: str | None


class ArchiveStatus(Answer):
    """The archive, and whether it holds the event; null where only a replay can show that."""

    name: str
    state: str
    retention_days: int
    holds_it: bool | None
    note: str


class RuleStatus(Answer):
    """The rule that starts the workflow; name null and state MISSING without one."""

    name: str | None
    state: str
    target: str
    note: str


class QueueStatus(Answer):
    """A dead-letter queue, and whether it holds the message's event."""

    name: str
    waiting: int
    holds_it: bool
    note: str


class MessagePost(Post):
    """A post, and the run that made it."""

    run_id: str


class Hop(Answer):
    """One part of the time between a message's first and last moment."""

    name: str
    label: str
    start_ms: float = Field(exclude=True)
    end_ms: float = Field(exclude=True)
    started_at: str
    offset_ms: float
    duration_ms: float
    clock: Literal["trace", "log"] = Field(description="Where its start was read")


class Total(Answer):
    """The time of all hops together."""

    ms: float
    from_: str = Field(alias="from")
    to: str


class Segment(Answer, frozen=False):
    """A segment or subsegment of a trace."""

    id: str
    name: str
    origin: str | None = None
    kind: Literal["segment", "subsegment"]
    start: float = Field(exclude=True)
    end: float | None = Field(default=None, exclude=True)
    parent_id: str | None = Field(default=None, exclude=True)
    offset_ms: float = Field(default=0.0, description="From the trace's start")
    duration_ms: float | None = Field(default=None, description="Null while it runs")
    annotations: dict[str, str | float | bool] = Field(default_factory=dict)
    failed: bool = False
    caught: bool = Field(default=False, description="It failed, and its parent went on")
    error: str | None = None
    children: list["Segment"] = Field(default_factory=list)


class Trace(Answer):
    """One trace as a tree. Connected: there is one root, and no segment's parent is missing."""

    trace_id: str
    started_at: str
    duration_ms: float
    connected: bool
    segments: list[Segment]


class MessageReport(Answer):
    """One message through the system."""

    message_id: str
    stage: str
    message: StoredMessage | None
    unreadable: str | None = Field(None, description="What is wrong with the stored row, if it cannot be read")
    event: EventSummary | None
    archive: ArchiveStatus
    rule: RuleStatus
    runs: list[RunDetail]
    posts: list[MessagePost]
    queues: list[QueueStatus]
    hops: list[Hop]
    total: Total | None
    traces: list[Trace]
    links: dict[str, str] | None = Field(description="AWS consoles by name; null for a local stage")
    problems: list[str]
    unfinished: str | None = Field(
        None, description="Which run has no end in the log yet, so that more may happen; null if all have ended"
    )


# --- dead letters, replay, check, users ---------------------------------------------


class DeadLetterSummary(Answer):
    """A dead letter with its reason. `undelivered` are the connections that it did not reach; empty: all."""

    queue: str
    reason: str
    undelivered: list[str]
    event: PublishedEvent


class DeadLetterDetail(DeadLetterSummary):
    """A dead letter with its id, and its message as the queue has it."""

    message_id: str
    attributes: dict[str, str]
    body: str


class RestoredLetter(Answer):
    """A dead letter that was put back into its queue, with the id that it had before."""

    queue: str
    message_id: str


class RedriveResult(Answer):
    """What became of one dead letter."""

    queue: str = Field(validation_alias=AliasPath("letter", "queue"))
    reason: str = Field(validation_alias=AliasPath("letter", "reason"))
    undelivered: list[str] = Field(validation_alias=AliasPath("letter", "undelivered"))
    event: PublishedEvent = Field(validation_alias=AliasPath("letter", "event"))
    redriven: bool
    note: str


class ReplayFinding(Answer):
    """How the stage compares with one event. Message texts are left out."""

    event_id: str = Field(validation_alias=AliasPath("event", "event_id"))
    detail_type: str = Field(validation_alias=AliasPath("event", "detail_type"))
    occurred_at: str = Field(validation_alias=AliasPath("event", "occurred_at"))
    channel_id: str | None = Field(validation_alias=AliasPath("event", "channel_id"))
    message_id: str | None = Field(validation_alias=AliasPath("event", "message_id"))
    user_id: str | None
    seq: int | None
    verdict: Literal["same", "superseded", "missing", "different", "failed"]
    note: str


class LeftOut(Answer):
    """Events that a replay does not run."""

    status_updates: int


class RunFailure(Answer):
    """An event whose live run failed."""

    event_id: str
    reason: str | None


class ReplayReport(Answer):
    """A dry run: how many events have each verdict, and those that differ."""

    mode: Literal["dry-run", "live"]
    events: int
    left_out: LeftOut
    found: dict[str, int]
    differences: list[ReplayFinding]


class LiveReplayReport(ReplayReport):
    """A live replay: the same, and how the stage compares afterwards."""

    runs: int
    repaired: int
    after: dict[str, int]
    unrepaired: list[ReplayFinding]
    failures: list[RunFailure]


class ExportResult(Answer):
    """Events that were written to a file."""

    exported: int
    file: str
    redacted: list[str]


DifferenceKind = Literal["missing", "different", "extra", "unreadable"]


class Difference(Answer):
    """A row that is not what the archived events or other rows lead to, or that cannot be read."""

    kind: DifferenceKind
    table: str
    key: str
    note: str
    repair: tuple[str, ...] = Field(
        default=(), description="The words of the `parley` command that repairs this row alone; empty without one"
    )


class RowRepair(Answer):
    """One row before and after its repair. Null: there is no row."""

    table: str
    key: JsonObject
    before: JsonObject
    after: JsonObject
    repaired: bool = Field(description="False if there was nothing to repair")


class CheckReport(Answer):
    """Archived events compared with the tables. `outside`: rows that are not of the compared time."""

    since: str
    until: str
    holds: bool
    events: int
    malformed: int
    malformed_event_ids: list[str]
    compared: dict[str, int]
    outside: int
    counts: dict[str, int]
    differences: list[Difference]


class UserSummary(Answer):
    """A user of the user pool."""

    username: str
    user_id: str
    display_name: str | None
    email: str | None
    status: str
    enabled: bool


class ChannelSharded(Answer):
    """A hot channel and the number of its shards. `changed` is false if it had them before."""

    channel_id: str
    shards: int
    changed: bool


class UserAdded(Answer):
    """A user who was added."""

    username: str
    added: Literal[True] = True


class ConnectionSummary(Answer):
    """An open connection of a user."""

    user_id: str
    connection_id: str
    session_id: str
    opened_at: str
    ends_at: str = Field(description="At the latest: two hours after it opened, or with its session")


class SessionsEnded(Answer):
    """All sessions of a user have ended; `closed` are their connections."""

    user_id: str
    closed: list[str]


class UserEnabled(Answer):
    """A user who may sign in again."""

    username: str
    enabled: bool


class QueueVitals(Answer):
    """A queue: what waits, what is being processed, and how old the oldest is."""

    name: str
    waiting: int
    in_flight: int
    oldest_seconds: int | None = Field(description="Null if CloudWatch has none: the queue was empty")


class FunctionVitals(Answer):
    """A function: its calls, and those that failed or were throttled."""

    name: str
    calls: int
    errors: int
    throttles: int
    p95_ms: float | None
    slowest_ms: float | None


class AlarmState(Answer):
    """An alarm that is raised, or was raised within a day."""

    name: str
    state: str
    since: str
    reason: str


class Vitals(Answer):
    """How a stage does: queues, rates, latency, errors and alarms of the last minutes."""

    stage: str
    since: str
    until: str
    minutes: int
    queues: list[QueueVitals]
    messages_sent: int
    messages_delivered: int = Field(description="Frames that were posted")
    latency_p50_ms: float | None = Field(description="From the acknowledgement to the post")
    latency_p95_ms: float | None
    runs: int
    runs_failed: int
    functions: list[FunctionVitals]
    alarms: list[AlarmState]


class OperationSummary(Answer):
    """A command that changed the stage."""

    operation_id: str
    operator: str = Field(description="The ARN of an AWS identity; on a local stage user@host")
    command: str
    options: dict[str, str]
    started_at: str
    ended_at: str | None
    outcome: Literal["done", "failed", "not ended"] = Field(description="not ended: it runs, or was killed")
    exit_code: int | None


class LogLineSummary(Answer):
    """One line of a function's log, or of the workflow's."""

    at: str
    function: str
    level: str | None = Field(description="Null for Lambda's own lines and those of the workflow")
    message: str
    correlation_id: str | None
    error: str | None = Field(description="The name of the exception that it reports")
    details: JsonObject = Field(description="All fields of the line, as it was written")


class RemainingCopy(Answer):
    """What remains of an erased user. `until` is null if no time is known."""

    where: str
    what: str
    until: str | None


class UserErased(Answer):
    """A user who was erased. `pending` rows were not deleted in time or are damaged: run the command again."""

    user_id: str
    erased_at: str
    deleted: int
    reactions: int
    connections: int
    pending: int
    account_deleted: bool
    memberships: int
    remains: list[RemainingCopy]


class UserExported(Answer):
    """The file with a user's data. `archived` events are null without --archive."""

    user_id: str
    file: str
    messages: int
    reactions: int
    archived: int | None


class CostOfMessages(Answer):
    """The price of 1,000 messages to a number of connected recipients, in dollars, in each design."""

    recipients: int
    dev: float = Field(description="With workflowLogLevel ALL")
    prod: float = Field(description="With workflowLogLevel ERROR")
    posting_to_all: float = Field(
        description="Posted to each of 1,000 open sockets; clients drop the others' frames"
    )
    appsync: float = Field(description="AppSync Events alone: nothing is stored, ordered or archived")
    appsync_stored: float = Field(description="AppSync Events in place of the posts")


class CostShare(Answer):
    """A part of a price, in dollars and in percent of the whole. `name` is that of the price table."""

    name: str
    amount: float
    dollars: float
    percent: float


class CostKnob(Answer):
    """What a change of a setting or an assumption does to the price of 1,000 messages, or 1,000 idle hours."""

    name: str
    change: str
    dollars: float
    percent: float


class MeasuredLoad(Answer):
    """A load that was sent, and the price of 1,000 of its messages. `notes` name what was not measured."""

    messages: int
    recipients: int
    traced: int
    shares: list[CostShare] = Field(description="Of one message")
    dollars: float
    by_design: float
    notes: list[str]


class CostReport(Answer):
    """What a stage costs, in dollars, by list prices."""

    prices_checked: str
    region: str
    assumptions: dict[str, float]
    per_thousand_messages: list[CostOfMessages]
    message_shares: list[CostShare] = Field(
        description="Of one message to ten recipients, with workflowLogLevel ALL"
    )
    idle_thousand_hours: float
    idle_thousand_hours_appsync: float
    idle_shares: list[CostShare] = Field(description="Of one idle connected hour")
    knobs: list[CostKnob]
    at_rest: dict[str, int] = Field(
        description="The stage's resources that cost by the month, by type; of alarms, the metrics that they watch"
    )
    at_rest_month: float
    measured: MeasuredLoad | None = None


class HealthCheck(Answer):
    """One check of `doctor`. `fix` says what to do; empty when there is nothing to do."""

    name: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    fix: str


# --- the dashboard -----------------------------------------------------------------


class DashboardLine(Answer):
    """A line of a graph. `problem` says why it could not be computed."""

    label: str
    times: list[str]
    values: list[float]
    problem: str | None = None


class DashboardGraph(Answer):
    """A graph. `whenRed`: what a bad value looks like, and what to do then. `limits`: its lines, by label."""

    title: str
    when_red: str
    limits: dict[str, float]
    lines: list[DashboardLine]


class DashboardAlarm(Answer):
    """An alarm, with the reason of its state and since when it has it."""

    name: str
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    description: str
    reason: str
    changed_at: str


class AlarmTransition(Answer):
    """A change of an alarm's state."""

    name: str
    at: str
    before: str
    after: str
    reason: str


class DashboardReport(Answer):
    """The values of the deployed dashboard, the alarms, those that are raised first, and their latest changes."""

    stage: str
    since: str
    until: str
    period_seconds: int
    graphs: list[DashboardGraph]
    alarms: list[DashboardAlarm]
    transitions: list[AlarmTransition]


# --- the service map ---------------------------------------------------------------


class CallStatistics(Answer):
    """Calls in a time. Percentiles are null where no caller waited for an answer."""

    calls: int
    per_minute: float
    errors: int = Field(description="Refused (4xx), throttles included")
    throttles: int
    faults: int = Field(description="Failed (5xx)")
    p50_ms: float | None
    p95_ms: float | None


class Service(Answer):
    """A function, a workflow, a table or another service that traces went through."""

    id: int
    name: str
    type: str
    is_client: bool
    statistics: CallStatistics


class ServiceCall(Answer):
    """The calls from one service to another, by their ids."""

    from_: int = Field(alias="from")
    to: int
    statistics: CallStatistics


class ServiceMap(Answer):
    """The services of recorded traces. `everything`: all traces were recorded, not a sample."""

    since: str
    until: str
    everything: bool
    services: list[Service]
    calls: list[ServiceCall]


class FoundTrace(Answer):
    """A trace of a service."""

    trace_id: str
    started_at: str
    duration_ms: float
    failed: bool


class FoundTraces(Answer):
    """The newest traces of a service. `truncated`: there are more."""

    items: list[FoundTrace]
    truncated: bool


ANSWERS: tuple[type[BaseModel], ...] = (
    RunSummary, RunDetail, PublishedEvent, MessageReport, DeadLetterSummary, RedriveResult, ReplayReport,
    LiveReplayReport, ExportResult, CheckReport, UserSummary, UserAdded, UserEnabled,
    ConnectionSummary, SessionsEnded, LogLineSummary,
    DeadLetterDetail, RestoredLetter, OperationSummary, Vitals, UserErased, UserExported, CostReport,
    HealthCheck, DashboardReport,
)  # fmt: skip
"""What the commands print with `--json`: one of these, or a list of them."""
