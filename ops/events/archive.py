"""Read events from the archive: replay them into the queue `replay`, drain it, filter, and drop duplicates.

EventBridge replays whole minutes, unordered, at least once, ten replays at a time, and only events that were
archived about ten minutes ago or earlier. Only the rule `replayed-events` matches a replayed event, so a replay
reaches no user. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from ops import times
from ops.errors import BadRequestError, OpsError
from ops.events.bus_event import BusEvent, EventFilter
from ops.stage.stage import Stage

MINUTE_MS = 60_000
LAG_MS = 10 * MINUTE_MS
"""The delay after which AWS says that an event is in the archive."""
OTHER_REPLAYS_HIDDEN_SECONDS = 5
"""How long an event of another operator's replay stays hidden from them after it was received here."""
ABANDONED_SECONDS = 3_600
"""The age from which a replay's leftover events are deleted."""
EMPTY_POLLS = 3
"""On AWS, the queue counts as drained after this many empty answers in a row."""
PREFIX = "parley"
# Two concurrent readers of one queue hide each other's events; within one process they take turns.
_read_lock = threading.Lock()

OnProgress = Callable[[int], None]


class ReplayError(OpsError):
    """EventBridge did not finish the replay."""


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
) -> list[BusEvent]:
    """The archived events since `since_ms` and before `until_ms` that match the filter: unordered, no duplicates.

    `on_progress` gets the number of events drained so far. Raises BadRequestError and ReplayError.
    """
    if since_ms >= until_ms:
        raise BadRequestError(
            f"The time range to replay is empty: --since ({times.iso(since_ms)}) must be before --until "
            f"({times.iso(until_ms)})."
        )
    with _read_lock:
        name = _start(stage, since_ms, until_ms)
        try:
            events = _drain(stage, name, on_progress)
        except BaseException:
            _cancel(stage, name)
            raise
    unique = {event.event_id: event for event in events}
    return [
        event
        for event in unique.values()
        if since_ms <= event.occurred_ms < until_ms and event_filter.matches(event)
    ]


def replay_rule_arn(stage: Stage) -> str:
    """The ARN of the rule `replayed-events`, the only rule that a replay may match. Raises ReplayError."""
    arn = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.output("Events", "ReplayQueueUrl"), AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    bus, events = stage.output("Events", "EventBusName"), stage.client("events")
    names = events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"]
    if not names:
        raise ReplayError(f"No rule sends replayed events to the queue 'replay': deploy '{stage.name}' again.")
    return str(events.describe_rule(Name=names[0], EventBusName=bus)["Arn"])


def _start(stage: Stage, since_ms: int, until_ms: int) -> str:
    events = stage.client("events")
    archive = events.describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    name = f"{PREFIX}-{stage.name}-{int(time.time())}-{uuid4().hex[:8]}"
    # An event carries the time at which it occurred; EventBridge selects by its arrival, a little later.
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
            EventEndTime=datetime.fromtimestamp(-(-end // 1000), UTC),
            Destination={"Arn": bus_arn, "FilterArns": [replay_rule_arn(stage)]},
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


def _drain(stage: Stage, name: str, on_progress: OnProgress) -> list[BusEvent]:
    sqs, queue = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
    drained: list[BusEvent] = []
    empty_polls = 0
    while empty_polls < (1 if stage.is_local else EMPTY_POLLS):
        # Read the state before the queue: all that was replayed by then is in the queue.
        has_ended = _has_ended(stage, name)
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0 if stage.is_local else 2
        )
        own, handles = [], []
        for message in answer.get("Messages", []):
            event = BusEvent(json.loads(message["Body"]))
            if event.replay_name == name:
                own.append(event)
                handles.append(message["ReceiptHandle"])
            elif _is_abandoned(event.replay_name):
                handles.append(message["ReceiptHandle"])
            else:
                sqs.change_message_visibility(
                    QueueUrl=queue,
                    ReceiptHandle=message["ReceiptHandle"],
                    VisibilityTimeout=OTHER_REPLAYS_HIDDEN_SECONDS,
                )
        if handles:
            sqs.delete_message_batch(
                QueueUrl=queue,
                Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)],
            )
        drained += own
        on_progress(len(drained))
        # An answer with only other replays' events does not count as empty: own events may follow them.
        empty_polls = empty_polls + 1 if has_ended and not answer.get("Messages") else 0
        if not own and not has_ended:
            time.sleep(0.02 if stage.is_local else 1)
    return drained


def _has_ended(stage: Stage, name: str) -> bool:
    replay: dict[str, Any] = stage.client("events").describe_replay(ReplayName=name)
    if replay["State"] in ("FAILED", "CANCELLED", "CANCELLING"):
        reason = replay.get("StateReason") or "EventBridge gives no reason"
        raise ReplayError(f"The replay {name} is {replay['State'].lower()}: {reason}. Run the command again.")
    return bool(replay["State"] == "COMPLETED")


def _is_abandoned(replay_name: str | None) -> bool:
    """Whether a replay is so old that the command that started it must have ended."""
    parts = (replay_name or "").rsplit("-", 2)
    started = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
    return time.time() - started > ABANDONED_SECONDS


def _cancel(stage: Stage, name: str) -> None:
    """Cancel a replay that will not be drained. The next replay deletes what it left in the queue."""
    try:
        stage.client("events").cancel_replay(ReplayName=name)
    except ClientError:
        return
