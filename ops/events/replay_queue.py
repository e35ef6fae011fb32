"""Drain the queue `replay` of one replay's events, and decide when all of them have arrived.

EventBridge has no count of a replay's events: DescribeReplay has a state, and DescribeArchive's EventCount lags by
up to a day (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html). What it has is the metric
MatchedEvents of the rule `replayed-events`. A replay is complete when its state is COMPLETED and as many events
were received as the rule matched since its start. The metric is published for each minute and some minutes late: a
long replay has received more than the count of its first minutes, which does not include the last ones. It may be
lost (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html), and counts all replays of a
minute together. If it cannot confirm the number, the queue must be empty SETTLE_SECONDS after the end of the
replay, and the result says so.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ops.errors import BadRequestError, OpsError
from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage
from ops.wording import counted

PREFIX = "parley"
READERS = 8
"""Concurrent readers of the queue; one reads about 300 events per second."""
MAX_EVENTS = 200_000
"""The most events of one replay that are kept: in memory, a few kilobytes each. Of others only an id is kept."""
SETTLE_SECONDS = 180.0
"""On AWS: how long after the end of a replay the counts may differ. The metric is some minutes late, and SQS needs
a minute until the number of its messages is right."""
LONGEST_WAIT_SECONDS = 900.0
"""On AWS: how long after the end of a replay its events may still arrive."""
POLL_SECONDS = 1.0


class ReplayError(OpsError):
    """EventBridge did not finish the replay, or not all of its events arrived."""


@dataclass(frozen=True)
class Rule:
    """The rule `replayed-events`."""

    name: str
    arn: str


@dataclass(frozen=True)
class Drained:
    """The kept events of a replay, the number of deleted events of earlier ones, and of records without an event.

    `doubt` is a sentence if the number of events was not confirmed, else None.
    """

    events: list[BusEvent]
    doubt: str | None
    leftovers: int = 0
    strangers: int = 0


def rule(stage: Stage) -> Rule:
    """The only rule that a replay may match. Raises ReplayError."""
    arn = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.output("Events", "ReplayQueueUrl"), AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    bus, events = stage.output("Events", "EventBusName"), stage.client("events")
    names = events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"]
    if not names:
        raise ReplayError(f"No rule sends replayed events to the queue 'replay': deploy '{stage.name}' again.")
    return Rule(names[0], str(events.describe_rule(Name=names[0], EventBusName=bus)["Arn"]))


def drain(
    stage: Stage, name: str, on_progress: Callable[[int], None], keep: Callable[[BusEvent], bool]
) -> Drained:
    """Receive all events of the replay with this name, and return those that `keep` accepts.

    `keep` is called on several threads, and `on_progress` gets the number of events received. Raises ReplayError,
    and BadRequestError for too many events that are kept.
    """
    queue = _Queue(stage, name, keep)
    with ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="drain") as pool:
        readers = [pool.submit(queue.read) for _ in range(READERS)]
        try:
            doubt = _wait(stage, name, queue, on_progress)
        finally:
            queue.stopped.set()
        for reader in readers:
            reader.result()
    on_progress(queue.count)
    return Drained(list(queue.events.values()), doubt, len(queue.leftovers), len(queue.strangers))


@dataclass
class _Queue:
    """The readers of the queue.

    `received` are the ids of the SQS messages of this replay's events, and `events` has those that `keep` accepts;
    `leftovers` are the ids of the events of other replays, `strangers` those of records that are no replayed
    events, which become dead letters.
    """

    stage: Stage
    name: str
    keep: Callable[[BusEvent], bool]
    received: set[str] = field(default_factory=set)
    events: dict[str, BusEvent] = field(default_factory=dict)
    leftovers: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None
    _round: int = 0
    _idle: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        """The number of events received so far."""
        return len(self.received)

    def start_round(self) -> None:
        """Expect an empty answer of every reader again, to a call that starts from now on."""
        with self._lock:
            self._round += 1
            self._idle.clear()

    @property
    def is_drained(self) -> bool:
        """Whether every reader got an empty answer since `start_round`, and no reader got an event since."""
        with self._lock:
            return len(self._idle) == READERS

    def read(self) -> None:
        """Receive and delete events until `stopped` is set."""
        try:
            while not self.stopped.is_set():
                if not self._read_page():
                    self.stopped.wait(0.02 if self.stage.is_local else 0)
        except BaseException as failure:
            self.failure = failure
            raise

    def _read_page(self) -> bool:
        """Receive up to ten events. Returns whether there was any."""
        sqs, url = self.stage.client("sqs"), self.stage.output("Events", "ReplayQueueUrl")
        started_in = self._round
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0 if self.stage.is_local else 2
        )
        handles = []
        for message in answer.get("Messages", []):
            event = _replayed(message["Body"])
            if event is None:
                # It was not sent by a rule: an operator decides about it.
                dead_letters = self.stage.output("Events", "ReplayDeadLetterQueueUrl")
                sqs.send_message(QueueUrl=dead_letters, MessageBody=message["Body"])
                self.strangers.add(message["MessageId"])
            elif event.replay_name == self.name:
                self.received.add(message["MessageId"])
                if self.keep(event):
                    self.events[message["MessageId"]] = event
            else:
                # Of a replay that was stopped: while this one holds the lease, no other command reads the queue.
                self.leftovers.add(message["MessageId"])
            handles.append(message["ReceiptHandle"])
        if handles:
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)],
            )
        with self._lock:
            if answer.get("Messages"):
                self._idle.clear()
            elif started_in == self._round:
                self._idle.add(threading.get_ident())
        return bool(answer.get("Messages"))


def _replayed(body: str) -> BusEvent | None:
    """The event of a record; None if the record is no replayed event."""
    try:
        raw = json.loads(body)
    except ValueError:
        return None
    event = BusEvent(raw) if isinstance(raw, dict) else None
    return event if event and event.replay_name else None


def _wait(stage: Stage, name: str, queue: _Queue, on_progress: Callable[[int], None]) -> str | None:
    """Wait until all events have arrived. Returns the doubt that remains, as a sentence, or None."""
    ended: float | None = None
    while True:
        if queue.failure is not None:
            raise queue.failure
        if len(queue.events) > MAX_EVENTS:
            raise BadRequestError(
                f"More than {MAX_EVENTS:,} events of the archive match, the most that one command reads: choose a "
                "shorter time range, a channel or a user, where the command has them."
            )
        on_progress(queue.count)
        if ended is None and _has_ended(stage, name):
            ended = time.monotonic()
            # Only answers from now on show that the queue is empty: all that was replayed was sent before.
            queue.start_round()
        elif ended is not None and queue.is_drained:
            waited = time.monotonic() - ended
            verdict = _verdict(stage, name, queue.count, waited)
            if verdict is not None:
                return verdict or None
        time.sleep(0.02 if stage.is_local else POLL_SECONDS)


def _verdict(stage: Stage, name: str, received: int, waited: float) -> str | None:
    """Whether a replay whose queue was drained is complete: "" if it is, a doubt, or None to wait longer.

    `waited` is in seconds since its end. Raises ReplayError if events are missing.
    """
    matched, doubt = _matched(stage, name)
    # More than matched: the count of the last minutes is not published yet, or an event was sent twice.
    if matched and received == matched:
        return ""
    if waited < (0 if stage.is_local else SETTLE_SECONDS):
        return None
    if received < matched:
        raise ReplayError(
            f"EventBridge matched {counted(matched, 'event')} of the replay {name}, and {received:,} arrived. Run "
            "the command again; if it happens again, look at: "
            + stage.command("redrive", "--queue", "replay", "--dry-run")
        )
    if _waiting(stage):
        if waited > LONGEST_WAIT_SECONDS:
            raise ReplayError(
                f"The queue of replayed events is not empty {waited / 60:.0f} minutes after the replay {name} "
                "ended. Another replay may be running: run the command again when it has ended."
            )
        return None
    if stage.is_local or matched:
        # The emulator sends every event to the queue before it sets the state COMPLETED, and the queue is empty.
        return ""
    return f"{received:,} events arrived, and their number is not confirmed: {doubt}"


def _matched(stage: Stage, name: str) -> tuple[int, str]:
    """The number of events that the rule matched since the replay's start (0: unknown), and why it is unknown."""
    replay: dict[str, Any] = stage.client("events").describe_replay(ReplayName=name)
    # Metrics are per minute.
    start = replay["ReplayStartTime"].replace(second=0, microsecond=0)
    try:
        if _has_other_replays(stage, name, start):
            return 0, "another replay ran in the same minutes, and EventBridge counts them together."
        points = stage.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events",
            MetricName="MatchedEvents",
            Dimensions=[
                {"Name": "EventBusName", "Value": stage.output("Events", "EventBusName")},
                {"Name": "RuleName", "Value": rule(stage).name},
            ],
            StartTime=start,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
    except ClientError as refusal:
        return 0, f"{refusal.operation_name} was refused ({refusal.response['Error']['Code']})."
    return round(sum(point["Sum"] for point in points)), "EventBridge has published no count of them."


def replays(stage: Stage) -> list[dict[str, Any]]:
    """The replays of this stage's archive that `parley` started.

    The names of another stage's replays may begin alike: those of `dev-2` with the name of `dev`.
    """
    found: list[dict[str, Any]] = []
    archive = stage.output("Events", "ArchiveName")
    request: dict[str, Any] = {"NamePrefix": f"{PREFIX}-{stage.name}-"}
    while True:
        page = stage.client("events").list_replays(**request)
        found += [each for each in page["Replays"] if each["EventSourceArn"].rpartition("/")[2] == archive]
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]


def _has_other_replays(stage: Stage, name: str, since: datetime) -> bool:
    """Whether another replay ran after `since`."""
    others = (replay for replay in replays(stage) if replay["ReplayName"] != name)
    return any((replay.get("ReplayEndTime") or since) >= since for replay in others)


def _waiting(stage: Stage) -> int:
    """How many events are in the queue, visible, delayed or received and not deleted, by SQS's estimate."""
    attributes = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.output("Events", "ReplayQueueUrl"),
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return sum(int(value) for value in attributes.values())


def _has_ended(stage: Stage, name: str) -> bool:
    replay: dict[str, Any] = stage.client("events").describe_replay(ReplayName=name)
    if replay["State"] in ("FAILED", "CANCELLED", "CANCELLING"):
        reason = replay.get("StateReason") or "EventBridge gives no reason"
        raise ReplayError(f"The replay {name} is {replay['State'].lower()}: {reason}. Run the command again.")
    return bool(replay["State"] == "COMPLETED")
