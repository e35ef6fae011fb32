"""Whatever is cut while a message is sent, sending it again makes it one message with one id and one ack."""

from uuid import uuid4

import pytest

from tests.guarantees.crowd import crowd
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
async def test_a_socket_cut_around_a_frame(
    stage: TestStage, record: Record, faults: Faults, is_long: bool, point: str
):
    """The client connects again and sends again; the channel holds the message once."""
    times = 20 if is_long else 3
    async with crowd(stage, 2) as people:
        sender = people.people[0]
        for number in range(times):
            wanted = str(uuid4())
            with faults.of({"where": "frame", "what": point, "only": wanted, "times": 1}):
                first = await people.say(sender, f"{point} {number}", client_message_id=wanted)
                assert faults.struck() == 1
            again = await people.say(sender, f"{point} {number}", client_message_id=wanted)
            assert first == again
        table = await people.check(record)
        assert len(table) == times
    record.tried(POINTS[point], times)


async def test_a_network_cut_right_after_the_send(stage: TestStage, record: Record, is_long: bool):
    """The frame may have arrived or not; either way it is one message, and the ack's id is the stored one."""
    times = 20 if is_long else 4
    async with crowd(stage, 2) as people:
        said = [
            await people.say(people.people[number % 2], f"gone {number}", cut_after_send=True)
            for number in range(times)
        ]
        table = await people.check(record)
        assert sorted(said) == sorted(message_id for _, message_id, _ in table)
    record.tried("network cut by the client right after the send", times)


LOST = {
    "DynamoDB_20120810.UpdateItem": "the answer to the admission lost",
    "AWSEvents.PutEvents": "the bus's answer lost: the event is on it twice",
}


@pytest.mark.parametrize("target", LOST)
async def test_an_answer_lost_inside(stage: TestStage, record: Record, faults: Faults, target: str):
    """A function that hears nothing asks again, and what it did twice counts once."""
    async with crowd(stage, 2) as people:
        with faults.of({"where": "request", "what": "lost", "only": target, "times": 1}):
            for number in range(3):
                await people.say(people.people[0], f"lost {number}")
            assert faults.struck() == 1
        assert len(await people.check(record)) == 3
    record.tried(LOST[target])


@pytest.mark.thorough
async def test_a_function_that_times_out_after_it_published(stage: TestStage, record: Record, faults: Faults):
    """No ack comes, so the message is sent again; it is there once."""
    async with crowd(stage, 2) as people:
        with faults.of({"where": "function", "what": "lost", "only": "SendMessage", "times": 1}):
            await people.say(people.people[0], "slow")
            assert faults.struck() == 1
        assert len(await people.check(record)) == 1
    record.tried("send_message timed out after it published")
