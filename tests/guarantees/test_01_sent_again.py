"""A message whose send is interrupted and repeated is stored once, and every ack has the same messageId."""

from uuid import uuid4

import pytest

from tests.guarantees.clients import connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 1
pytestmark = pytest.mark.anyio

POINTS = {
    "cut-before": "socket cut before the frame was handled",
    "cut-after": "socket cut after the frame, before the ack",
    "cut-answered": "socket cut after the ack",
}


@pytest.mark.parametrize("point", POINTS)
async def test_a_send_repeated_after_a_cut_socket_is_one_message(
    stage: TestStage, record: Record, faults: Faults, is_long: bool, point: str
):
    """The client reconnects and sends again; the channel holds the message once."""
    times = 20 if is_long else 3
    async with connected_channel(stage, 2) as channel:
        sender = channel.clients[0]
        for number in range(times):
            client_message_id = str(uuid4())
            with faults.of({"where": "frame", "what": point, "only": client_message_id, "times": 1}):
                first = await channel.send(sender, f"{point} {number}", client_message_id=client_message_id)
                assert faults.struck() == 1
            again = await channel.send(sender, f"{point} {number}", client_message_id=client_message_id)
            assert first == again
        table = await channel.check(record)
        assert len(table) == times
    record.tried(POINTS[point], times)


async def test_a_network_cut_right_after_the_send_loses_and_duplicates_nothing(
    stage: TestStage, record: Record, is_long: bool
):
    """Whether or not the first frame arrived, there is one message, and the ack has the stored messageId."""
    times = 20 if is_long else 4
    async with connected_channel(stage, 2) as channel:
        message_ids = [
            await channel.send(channel.clients[number % 2], f"cut {number}", cut_after_send=True)
            for number in range(times)
        ]
        table = await channel.check(record)
        assert sorted(message_ids) == sorted(message_id for _, message_id, _ in table)
    record.tried("network cut by the client right after the send", times)


LOST = {
    ("DynamoDB_20120810.UpdateItem", "restedAt"): "response to the admission lost",
    ("AWSEvents.PutEvents", "MessageSent"): "response of the bus lost, so that the event was published twice",
}
"""Calls of `send_message`: the operation, and a text that is in no other call of it at the same time."""


@pytest.mark.parametrize("call", LOST, ids=lambda call: call[0])
async def test_a_lost_response_from_aws_does_not_duplicate_a_message(
    stage: TestStage, record: Record, faults: Faults, call: tuple[str, str]
):
    """A function whose AWS call gets no response repeats the call, and the message is stored once."""
    async with connected_channel(stage, 2) as channel:
        operation, body = call
        with faults.of({"where": "request", "what": "lost", "only": operation, "body": body, "times": 1}):
            for number in range(3):
                await channel.send(channel.clients[0], f"lost {number}")
            assert faults.struck() == 1
        assert len(await channel.check(record)) == 3
    record.tried(LOST[call])


@pytest.mark.thorough
async def test_a_function_timeout_after_publishing_does_not_duplicate_a_message(
    stage: TestStage, record: Record, faults: Faults
):
    """The client gets no ack and sends again; the channel holds the message once."""
    async with connected_channel(stage, 2) as channel:
        with faults.of({"where": "function", "what": "lost", "only": "SendMessage", "times": 1}):
            await channel.send(channel.clients[0], "slow")
            assert faults.struck() == 1
        assert len(await channel.check(record)) == 1
    record.tried("send_message timed out after publishing")
