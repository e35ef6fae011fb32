"""The inspector's queries, answered by the same readers as the operator commands."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inspector.channel_tally import ChannelTally
from inspector.models import ArchivedChannelList, ChannelEvents, EventPage, RunPage, Workflow
from ops import times
from ops.errors import NotFoundError, OpsError
from ops.events import archive, ordering
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.texts import Texts
from ops.models import PublishedEvent, RunDetail, RunSummary
from ops.runs import posts
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage

MEMBERSHIPS = ("ChannelCreated", "MemberJoined", "MemberLeft")
PRESENCE = ("UserConnected", "UserDisconnected")
MAX_EVENTS = 20_000
RUN_LOOK_BACK = "1d"
MAX_WAIT_SECONDS = 45.0
"""How long a request waits until an operator's command has read the archive. Longer than a killed one's lease."""
MAX_READ_SECONDS = 900.0
"""How long a request reads the whole archive: as long as the browser waits (`ARCHIVE_TIMEOUT_MS` of the UI)."""


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """A filter of runs. None in a field matches every run."""

    status: str | None = None
    detail_type: str | None = None
    channel_id: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    mode: str | None = None

    def matches(self, run: Execution) -> bool:
        """Whether a run passes the filter."""
        event = run.event
        pairs = (
            (self.detail_type, event.detail_type),
            (self.channel_id, event.channel_id),
            (self.message_id, event.message_id),
            (self.user_id, event.actor),
            (self.mode, run.mode),
        )
        if any(expected is not None and expected != actual for expected, actual in pairs):
            return False
        if self.status == "succeeded":
            return run.status == "SUCCEEDED"
        if self.status == "failed":
            return run.status not in ("SUCCEEDED", "RUNNING")
        return self.status != "troubled" or run.troubled


def workflow(stage: Stage) -> Workflow:
    """The workflow's definition, as deployed."""
    arn = stage.output("Delivery", "DeliverStateMachineArn")
    machine = stage.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return Workflow(name=machine["name"], state_machine_arn=arn, definition=json.loads(machine["definition"]))


def runs(stage: Stage, run_filter: RunFilter, *, since_ms: int, limit: int, failed_first: bool = False) -> RunPage:
    """Recent runs, newest first, or troubled ones first."""
    log, until_ms = RunLog(stage), times.now() + 1_000
    if run_filter.message_id:
        newest_first = reversed(log.about(run_filter.message_id, since_ms=since_ms, until_ms=until_ms))
        matching = [run for run in newest_first if run_filter.matches(run)]
    elif run_filter.status in ("failed", "troubled"):
        matching = log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit + 1, matches=run_filter.matches)
    else:
        matching = log.newest(since_ms=since_ms, until_ms=until_ms, limit=limit + 1, matches=run_filter.matches)
    if failed_first:
        first = [run for run in matching if run.troubled]
        if run_filter.status is None and not run_filter.message_id:
            known = {run.execution_arn for run in first}
            older = log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit, matches=run_filter.matches)
            first += [run for run in older if run.execution_arn not in known]
        matching = first + [run for run in matching if not run.troubled]
    items = [RunSummary.model_validate(run) for run in matching[:limit]]
    return RunPage(items=items, truncated=len(matching) > limit, omission=log.omission)


def run(stage: Stage, run_id: str) -> RunDetail:
    """One run with its states and posts. Raises NotFoundError."""
    log = RunLog(stage)
    execution = log.run(run_id, since_ms=times.parse(RUN_LOOK_BACK))
    if execution is None:
        missing = f"The workflow's log holds no run {run_id} of the last day."
        raise NotFoundError(" ".join(filter(None, (missing, log.omission))))
    return posts.run_detail(stage, execution)


def events(stage: Stage, event_filter: EventFilter, *, since_ms: int, until_ms: int, limit: int) -> EventPage:
    """Archived events, oldest first; the newest if there are more than the limit."""
    archived = archive.read(
        stage, event_filter, since_ms=since_ms, until_ms=until_ms, max_wait_seconds=MAX_WAIT_SECONDS
    )
    ordered = ordering.in_order(archived, {})
    return EventPage(
        items=_published(stage, ordered[-limit:]),
        truncated=len(ordered) > limit,
        omission=_archive_omission(stage),
    )


def channels(stage: Stage) -> ArchivedChannelList:
    """The channels that have events in the archive."""
    tally = ChannelTally()
    _read_all(stage, keep=tally.add)
    return tally.channels()


def channel(stage: Stage, channel_id: str) -> ChannelEvents:
    """The history of a channel, and the connections of all its members past and present. Raises NotFoundError."""
    people: dict[str, str] = {}

    def keep(event: BusEvent) -> bool:
        _add_display_name(people, event)
        return event.channel_id == channel_id or event.detail_type in PRESENCE

    found = _read_all(stage, keep=keep)
    own = [event for event in found if event.channel_id == channel_id]
    if not own:
        raise NotFoundError(f"The archive holds no event of the channel {channel_id}.")
    members = set(_members(own))
    presence = [event for event in found if event.detail_type in PRESENCE and event.user_id in members]
    ordered = ordering.in_order([*own, *presence], {})
    return ChannelEvents(
        channel_id=channel_id,
        from_=ordered[0].occurred_at,
        to=ordered[-1].occurred_at,
        items=_published(stage, ordered[-MAX_EVENTS:]),
        people=people,
        truncated=len(ordered) > MAX_EVENTS,
        omission=_archive_omission(stage),
    )


def _archive_omission(stage: Stage) -> str | None:
    """What the archive lacks now, as a sentence; None for a local stage, whose archive has every event at once."""
    if stage.is_local:
        return None
    until = times.iso(archive.complete_until_ms(stage))[11:16]
    return f"AWS archives events with a delay of about ten minutes: events after {until} UTC may be missing here."


def _published(stage: Stage, found: Iterable[BusEvent]) -> list[PublishedEvent]:
    texts = Texts(stage)
    return [PublishedEvent.model_validate(texts.opened(event)) for event in found]


def _read_all(stage: Stage, *, keep: archive.Keep) -> list[BusEvent]:
    """Read the whole archive, for as long as a browser waits: other commands wait meanwhile."""
    end = time.monotonic() + MAX_READ_SECONDS

    def keep_in_time(event: BusEvent) -> bool:
        if time.monotonic() > end:
            command = stage.command("replay", "--since", "2h", "--export", "FILE")
            raise OpsError(
                f"Reading all events of the archive takes more than {MAX_READ_SECONDS // 60:.0f} minutes. Read "
                f"those of some hours: {command}"
            )
        return keep(event)

    return archive.read(
        stage,
        EventFilter(),
        since_ms=archive.start_ms(stage) - 60_000,
        until_ms=times.now() + 1_000,
        max_wait_seconds=MAX_WAIT_SECONDS,
        keep=keep_in_time,
    )


def _members(channel_events: Iterable[BusEvent]) -> Iterator[str]:
    """The ids of everyone who was a member of the channel or sent a message to it."""
    for event in channel_events:
        if event.detail_type == "MessageSent" and event.actor:
            yield event.actor
        if event.detail_type in MEMBERSHIPS:
            if event.user_id:
                yield event.user_id
            first_members = event.data.get("firstMemberIds")
            yield from map(str, first_members if isinstance(first_members, list) else ())


def _add_display_name(names: dict[str, str], event: BusEvent) -> None:
    """Add the display name that an event holds, if any, by user id."""
    sender = event.data.get("sender")
    if isinstance(sender, dict) and sender.get("userId"):
        names[str(sender["userId"])] = str(sender.get("displayName", ""))
    elif event.user_id and event.data.get("displayName"):
        names.setdefault(event.user_id, str(event.data["displayName"]))
