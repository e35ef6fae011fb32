"""Read events from the archive: replay them into the queue `replay`, drain it, filter, and drop duplicates.

EventBridge replays whole minutes, unordered, at least once, ten replays at a time, and only events that were
archived about ten minutes ago or earlier. Only the rule `replayed-events` matches a replayed event, so a replay
reaches no user. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html

One command at a time reads the archive of a stage: all replays share the queue, and two readers would take each
other's events. `replay_queue` drains the queue and decides when everything has arrived.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from ops import times
from ops.events import replay_queue
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.replay_queue import PREFIX, ReplayError
from ops.stage import leases
from ops.stage.stage import Stage
from ops.wording import counted

MINUTE_MS = 60_000
LAG_MS = 10 * MINUTE_MS
"""The delay after which, by AWS's documents, an event is in the archive."""
LEASE = "archive"
MAX_WAIT_SECONDS = 900.0
"""How long a command waits until another one has read the archive."""
RUNNING = ("STARTING", "RUNNING")

OnProgress = Callable[[int], None]
OnNote = Callable[[str], None]
Keep = Callable[[BusEvent], bool]


def complete_until_ms(stage: Stage) -> int:
    """The time up to which the archive is complete: now on the local stage, ten minutes ago on AWS."""
    return times.now() - (0 if stage.is_local else LAG_MS)


def read(
    stage: Stage,
    event_filter: EventFilter,
    *,
    since_ms: int,
    until_ms: int,
    on_progress: OnProgress = lambda _: None,
    on_note: OnNote = lambda _: None,
    max_wait_seconds: float = MAX_WAIT_SECONDS,
    keep: Keep = lambda _: True,
) -> list[BusEvent]:
    """The archived events since `since_ms` and before `until_ms` that match the filter: unordered, no duplicates.

    `keep` is a further condition, called on several threads for each event that matches, duplicates too. Waits
    while another command reads the archive. `on_progress` gets the number of events drained so far, and `on_note`
    a sentence for each thing that the operator should know: another command at work, what a killed one left, a
    number of events that no count of EventBridge confirms. Raises BadRequestError, ReplayError and LeaseError.
    """
    times.require_order(since_ms, until_ms)

    def matches(event: BusEvent) -> bool:
        return since_ms <= event.occurred_ms < until_ms and event_filter.matches(event) and keep(event)

    with leases.hold(stage, LEASE, max_wait_seconds=max_wait_seconds, on_wait=on_note) as lease:
        _cancel_left(stage, on_note)
        _wait_for_a_minute_without_replays(stage)
        name = _name(stage)
        try:
            _start(stage, name, since_ms, until_ms)
            drained = replay_queue.drain(stage, name, on_progress, matches)
            lease.require()
        except BaseException:
            _cancel(stage, name)
            raise
    if drained.leftovers:
        on_note(
            f"Deleted {counted(drained.leftovers, 'event')} of an earlier replay, which was stopped, from the "
            "queue."
        )
    if drained.strangers:
        on_note(
            f"Moved {counted(drained.strangers, 'record')} that cannot be an event from the queue of replayed "
            "events to its dead letters: " + stage.command("dead-letters", "list")
        )
    if drained.doubt:
        on_note(drained.doubt)
    return list({event.event_id: event for event in drained.events}.values())


def start_ms(stage: Stage) -> int:
    """The time since which the archive is complete."""
    found = stage.client("events").describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    created = int(found["CreationTime"].timestamp() * 1000)
    retention = int(found.get("RetentionDays") or 0)
    return max(created, times.now() - retention * 86_400_000) if retention else created


def _name(stage: Stage) -> str:
    return f"{PREFIX}-{stage.name}-{int(time.time())}-{uuid4().hex[:8]}"


def _start(stage: Stage, name: str, since_ms: int, until_ms: int) -> None:
    events = stage.client("events")
    archive = events.describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    # EventBridge replays the events before the end time. It selects by an
    # event's `time`, which may be later than the time at which it occurred.
    start = since_ms // MINUTE_MS * MINUTE_MS
    end = min((until_ms // MINUTE_MS + 2) * MINUTE_MS, max(times.now(), since_ms + 1_000))
    bus_arn = archive["EventSourceArn"]
    archive_arn = (
        archive["ArchiveArn"] if "ArchiveArn" in archive else _archive_arn(bus_arn, archive["ArchiveName"])
    )
    try:
        events.start_replay(
            ReplayName=name,
            Description="parley",
            EventSourceArn=archive_arn,
            EventStartTime=times.as_datetime(start),
            EventEndTime=datetime.fromtimestamp(end // 1000 + 1, UTC),
            Destination={"Arn": bus_arn, "FilterArns": [replay_queue.rule(stage).arn]},
        )
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "LimitExceededException":
            raise ReplayError("Ten replays are running, the most that AWS allows: wait until one ends.") from None
        raise ReplayError(f"EventBridge did not start the replay {name}: {details['Message']}") from None


def _archive_arn(bus_arn: str, name: str) -> str:
    parts = bus_arn.split(":")
    return ":".join([*parts[:5], f"archive/{name}"])


def _cancel(stage: Stage, name: str) -> None:
    """Cancel a replay that will not be drained. The next replay deletes what it left in the queue."""
    with suppress(ClientError, BotoCoreError):
        stage.client("events").cancel_replay(ReplayName=name)


def _cancel_left(stage: Stage, on_note: OnNote) -> None:
    """Cancel the replays of commands that were killed: only the one that holds the lease needs a replay."""
    for replay in replay_queue.replays(stage):
        if replay["State"] in RUNNING:
            _cancel(stage, replay["ReplayName"])
            on_note(f"The replay {replay['ReplayName']}, whose command was killed, is cancelled.")


def _wait_for_a_minute_without_replays(stage: Stage) -> None:
    """On AWS: wait for the next minute if another replay ran in this one. EventBridge counts events by minute."""
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    if not stage.is_local and any(
        replay.get("ReplayEndTime", now) >= minute for replay in replay_queue.replays(stage)
    ):
        time.sleep((minute + timedelta(minutes=1) - now).total_seconds())
