"""Random people, random faults, then: every screen equals the table, in order, no gap, nothing twice.

In the spirit of Jepsen. A schedule is one channel of people who talk, lose their network before and after a frame,
go away and come back, and change sockets, each by dice of the schedule's seed, while the weather (answers lost,
throttling, runs that die between states, start late or twice) changes for all. `SEED=n` runs one schedule again
with the same dice; the interleaving is the machine's.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.guarantees.crowd import Crowd, crowd
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 2
pytestmark = pytest.mark.anyio

# More than the machine carries are no faster: clients that change sockets every 2 s then do little else.
MAX_CONCURRENT_SCHEDULES = min(8, 2 * (os.cpu_count() or 1))

WEATHER: list[dict[str, Any]] = [
    {"where": "request", "what": "throttle", "only": "DynamoDB_20120810", "chance": 0.05},
    {"where": "request", "what": "lost", "only": "DynamoDB_20120810.UpdateItem", "chance": 0.05},
    {"where": "request", "what": "lost", "only": "AWSEvents.PutEvents", "chance": 0.1},
    {"where": "request", "what": "error", "only": "/@connections/", "chance": 0.1},
    {"where": "request", "what": "throttle", "only": "/@connections/", "chance": 0.15},
    {"where": "request", "what": "hang", "only": "/@connections/", "chance": 0.05, "seconds": 0.3},
    {"where": "task", "what": "crash", "chance": 0.05},
    {"where": "task", "what": "lost", "only": "PersistOnce", "chance": 0.2},
    {"where": "task", "what": "lost", "only": "AssignSequence", "chance": 0.1},
    {"where": "function", "what": "timeout", "only": "PostTo", "chance": 0.03, "seconds": 0.2},
    {"where": "function", "what": "lost", "only": "SendMessage", "chance": 0.01, "seconds": 0.2},
    {"where": "frame", "what": "cut-before", "chance": 0.01},
    {"where": "frame", "what": "cut-after", "chance": 0.01},
    {"where": "frame", "what": "cut-answered", "chance": 0.01},
    {"where": "run", "what": "delay", "chance": 0.2, "seconds": 0.5},
    {"where": "run", "what": "duplicate", "chance": 0.1},
]


@dataclass
class Weather:
    """Other faults every second, and how often each kind of them struck."""

    faults: Faults
    struck: Counter[str] = field(default_factory=Counter)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _rules: list[dict[str, Any]] = field(default_factory=list)

    async def change(self, *rules: dict[str, Any]) -> None:
        """These faults from now on."""
        # The request is let end even when this is cancelled, so that what had struck is counted.
        await asyncio.shield(asyncio.create_task(self._change(rules)))

    async def _change(self, rules: Sequence[dict[str, Any]]) -> None:
        async with self._lock:
            # A stage too busy to answer keeps the weather that it has.
            with contextlib.suppress(OSError):
                replaced = await asyncio.to_thread(self.faults.put, *rules)
                self._rules = list(rules)
                self.struck.update({kind(rule): rule["struck"] for rule in replaced})

    async def total(self) -> int:
        """How often any fault has struck so far. Counting begins anew for those in force, with the same dice."""
        await self.change(*self._rules)
        return self.struck.total()

    async def run(self, seed: int) -> None:
        """Change it until cancelled."""
        dice = random.Random(seed)
        while True:
            await self.change(*({**rule, "seed": dice.randrange(1 << 30)} for rule in dice.sample(WEATHER, k=5)))
            await asyncio.sleep(1)


def kind(rule: dict[str, Any]) -> str:
    """What a fault is called in the record."""
    return " ".join(filter(None, (rule["where"], rule["what"], rule.get("only"))))


async def live(people: Crowd, place: int, messages: int, dice: random.Random) -> None:
    """One person's part: so many messages, between strokes of bad luck."""
    person = people.people[place]
    saying: set[asyncio.Task[str]] = set()
    for number in range(messages):
        await asyncio.sleep(dice.uniform(0, 0.25))
        match dice.choices(["talk", "cut", "cut after", "away", "at once"], [80, 4, 4, 3, 9])[0]:
            case "cut":
                person.cut()
            case "away":
                if saying:
                    await asyncio.gather(*saying)
                await person.stop()
                await asyncio.sleep(dice.uniform(0, 1.5))
                person.start()
            case "cut after":
                await people.say(person, f"{place}:{number}", cut_after_send=True)
                continue
            case "at once":
                saying.add(asyncio.create_task(people.say(person, f"{place}:{number}")))
                continue
        await people.say(person, f"{place}:{number}")
    await asyncio.gather(*saying)


async def run_schedule(
    stage: TestStage, seed: int, record: Record, weather: Weather, *, clients: int, messages: int
) -> int:
    """One schedule, checked; how many messages it had."""
    dice, before = random.Random(seed), await weather.total()
    async with crowd(stage, clients, rotate_after_seconds=dice.choice([None, 2.0, 5.0])) as people:
        parts = [random.Random(dice.randrange(1 << 30)) for _ in range(clients)]
        try:
            await asyncio.gather(*(live(people, place, messages, part) for place, part in enumerate(parts)))
            table = await people.check(record)
            assert len(table) == clients * messages
            assert await weather.total() > before, "no fault struck while it ran"
        except (AssertionError, TimeoutError) as broken:
            raise AssertionError(f"schedule with SEED={seed}: {broken!r}") from broken
        return len(table)


async def test_random_schedules(
    stage: TestStage, record: Record, faults: Faults, is_long: bool, is_thorough: bool
):
    """0 lost, 0 twice, 0 out of order, in every schedule."""
    given = os.environ.get("SEED")
    first = int(given) if given else random.SystemRandom().randrange(1_000_000)
    count = 1 if given else int(os.environ.get("SCHEDULES", "200" if is_long else "2" if is_thorough else "1"))
    clients, messages = (5, 40) if is_long or given else (5, 10)
    at_once = asyncio.Semaphore(MAX_CONCURRENT_SCHEDULES if is_long else 2)
    seeds = range(first, first + count)
    print(f"seeds {seeds.start} to {seeds.stop - 1}")
    weather = Weather(faults)
    changing = asyncio.create_task(weather.run(first))
    said, done = 0, 0

    async def one(seed: int) -> None:
        nonlocal said, done
        async with at_once:
            had = await run_schedule(stage, seed, record, weather, clients=clients, messages=messages)
            said, done = said + had, done + 1
            print(f"seed {seed} held ({done} of {count} schedules, {said:,} messages)", flush=True)

    try:
        await asyncio.gather(*(one(seed) for seed in seeds))
    finally:
        changing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await changing
        await weather.change()
        record.tried(f"random schedules of {clients} people and {clients * messages} messages", done)
        record.tried("messages in them: 0 lost, 0 twice, 0 out of order", said)
        record.note(f"random schedules: seeds {seeds.start} to {seeds.stop - 1}")
        for name, times in sorted(weather.struck.items()):
            if times:
                record.tried(f"faults in them: {name}", times)
    if is_long and not given:
        idle = {kind(rule) for rule in WEATHER} - {name for name, times in weather.struck.items() if times}
        assert not idle, f"these faults never struck in {count} schedules: {sorted(idle)}"
