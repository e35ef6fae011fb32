"""A replay is complete when as many events arrived as EventBridge matched, not when its queue is quiet."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from ops.errors import BadRequestError
from ops.events import replay_queue
from ops.events.bus_event import BusEvent
from ops.events.replay_queue import ReplayError
from ops.stage.stage import Stage
from tests.unit.ops.stages import call_one_at_a_time, deployed_stage, session, stubbed

NAME = "parley-tests-1-a"
ARCHIVE = "arn:aws:events:us-east-1:111122223333:archive/archive"
STARTED = datetime(2026, 11, 28, 9, 30, 20, tzinfo=UTC)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A deployed stage with an empty queue `replay`, and a rule that is known."""
    monkeypatch.setattr(replay_queue, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(replay_queue, "rule", lambda _: replay_queue.Rule("replayed-events", "arn"))
    call_one_at_a_time(monkeypatch)
    with mock_aws():
        url = session().client("sqs").create_queue(QueueName=f"replay-{uuid4()}")["QueueUrl"]
        found = deployed_stage(Events={"EventBusName": "bus", "ArchiveName": "archive", "ReplayQueueUrl": url})
        receive = found.client("sqs").receive_message

        def receive_soon(**request: Any) -> Any:
            """Wait less than two seconds for messages: the queue of these tests is filled before it is read."""
            answer = receive(**{**request, "WaitTimeSeconds": 0})
            if not answer.get("Messages"):
                time.sleep(0.01)
            return answer

        monkeypatch.setattr(found.client("sqs"), "receive_message", receive_soon)
        yield found


def put(stage: Stage, count: int, *, replay_name: str = NAME, name: str = "event") -> None:
    """Send events of a replay to the queue."""
    sqs, url = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
    entries = []
    for number in range(count):
        event = {"id": f"{name} {number}", "replay-name": replay_name, "detail": {}}
        entries.append({"Id": str(number), "MessageBody": json.dumps(event)})
    for start in range(0, count, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=entries[start : start + 10])


class EventBridge:
    """The answers of EventBridge and CloudWatch about one replay."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.matched: list[int] = []
        self.others: list[dict[str, Any]] = []
        self.state = "COMPLETED"
        self.asked = 0
        monkeypatch.setattr(stage.client("events"), "describe_replay", self._describe)
        monkeypatch.setattr(stage.client("events"), "list_replays", lambda **_: {"Replays": self.others})
        monkeypatch.setattr(stage.client("cloudwatch"), "get_metric_statistics", self._count)

    def _describe(self, **_: Any) -> dict[str, Any]:
        return {"State": self.state, "ReplayStartTime": STARTED, "EventSourceArn": ARCHIVE}

    def _count(self, **_: Any) -> dict[str, Any]:
        counts = self.matched[: 1 + self.asked]
        self.asked += 1
        return {"Datapoints": [{"Sum": float(counts[-1])}] if counts and counts[-1] else []}


def everything(_event: BusEvent) -> bool:
    """Keep every event."""
    return True


def drained(stage: Stage) -> tuple[int, str | None]:
    """The number of events that were drained, and the doubt."""
    result = replay_queue.drain(stage, NAME, lambda _: None, everything)
    return len({event.event_id for event in result.events}), result.doubt


@pytest.mark.slow
def test_a_replay_whose_counts_agree_is_complete(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """All readers together receive every event, and delete what a replay that was stopped has left."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.matched = [95]
    put(stage, 95)
    put(stage, 3, replay_name=f"parley-tests-{int(datetime.now(UTC).timestamp())}-b")
    result = replay_queue.drain(stage, NAME, lambda _: None, everything)
    assert (len({event.event_id for event in result.events}), result.doubt, result.leftovers) == (95, None, 3)
    assert replay_queue._waiting(stage) == 0


@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", json.dumps({"id": "live", "detail": {}})])
def test_a_record_that_is_no_replayed_event_ends_no_replay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, body: str
):
    """It becomes a dead letter, about which an operator decides; the events are complete."""
    EventBridge(stage, monkeypatch).matched = [5]
    sqs, url = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
    dead_letters = sqs.create_queue(QueueName=f"dead-{uuid4()}")["QueueUrl"]
    stage.outputs["Events"]["ReplayDeadLetterQueueUrl"] = dead_letters
    sqs.send_message(QueueUrl=url, MessageBody=body)
    put(stage, 5)
    result = replay_queue.drain(stage, NAME, lambda _: None, everything)
    assert (len(result.events), result.strangers, result.leftovers) == (5, 1, 0)
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=dead_letters)["Messages"]] == [body]
    assert replay_queue._waiting(stage) == 0


def put_after_first_count(number: int, bridge: EventBridge, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put further events into the queue once EventBridge was asked for its count."""
    verdict = replay_queue._verdict

    def late(stage: Stage, name: str, received: int, waited: float) -> str | None:
        if bridge.asked == 1:
            put(stage, number, name="late")
        return verdict(stage, name, received, waited)

    monkeypatch.setattr(replay_queue, "_verdict", late)


def test_events_that_arrive_after_the_queue_was_quiet_are_read(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """EventBridge matched more than has arrived, so the drained queue is not the end."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.matched = [30, 30]
    put(stage, 20)
    put_after_first_count(10, bridge, stage, monkeypatch)
    assert drained(stage) == (30, None)


def test_a_count_of_the_first_minutes_is_not_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """CloudWatch publishes the count of each minute by itself, late: a long replay has received more than that."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.matched = [15, 15, 30]
    put(stage, 20)
    put_after_first_count(10, bridge, stage, monkeypatch)
    assert drained(stage) == (30, None)


def test_more_events_than_counted_are_complete_after_a_while(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """EventBridge sends an event twice at times. No further count will come."""
    monkeypatch.setattr(replay_queue, "SETTLE_SECONDS", 0.0)
    EventBridge(stage, monkeypatch).matched = [15]
    put(stage, 20)
    assert drained(stage) == (20, None)


def test_missing_events_are_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """After the time that EventBridge's count may take."""
    monkeypatch.setattr(replay_queue, "SETTLE_SECONDS", 0.0)
    EventBridge(stage, monkeypatch).matched = [30]
    put(stage, 20)
    with pytest.raises(ReplayError, match=r"matched 30 events .* 20 arrived"):
        drained(stage)


def test_without_a_count_the_result_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """CloudWatch delivers metrics on a best-effort basis."""
    monkeypatch.setattr(replay_queue, "SETTLE_SECONDS", 0.0)
    EventBridge(stage, monkeypatch).matched = []
    put(stage, 20)
    count, doubt = drained(stage)
    assert count == 20
    assert doubt is not None
    assert "not confirmed" in doubt


def test_the_counts_of_two_replays_are_not_compared(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """EventBridge counts all replays of a minute together."""
    monkeypatch.setattr(replay_queue, "SETTLE_SECONDS", 0.0)
    bridge = EventBridge(stage, monkeypatch)
    bridge.matched = [50]
    bridge.others = [other_replay(ARCHIVE)]
    put(stage, 20)
    count, doubt = drained(stage)
    assert count == 20
    assert doubt is not None
    assert "another replay" in doubt


def other_replay(archive_arn: str) -> dict[str, Any]:
    """A replay of an archive in the same minute."""
    return {
        "ReplayName": "parley-tests-2-1-b",
        "EventSourceArn": archive_arn,
        "ReplayEndTime": STARTED - timedelta(seconds=15),
    }


def test_a_replay_of_another_stage_does_not_count(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The stage `tests-2` has its own bus, and the names of its replays begin alike."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.matched = [20]
    bridge.others = [other_replay(f"{ARCHIVE}-of-tests-2")]
    put(stage, 20)
    assert drained(stage) == (20, None)


def test_a_failed_replay_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Its events may be missing."""
    EventBridge(stage, monkeypatch).state = "FAILED"
    with pytest.raises(ReplayError, match="failed"):
        drained(stage)


def test_too_many_events_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """They would not fit into memory."""
    monkeypatch.setattr(replay_queue, "MAX_EVENTS", 10)
    EventBridge(stage, monkeypatch).matched = [20]
    put(stage, 20)
    with pytest.raises(BadRequestError, match="More than 10 events"):
        drained(stage)


@pytest.mark.slow
def test_only_events_that_are_kept_count_towards_the_limit(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The replay is complete when all have arrived, those that are not kept too."""
    monkeypatch.setattr(replay_queue, "MAX_EVENTS", 10)
    EventBridge(stage, monkeypatch).matched = [48]
    put(stage, 40, name="other")
    put(stage, 8, name="searched")
    progress: list[int] = []
    result = replay_queue.drain(stage, NAME, progress.append, lambda event: event.event_id.startswith("searched"))
    assert sorted(event.event_id for event in result.events) == [f"searched {number}" for number in range(8)]
    assert (result.doubt, progress[-1]) == (None, 48)


class InTheFuture:
    """Any time that has not come yet."""

    def __eq__(self, other: object) -> bool:
        """Whether that is such a time."""
        return isinstance(other, datetime) and other > datetime.now(UTC)

    def __hash__(self) -> int:
        """All are equal."""
        return 0


def test_the_count_is_that_of_the_rule_since_the_replay_started():
    """The metric has both dimensions for a custom bus, and one data point per minute, also for this one."""
    stage = deployed_stage()
    with stubbed(stage, "events") as events, stubbed(stage, "sqs") as sqs, stubbed(stage, "cloudwatch") as metrics:
        events.add_response("describe_replay", {"ReplayStartTime": STARTED, "EventSourceArn": ARCHIVE})
        events.add_response("list_replays", {"Replays": [{"ReplayName": NAME, "EventSourceArn": ARCHIVE}]})
        sqs.add_response("get_queue_attributes", {"Attributes": {"QueueArn": "queue"}})
        events.add_response("list_rule_names_by_target", {"RuleNames": ["replayed"]})
        events.add_response("describe_rule", {"Arn": "arn:aws:events:rule"})
        metrics.add_response(
            "get_metric_statistics",
            {"Datapoints": [{"Sum": 3.0}, {"Sum": 4.0}]},
            {
                "Namespace": "AWS/Events",
                "MetricName": "MatchedEvents",
                "Dimensions": [
                    {"Name": "EventBusName", "Value": "bus"},
                    {"Name": "RuleName", "Value": "replayed"},
                ],
                "StartTime": STARTED.replace(second=0),
                "EndTime": InTheFuture(),
                "Period": 60,
                "Statistics": ["Sum"],
            },
        )
        assert replay_queue._matched(stage, NAME)[0] == 7
