"""Reading dead letters only hides them, and releasing them tolerates those that are visible or deleted."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ops.runs import dead_letters
from ops.stage.stage import Stage


@pytest.fixture
def queue() -> Iterator[Stage]:
    """A stage with nothing but an empty dead-letter queue of deliveries."""
    with mock_aws():
        session = boto3.Session()
        url = session.client("sqs").create_queue(QueueName="dead-deliveries")["QueueUrl"]
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
