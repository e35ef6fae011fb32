"""The answers that only the inspector's API has; the others are the operator commands' (`ops.models`)."""

from pydantic import BaseModel, Field

from ops.models import Answer, Json, MessageReport, PublishedEvent, RunDetail, RunSummary, Trace


class Workflow(Answer):
    """The workflow as deployed. The definition is in the Amazon States Language."""

    name: str
    state_machine_arn: str
    definition: dict[str, Json]


class RunPage(Answer):
    """Recent runs. `truncated`: there are more."""

    items: list[RunSummary]
    truncated: bool


class EventPage(Answer):
    """Archived events, oldest first. `truncated`: older ones are left out."""

    items: list[PublishedEvent]
    truncated: bool


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
    """The events of a channel and of its members' connections, in order. `people`: display names by user id."""

    channel_id: str
    from_: str = Field(alias="from")
    to: str
    items: list[PublishedEvent]
    people: dict[str, str]
    truncated: bool


class Gap(Answer):
    """In the live feed: how many items were dropped because the page did not read them in time."""

    missed: int


ANSWERS: tuple[type[BaseModel], ...] = (
    Workflow, RunPage, RunDetail, EventPage, MessageReport, Trace, ArchivedChannelList, ChannelEvents, Gap,
)  # fmt: skip
