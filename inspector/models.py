"""The answers that only the inspector's API has; the others are the operator commands' (`ops.models`)."""

from typing import Literal

from pydantic import BaseModel, Field

from ops.models import (
    Answer,
    DashboardReport,
    FoundTraces,
    Json,
    LogLineSummary,
    MessageReport,
    PublishedEvent,
    RunDetail,
    RunSummary,
    ServiceMap,
    Trace,
)


class InspectedStage(Answer):
    """The stage that the inspector reads. `deployed`: on AWS, not on this machine.

    `may_redrive`: the caller is an operator, who may process dead letters again.
    """

    name: str
    region: str
    deployed: bool
    may_redrive: bool


class KnownNames(Answer):
    """Names by id: display names of users, and names of channels. Those of a large stage are not all there."""

    users: dict[str, str]
    channels: dict[str, str]


class Workflow(Answer):
    """The workflow as deployed. The definition is in the Amazon States Language."""

    name: str
    state_machine_arn: str
    definition: dict[str, Json]


class RunPage(Answer):
    """Recent runs. `truncated`: there are more. `omission`: what the stage's log level leaves out."""

    items: list[RunSummary]
    truncated: bool
    omission: str | None


class EventPage(Answer):
    """Archived events, oldest first. `truncated`: older ones are left out. `omission`: what the archive lacks."""

    items: list[PublishedEvent]
    truncated: bool
    omission: str | None


class ArchivedChannel(Answer):
    """A channel that has events in the archive."""

    channel_id: str
    name: str
    kind: str | None
    events: int = Field(description="How many events of the channel the archive holds")
    first_at: str
    last_at: str


class ArchivedChannelList(Answer):
    """The channels of the archive, the one with the most events first."""

    items: list[ArchivedChannel]


class ChannelEvents(Answer):
    """The events of a channel and of its members' connections, in order.

    `people`: display names by user id. `omission`: what the archive lacks.
    """

    channel_id: str
    from_: str = Field(alias="from")
    to: str
    items: list[PublishedEvent]
    people: dict[str, str]
    truncated: bool
    omission: str | None


class LetterCommands(Answer):
    """The command lines about one dead letter, for this stage. None where there is nothing to look for."""

    show: str = Field(description="All its fields, a message's sealed text included")
    discard: str
    follow: str | None = Field(description="The delivery of its message")
    logs: str | None = Field(description="The log lines with its correlation id")


class ListedDeadLetter(Answer):
    """A dead letter as the page lists it: without its event's data, which may contain a message's sealed text."""

    message_id: str
    event_id: str
    detail_type: str
    occurred_at: str | None
    sent_at: str | None = Field(description="When SQS got it")
    channel_id: str | None
    about_message_id: str | None
    user_id: str | None
    correlation_id: str | None
    reason: str
    missed: int | None = Field(description="How many connections were not reached; null: all")
    resumes: bool = Field(description="A redrive continues at the page of recipients where the run ended")
    retries: int | None = Field(description="EventBridge's; null where another service gave up")
    commands: LetterCommands


class RedriveReport(Answer):
    """What became of the dead letters of one queue. `notes`: of other operators, and of what was not recorded."""

    redriven: int
    failed: list["FailedRedrive"]
    notes: list[str]


class FailedRedrive(Answer):
    """A dead letter that was not processed, or that failed again."""

    message_id: str
    event_id: str
    detail_type: str
    note: str


class QueueCommands(Answer):
    """The command lines about the dead letters of one queue, for this stage."""

    look: str
    redrive: str


class DeadLetterQueue(Answer):
    """A queue of dead letters. `visible` and `held` are estimates of SQS."""

    name: Literal["delivery", "status", "replay"]
    visible: int
    held: int = Field(description="Another command has received them")
    held_note: str | None
    oldest_at: str | None = Field(description="Of the listed ones")
    items: list[ListedDeadLetter]
    truncated: bool
    commands: QueueCommands


class DeadLetterQueues(Answer):
    """All queues of dead letters."""

    read_at: str
    items: list[DeadLetterQueue]


class TableKey(Answer):
    """A table, and the names of the attributes of its key."""

    table: str
    key: list[str]


class TableList(Answer):
    """The tables whose rows can be looked up."""

    items: list[TableKey]


class StoredRow(Answer):
    """A row by its key. `row` is null if there is none. `fault`: why its readers cannot use it."""

    table: str
    key: dict[str, Json]
    row: dict[str, Json] | None
    fault: str | None
    repair: str | None = Field(description="The command that repairs or restores it")


class LogPage(Answer):
    """Log lines of all functions and the workflow, oldest first. `truncated`: earlier ones are left out."""

    items: list[LogLineSummary]
    truncated: bool
    omission: str | None


class OpenConnection(Answer):
    """A stored connection, with its user. It may be stale: closed, and no post has found that out."""

    user_id: str
    name: str | None
    last_seen_at: str | None
    connection_id: str
    opened_at: str
    ends_at: str
    expired: bool
    fault: str | None


class ConnectionPage(Answer):
    """Connections, the newest first. `truncated`: there are more."""

    items: list[OpenConnection]
    truncated: bool
    read_at: str


class Problem(Answer):
    """In the live feed: why nothing arrives; null once it works again."""

    source: Literal["events", "runs"]
    message: str | None


class Gap(Answer):
    """In the live feed: how many items were dropped because the page did not read them in time."""

    missed: int


ANSWERS: tuple[type[BaseModel], ...] = (
    InspectedStage, KnownNames, Workflow, RunPage, RunDetail, EventPage, MessageReport, Trace, ArchivedChannelList,
    ChannelEvents, DeadLetterQueues, DashboardReport, ServiceMap, FoundTraces, RedriveReport, TableList,
    StoredRow, LogPage, ConnectionPage, Problem, Gap,
)  # fmt: skip
