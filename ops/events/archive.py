"""Events out of the archive: a replay into the queue `replay`, drained, filtered, and freed of repeats.

EventBridge replays whole minutes, in no order, perhaps twice, at most ten replays at once, and only what was
archived about ten minutes ago or earlier. Nothing but the rule `replayed-events` sees a replay, so no user does.
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
"""How long AWS says to wait before an event can be replayed."""
OTHERS_HIDDEN_SECONDS = 5
FORGOTTEN_SECONDS = 3_600
QUIET_POLLS = 3
PREFIX = "parley"
# Two readers of one queue hide each other's events: in one process they take turns.
_reading = threading.Lock()

OnProgress = Callable[[int], None]


class ReplayError(OpsError):
    """EventBridge did not finish the replay."""


def settled_ms(stage: Stage) -> int:
    """The moment up to which everything is in the archive: now, locally; on AWS ten minutes ago."""
    return times.now() - (0 if stage.is_local else LAG_MS)


def read(
    stage: Stage, wanted: EventFilter, *, since_ms: int, until_ms: int, on_progress: OnProgress = lambda _: None
) -> list[BusEvent]:
    """The archived events of a time that are wanted, each once, in no order.

    `told` hears how many events were drained so far. Raises BadRequestError and ReplayError.
    """
    if since_ms >= until_ms:
        raise BadRequestError("The time to replay is empty: --since is not before --until.")
    with _reading:
        name = _start(stage, since_ms, until_ms)
        try:
            events = _drain(stage, name, on_progress)
        except BaseException:
            _cancel(stage, name)
            raise
    unique = {event.event_id: event for event in events}
    return [
        event for event in unique.values() if since_ms <= event.occurred_ms < until_ms and wanted.matches(event)
    ]


def replay_rule_arn(stage: Stage) -> str:
    """The rule `replayed-events`: the only one that a replay is let to."""
    arn = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.output("Events", "ReplayQueueUrl"), AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    bus, events = stage.output("Events", "EventBusName"), stage.client("events")
    names = events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"]
    if not names:
        raise ReplayError("No rule leads replayed events to the queue 'replay'; deploy the stage again.")
    return str(events.describe_rule(Name=names[0], EventBusName=bus)["Arn"])


def _start(stage: Stage, since_ms: int, until_ms: int) -> str:
    events = stage.client("events")
    archive = events.describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    name = f"{PREFIX}-{stage.name}-{int(time.time())}-{uuid4().hex[:8]}"
    # An event's own time is when it happened; EventBridge goes by when it came in, a little later.
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
    except ClientError as refusal:
        error = refusal.response["Error"]
        if error["Code"] == "LimitExceededException":
            raise ReplayError(
                "Ten replays run already, as many as AWS allows at once: wait for one to end."
            ) from None
        raise ReplayError(f"EventBridge does not start the replay: {error['Message']}") from None
    return name


def _archive_arn(bus_arn: str, name: str) -> str:
    parts = bus_arn.split(":")
    return ":".join([*parts[:5], f"archive/{name}"])


def _drain(stage: Stage, name: str, on_progress: OnProgress) -> list[BusEvent]:
    sqs, queue = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
    found: list[BusEvent] = []
    quiet = 0
    while quiet < (1 if stage.is_local else QUIET_POLLS):
        # Asked before the queue is looked at: what was replayed by then is in it.
        has_ended = _has_ended(stage, name)
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0 if stage.is_local else 2
        )
        mine, done = [], []
        for message in answer.get("Messages", []):
            event = BusEvent(json.loads(message["Body"]))
            if event.replay_name == name:
                mine.append(event)
                done.append(message["ReceiptHandle"])
            elif _is_forgotten(event.replay_name):
                done.append(message["ReceiptHandle"])
            else:
                sqs.change_message_visibility(
                    QueueUrl=queue,
                    ReceiptHandle=message["ReceiptHandle"],
                    VisibilityTimeout=OTHERS_HIDDEN_SECONDS,
                )
        if done:
            sqs.delete_message_batch(
                QueueUrl=queue,
                Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(done)],
            )
        found += mine
        on_progress(len(found))
        # Others' events say nothing of what is behind them: only an empty queue does.
        quiet = quiet + 1 if has_ended and not answer.get("Messages") else 0
        if not mine and not has_ended:
            time.sleep(0.02 if stage.is_local else 1)
    return found


def _has_ended(stage: Stage, name: str) -> bool:
    replay: dict[str, Any] = stage.client("events").describe_replay(ReplayName=name)
    if replay["State"] in ("FAILED", "CANCELLED", "CANCELLING"):
        reason = replay.get("StateReason") or "no reason given"
        raise ReplayError(f"The replay {name} is {replay['State'].lower()}: {reason}")
    return bool(replay["State"] == "COMPLETED")


def _is_forgotten(replay_name: str | None) -> bool:
    """Whether the command that started a replay must have ended long since."""
    parts = (replay_name or "").rsplit("-", 2)
    started = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
    return time.time() - started > FORGOTTEN_SECONDS


def _cancel(stage: Stage, name: str) -> None:
    """Stop a replay that nobody will drain; what it left in the queue the next one clears."""
    try:
        stage.client("events").cancel_replay(ReplayName=name)
    except ClientError:
        return
