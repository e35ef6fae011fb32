"""The whole stage dies, by `kill -9`, while people talk: what was acknowledged is stored once, and seen by all."""

import asyncio
import contextlib
import random

import pytest

from tests.guarantees.crowd import Crowd, crowd
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import until

PROMISE = 2
pytestmark = pytest.mark.anyio


async def talk(people: Crowd, place: int, dice: random.Random) -> None:
    """Go on talking until cancelled."""
    number = 0
    while True:
        await people.say(people.people[place], f"{place}:{number}")
        number += 1
        await asyncio.sleep(dice.uniform(0.1, 0.5))


@pytest.mark.thorough
async def test_killed_and_restarted_while_people_talk(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Again and again; afterwards everybody has everything that anybody was told is safe."""
    kills = 20 if is_long else 1
    async with crowd(stage, 5) as people:
        dice = random.Random(20)
        talking = [asyncio.create_task(talk(people, place, random.Random(place))) for place in range(5)]
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.5, 2.5))
            await asyncio.to_thread(faults.kill_and_restart)
            for person in people.people:
                await person.wait_until(lambda: all(each.is_connected for each in people.people))
        after = len(people.sent)
        await until(lambda: len(people.sent) >= after + 5, "people were talking again")
        for task in talking:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        table = await people.check(record)
        acknowledged = len(people.sent)
        assert len(table) >= acknowledged
    record.tried("emulator killed and restarted under load", kills)
    record.tried("messages acknowledged around the kills, each stored once and seen by all", acknowledged)
