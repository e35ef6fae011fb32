"""When the stage is killed under load, every acknowledged message is stored once and displayed by all clients."""

import asyncio
import contextlib
import random

import pytest

from tests.guarantees.clients import ConnectedChannel, connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import until

PROMISE = 2
pytestmark = pytest.mark.anyio


async def send_messages(channel: ConnectedChannel, place: int, rng: random.Random) -> None:
    """Send messages until cancelled."""
    number = 0
    while True:
        await channel.send(channel.clients[place], f"{place}:{number}")
        number += 1
        await asyncio.sleep(rng.uniform(0.1, 0.5))


@pytest.mark.thorough
async def test_acknowledged_messages_survive_kills_of_the_stage(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """After repeated kills and restarts every client displays every acknowledged message."""
    kills = 20 if is_long else 1
    async with connected_channel(stage, 5) as channel:
        rng = random.Random(20)
        senders = [asyncio.create_task(send_messages(channel, place, random.Random(place))) for place in range(5)]
        for _ in range(kills):
            await asyncio.sleep(rng.uniform(0.5, 2.5))
            await asyncio.to_thread(faults.kill_and_restart)
            await channel.clients[0].wait_until(lambda: all(client.is_connected for client in channel.clients))
        after = len(channel.sent)
        await until(lambda: len(channel.sent) >= after + 5, "messages were sent again")
        for task in senders:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        table = await channel.check(record)
        acknowledged = len(channel.sent)
        assert len(table) >= acknowledged
    record.tried("emulator killed and restarted under load", kills)
    record.tried("messages acknowledged around the kills, each stored once and displayed by all", acknowledged)
