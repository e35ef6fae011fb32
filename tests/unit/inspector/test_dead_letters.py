"""The inspector lists dead letters as `parley dead-letters list` does, with the commands for this stage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from inspector import dead_letters as page
from inspector.models import DeadLetterQueue
from ops.errors import BadRequestError, ExitCode
from ops.runs import dead_letters
from ops.runs.held_letters import HeldLetters
from ops.stage import command_lines, operations
from ops.stage.operations import Operation
from ops.stage.stage import Stage


@pytest.fixture(scope="module")
def session() -> Iterator[boto3.Session]:
    """A session with one simulated account for all tests."""
    with mock_aws():
        yield boto3.Session()


@pytest.fixture
def stage(session: boto3.Session) -> Stage:
    """A local stage in another directory than the default, with empty queues of dead letters."""
    sqs = session.client("sqs")
    urls = {
        output: sqs.create_queue(QueueName=f"{name}-{uuid4()}")["QueueUrl"]
        for name, output in dead_letters.QUEUES.items()
    }
    return Stage(
        name="tests",
        site_url="",
        api_url="",
        websocket_url="",
        outputs={"Events": urls},
        session=session,
        endpoint_url="https://sqs.us-east-1.amazonaws.com",
        options=command_lines.options_of_local_stage(Path("/somewhere else")),
    )


def put(stage: Stage, queue: str, body: dict[str, Any] | str, **attributes: str) -> str:
    """Put a dead letter into a queue; its id."""
    sent = stage.client("sqs").send_message(
        QueueUrl=dead_letters.url(stage, queue),
        MessageBody=body if isinstance(body, str) else json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
    return str(sent["MessageId"])


def message_sent(**data: Any) -> dict[str, Any]:
    """A published event about a message with a text."""
    metadata = {
        "eventId": "event-1",
        "occurredAt": "2026-11-24T09:30:00.000Z",
        "actor": "u-alice",
        "correlationId": "correlation-1",
    }
    own = {"channelId": "general", "messageId": "message-1", "text": "secret words", **data}
    return {"id": "1", "detail-type": "MessageSent", "detail": {"metadata": metadata, "data": own}}


def read(stage: Stage, queue: str) -> DeadLetterQueue:
    """One queue as the page lists it."""
    return next(found for found in page.read(stage).items if found.name == queue)


def test_a_stage_without_dead_letters_has_all_queues_empty(stage: Stage) -> None:
    """Each queue is listed with its commands."""
    found = page.read(stage).items
    assert [queue.name for queue in found] == ["delivery", "status", "replay"]
    assert [(queue.visible, queue.held, queue.oldest_at, queue.items) for queue in found] == [(0, 0, None, [])] * 3


def test_a_dead_letter_of_a_run_has_its_ids_reason_and_commands(stage: Stage) -> None:
    """The commands choose this stage. The text of the message is nowhere in the answer."""
    envelope = {
        "event": message_sent(),
        "undelivered": ["c1", "c2"],
        "failure": {"Error": "Parley.Undelivered", "Cause": "Posts failed after every retry"},
    }
    letter_id = put(stage, "delivery", envelope)

    queue = read(stage, "delivery")

    (letter,) = queue.items
    assert (letter.message_id, letter.about_message_id, letter.missed) == (letter_id, "message-1", 2)
    assert letter.reason == "Parley.Undelivered: Posts failed after every retry"
    assert queue.oldest_at == letter.sent_at
    parley = "parley --state-dir '/somewhere else'"
    assert queue.commands.look == f"{parley} redrive --queue delivery --dry-run"
    assert letter.commands.show == f"{parley} dead-letters show {letter_id}"
    assert letter.commands.follow == f"{parley} follow message-1"
    assert letter.commands.logs == f"{parley} logs correlation-1"
    assert "secret words" not in queue.model_dump_json()


def test_a_dead_letter_of_a_rule_has_the_retries_of_eventbridge(stage: Stage) -> None:
    """EventBridge writes what it tried into attributes."""
    put(
        stage,
        "delivery",
        message_sent(),
        ERROR_CODE="SDK_CLIENT_ERROR",
        ERROR_MESSAGE="no such state machine",
        RETRY_ATTEMPTS="185",
    )
    (letter,) = read(stage, "delivery").items
    assert (letter.retries, letter.missed) == (185, None)
    assert letter.reason == "SDK_CLIENT_ERROR: no such state machine"


def test_a_dead_letter_that_is_no_event_is_listed(stage: Stage) -> None:
    """It has no commands about a message, and stays in the queue after every look."""
    put(stage, "status", "not JSON")
    for _ in range(2):
        (letter,) = read(stage, "status").items
        assert (letter.detail_type, letter.occurred_at, letter.commands.follow) == ("", None, None)


def test_dead_letters_that_a_command_holds_are_counted(stage: Stage) -> None:
    """They cannot be listed, and a sentence says until when."""
    put(stage, "replay", message_sent())
    with HeldLetters(stage) as held:
        held.add(dead_letters.read(stage, "replay"))
        queue = read(stage, "replay")
    assert (queue.items, queue.held) == ([], 1)
    assert "held by another" in (queue.held_note or "")


def test_a_long_queue_is_cut_and_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number that waits is still shown."""
    monkeypatch.setattr(page, "MAX_LISTED", 3)
    for _ in range(5):
        put(stage, "delivery", message_sent())
    queue = read(stage, "delivery")
    assert (len(queue.items), queue.visible, queue.held, queue.truncated) == (3, 5, 0, True)


def test_a_redrive_from_the_page_is_that_of_the_command(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Recorded as `redrive`; the dead letters return to their queue, and another operator at work is reported."""
    recorded: list[tuple[str, Any, int]] = []

    @contextmanager
    def record(_stage: Stage, command: str, options: Any, *, warn: Any) -> Iterator[Operation]:
        operation = Operation("operation-1")
        warn("Bob has run 'parley redrive' since 09:30.")
        yield operation
        recorded.append((command, options, operation.exit_code))

    monkeypatch.setattr(operations, "recorded", record)
    back = stage.client("sqs").create_queue(QueueName=f"status-{uuid4()}")["QueueUrl"]
    stage.outputs["Events"]["StatusQueueUrl"] = back
    put(stage, "status", message_sent())
    report = page.redrive(stage, "status")
    assert (report.redriven, report.failed, len(report.notes)) == (1, [], 1)
    assert recorded == [("redrive", {"queue": "status"}, 0)]
    assert dead_letters.count(stage, "status").total == 0
    assert len(stage.client("sqs").receive_message(QueueUrl=back)["Messages"]) == 1


def test_what_cannot_be_redriven_is_reported(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It stays in its queue, and the record says that not everything was repaired."""
    exit_codes: list[int] = []

    @contextmanager
    def record(*_: Any, **__: Any) -> Iterator[Operation]:
        operation = Operation("operation-1")
        yield operation
        exit_codes.append(operation.exit_code)

    monkeypatch.setattr(operations, "recorded", record)
    message_id = put(stage, "delivery", "not an event")
    report = page.redrive(stage, "delivery")
    assert (report.redriven, [failed.message_id for failed in report.failed]) == (0, [message_id])
    assert "no event that can be read" in report.failed[0].note
    assert exit_codes == [ExitCode.UNREPAIRED]
    assert dead_letters.count(stage, "delivery").total == 1


def test_an_unknown_queue_is_refused(stage: Stage):
    """Nothing is recorded."""
    with pytest.raises(BadRequestError):
        page.redrive(stage, "no-such-queue")
