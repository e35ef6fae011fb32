"""Letters are looked at without being taken, and let go even by who has held them for too long."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ops.runs import dead_letters
from ops.stage.stage import Stage


@pytest.fixture
def queue() -> Iterator[Stage]:
    """A stage of which there is nothing but an empty queue of dead deliveries."""
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
            # A local stage is not waited for.
            endpoint_url="https://sqs.us-east-1.amazonaws.com",
        )


def keep(stage: Stage, body: str) -> None:
    """Put a letter into the queue."""
    stage.client("sqs").send_message(
        QueueUrl=stage.output("Events", "DeliveryDeadLetterQueueUrl"), MessageBody=body
    )


def test_a_letter_that_is_let_go_is_seen_by_others_at_once(queue: Stage):
    """Until then it is hidden."""
    keep(queue, "{}")
    found = dead_letters.read(queue, "delivery")
    assert [letter.body for letter in found] == ["{}"]
    assert dead_letters.read(queue, "delivery") == []
    dead_letters.release(queue, found)
    assert [letter.body for letter in dead_letters.read(queue, "delivery")] == ["{}"]


def test_letting_go_of_what_somebody_else_took_out_harms_nothing(queue: Stage):
    """One is gone meanwhile, another is seen by all already; the third is let go all the same."""
    for body in ("taken", "seen", "held"):
        keep(queue, body)
    found = {letter.body: letter for letter in dead_letters.read(queue, "delivery")}
    dead_letters.delete(queue, found["taken"])
    dead_letters.release(queue, [found["seen"]])
    dead_letters.release(queue, [found["taken"], found["seen"], found["held"]])
    assert sorted(letter.body for letter in dead_letters.read(queue, "delivery")) == ["held", "seen"]
