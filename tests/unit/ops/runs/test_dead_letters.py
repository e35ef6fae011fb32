"""Reading dead letters only hides them, and releasing them tolerates those that are visible or deleted."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from ops.commands import redrive as command
from ops.events.bus_event import BusEvent
from ops.runs import dead_letters, runner
from ops.runs.runner import RunResult
from ops.stage.stage import Stage


@pytest.fixture
def queue() -> Iterator[Stage]:
    """A stage with nothing but an empty dead-letter queue of deliveries."""
    with mock_aws():
        session = boto3.Session()
        url = session.client("sqs").create_queue(QueueName=f"dead-deliveries-{uuid4()}")["QueueUrl"]
        yield Stage(
            name="tests",
            site_url="",
            api_url="",
            websocket_url="",
            outputs={"Events": {"DeliveryDeadLetterQueueUrl": url}},
            session=session,
            # A local stage: `read` does not wait for more dead letters.
            endpoint_url="https://sqs.us-east-1.amazonaws.com",
        )


def put(stage: Stage, body: str) -> None:
    """Send a message to the dead-letter queue."""
    stage.client("sqs").send_message(
        QueueUrl=stage.output("Events", "DeliveryDeadLetterQueueUrl"), MessageBody=body
    )


def test_a_released_dead_letter_is_visible_at_once(queue: Stage):
    """Before that, it is hidden from other readers."""
    put(queue, "{}")
    found = dead_letters.read(queue, "delivery")
    assert [letter.body for letter in found] == ["{}"]
    assert dead_letters.read(queue, "delivery") == []
    dead_letters.release(queue, found)
    assert [letter.body for letter in dead_letters.read(queue, "delivery")] == ["{}"]


def test_releasing_a_deleted_or_visible_dead_letter_has_no_effect(queue: Stage):
    """The others are released all the same."""
    for body in ("deleted", "visible", "hidden"):
        put(queue, body)
    letters = {letter.body: letter for letter in dead_letters.read(queue, "delivery")}
    dead_letters.delete(queue, letters["deleted"])
    dead_letters.release(queue, [letters["visible"]])
    dead_letters.release(queue, [letters["deleted"], letters["visible"], letters["hidden"]])
    assert sorted(letter.body for letter in dead_letters.read(queue, "delivery")) == ["hidden", "visible"]


def test_a_dead_letter_that_becomes_visible_while_reading_is_not_read_twice(queue: Stage):
    """Its page was hidden for a shorter time than the reading takes."""
    for number in range(25):
        put(queue, str(number))
    found = [
        letter.body
        for page in dead_letters.pages(queue, "delivery", limit=100, hidden_seconds=0)
        for letter in page
    ]
    assert len(found) == len(set(found))


def test_an_event_that_fails_again_is_redriven_once(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """The run puts a new dead letter into the queue that is being read."""
    for number in range(25):
        put(queue, json.dumps({"id": f"event-{number}", "detail-type": "MessageSent", "detail": {}}))
    runs: list[str] = []

    def fail_again(stage: Stage, event: BusEvent, *_: Any, **__: Any) -> RunResult:
        runs.append(event.event_id)
        put(stage, json.dumps({"event": event.raw, "failure": {"Error": "Parley.MalformedEvent"}}))
        return RunResult(event, False, {}, "Parley.MalformedEvent", "FAILED")

    monkeypatch.setattr(runner, "run_event", fail_again)
    results = command._redrive(queue, "delivery", None, 1_000, quiet=True)
    assert len(results) == 25
    assert sorted(runs) == sorted({*runs})
    left = dead_letters.read(queue, "delivery")
    assert sorted(letter.event.event_id for letter in left) == sorted(runs)


@pytest.mark.parametrize(
    ("status", "failure"), [("TIMED_OUT", "States.Timeout"), ("FAILED", "SQS.SdkClientException")]
)
def test_a_dead_letter_is_kept_when_its_run_could_not_write_a_new_one(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, status: str, failure: str
):
    """Otherwise the event would be in no queue."""
    put(queue, json.dumps({"id": "event", "detail-type": "MessageSent", "detail": {}}))
    monkeypatch.setattr(
        runner, "run_event", lambda _, event, *__, **___: RunResult(event, False, {}, failure, status)
    )
    [result] = command._redrive(queue, "delivery", None, 1_000, quiet=True)
    assert not result.redriven
    assert [letter.event.event_id for letter in dead_letters.read(queue, "delivery")] == ["event"]


def test_a_redrive_continues_at_the_page_where_the_run_ended(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """Recipients on the pages before it have the frame."""
    page_start = {"channelId": {"S": "c-1"}, "connectionId": {"S": "k-3000"}}
    event = {"detail-type": "MessageSent", "detail": {"data": {"channelId": "c-1"}}}
    put(queue, json.dumps({"event": event, "failure": {"Error": "Parley.OutOfTime"}, "pageStart": page_start}))
    given: list[dict[str, Any]] = []

    def run_event(_stage: Stage, ran: BusEvent, _mode: str, **options: Any) -> RunResult:
        given.append(options)
        return RunResult(ran, True, {"outcome": "delivered"}, None)

    monkeypatch.setattr(runner, "run_event", run_event)
    [letter] = dead_letters.read(queue, "delivery")
    assert dead_letters.redrive(queue, letter).redriven
    assert given == [{"only_to": (), "page_start": page_start}]
