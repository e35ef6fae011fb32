"""Read events from the archive: replay them into the queue `replay`, drain it, filter, and drop duplicates.

EventBridge replays whole minutes, unordered, at least once, ten replays at a time, and only events that were
archived about ten minutes ago or earlier. Only the rule `replayed-events` matches a replayed event, so a replay
reaches no user. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html

`replay_queue` drains the queue and decides when everything has arrived.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from botocore.exceptions import ClientError

from ops import times
from ops.events import replay_queue
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.replay_queue import PREFIX, ReplayError
from ops.stage.stage import Stage

MINUTE_MS = 60_000
LAG_MS = 10 * MINUTE_MS
"""The delay after which AWS says that an event is in the archive."""
# Two concurrent readers of one queue hide each other's events; within one process they take turns.
_read_lock = threading.Lock()

OnProgress = Callable[[int], None]


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
    on_unconfirmed: Callable[[str], None] = lambda _: None,
) -> list[BusEvent]:
    """The archived events since `since_ms` and before `until_ms` that match the filter: unordered, no duplicates.

    `on_progress` gets the number of events drained so far, and `on_unconfirmed` a sentence if no count of
    EventBridge confirms that these are all events. Raises BadRequestError and ReplayError.
    """
    times.require_order(since_ms, until_ms)
    with _read_lock:
        name = _start(stage, since_ms, until_ms)
        try:
            drained = replay_queue.drain(stage, name, on_progress)
        except BaseException:
            _cancel(stage, name)
            raise
    if drained.doubt:
        on_unconfirmed(drained.doubt)
    unique = {event.event_id: event for event in drained.events}
    return [
        event
        for event in unique.values()
        if since_ms <= event.occurred_ms < until_ms and event_filter.matches(event)
    ]


def _start(stage: Stage, since_ms: int, until_ms: int) -> str:
    events = stage.client("events")
    archive = events.describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    name = f"{PREFIX}-{stage.name}-{int(time.time())}-{uuid4().hex[:8]}"
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
            EventStartTime=datetime.fromtimestamp(start / 1000, UTC),
            EventEndTime=datetime.fromtimestamp(end // 1000 + 1, UTC),
            Destination={"Arn": bus_arn, "FilterArns": [replay_queue.rule(stage).arn]},
        )
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "LimitExceededException":
            raise ReplayError("Ten replays are running, the most that AWS allows: wait until one ends.") from None
        raise ReplayError(f"EventBridge did not start the replay {name}: {details['Message']}") from None
    return name


def _archive_arn(bus_arn: str, name: str) -> str:
    parts = bus_arn.split(":")
    return ":".join([*parts[:5], f"archive/{name}"])


def _cancel(stage: Stage, name: str) -> None:
    """Cancel a replay that will not be drained. The next replay deletes what it left in the queue."""
    try:
        stage.client("events").cancel_replay(ReplayName=name)
    except ClientError:
        return
