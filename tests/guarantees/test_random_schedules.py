"""After random actions under random faults, every client displays exactly the stored messages, in order.

A method of Jepsen (https://jepsen.io). In a schedule the clients of one channel send messages, lose their
connection before and after a frame, disconnect, reconnect and rotate their sockets, by random numbers from the
schedule's seed. Meanwhile the faults change every second for all schedules: lost responses, throttling, 5xx of
the API, runs that crash between states, start late or twice. `SEED=n` repeats a schedule with the same random
numbers, though not with the same interleaving.
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

from tests.guarantees.clients import ConnectedChannel, connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 2
pytestmark = pytest.mark.anyio

# More schedules than the machine can run are slower: clients that rotate sockets every 2 s then do little else.
MAX_CONCURRENT_SCHEDULES = min(8, 2 * (os.cpu_count() or 1))

FAULTS: list[dict[str, Any]] = [
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
    {"where": "api", "what": "error", "status": 503, "chance": 0.1},
    {"where": "api", "what": "lost", "status": 504, "chance": 0.05},
    {"where": "frame", "what": "cut-before", "chance": 0.01},
    {"where": "frame", "what": "cut-after", "chance": 0.01},
    {"where": "frame", "what": "cut-answered", "chance": 0.01},
    {"where": "run", "what": "delay", "chance": 0.2, "seconds": 0.5},
    {"where": "run", "what": "duplicate", "chance": 0.1},
]


@dataclass
class ChangingFaults:
    """Injects other faults every second, and counts how often each kind struck."""

    faults: Faults
    struck: Counter[str] = field(default_factory=Counter)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _rules: list[dict[str, Any]] = field(default_factory=list)

    async def change(self, *rules: dict[str, Any]) -> None:
        """Replace the faults in force."""
        # The request completes even when this task is cancelled, so that every strike is counted.
        await asyncio.shield(asyncio.create_task(self._change(rules)))

    async def _change(self, rules: Sequence[dict[str, Any]]) -> None:
        async with self._lock:
            # A stage that does not answer in time keeps its faults.
            with contextlib.suppress(OSError):
                replaced = await asyncio.to_thread(self.faults.put, *rules)
                self._rules = list(rules)
                self.struck.update({kind(rule): rule["struck"] for rule in replaced})

    async def total(self) -> int:
        """The number of strikes so far. It injects the faults in force again, with the same seeds."""
        await self.change(*self._rules)
        return self.struck.total()

    async def run(self, seed: int) -> None:
        """Change the faults every second until cancelled."""
        rng = random.Random(seed)
        while True:
            await self.change(*({**rule, "seed": rng.randrange(1 << 30)} for rule in rng.sample(FAULTS, k=5)))
            await asyncio.sleep(1)


def kind(rule: dict[str, Any]) -> str:
    """A fault's name in the record."""
    return " ".join(filter(None, (rule["where"], rule["what"], rule.get("only"))))


async def act(channel: ConnectedChannel, place: int, messages: int, rng: random.Random) -> None:
    """One client's part in a schedule: it sends `messages` messages, with random disconnections."""
    client = channel.clients[place]
    concurrent: set[asyncio.Task[str]] = set()
    for number in range(messages):
        await asyncio.sleep(rng.uniform(0, 0.25))
        match rng.choices(["send", "cut", "cut after", "away", "concurrent"], [80, 4, 4, 3, 9])[0]:
            case "cut":
                client.cut()
            case "away":
                if concurrent:
                    await asyncio.gather(*concurrent)
                await client.stop()
                await asyncio.sleep(rng.uniform(0, 1.5))
                client.start()
            case "cut after":
                await channel.send(client, f"{place}:{number}", cut_after_send=True)
                continue
            case "concurrent":
                concurrent.add(asyncio.create_task(channel.send(client, f"{place}:{number}")))
                continue
        await channel.send(client, f"{place}:{number}")
    await asyncio.gather(*concurrent)


async def run_schedule(
    stage: TestStage, seed: int, record: Record, faults: ChangingFaults, *, clients: int, messages: int
) -> int:
    """Run and check one schedule. Returns the number of its messages."""
    rng, before = random.Random(seed), await faults.total()
    async with connected_channel(stage, clients, rotate_after_seconds=rng.choice([None, 2.0, 5.0])) as channel:
        parts = [random.Random(rng.randrange(1 << 30)) for _ in range(clients)]
        try:
            await asyncio.gather(*(act(channel, place, messages, part) for place, part in enumerate(parts)))
            table = await channel.check(record)
            assert len(table) == clients * messages
            assert await faults.total() > before, "no fault struck while it ran"
        except (AssertionError, TimeoutError) as broken:
            raise AssertionError(f"schedule with SEED={seed}: {broken!r}") from broken
        return len(table)


@pytest.mark.thorough
async def test_random_schedules(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """No schedule loses, duplicates or reorders a message."""
    seed_variable = os.environ.get("SEED")
    first = int(seed_variable) if seed_variable else random.SystemRandom().randrange(1_000_000)
    default = "200" if is_long else "2"
    count = 1 if seed_variable else int(os.environ.get("SCHEDULES", default))
    clients, messages = (5, 40) if is_long or seed_variable else (5, 10)
    semaphore = asyncio.Semaphore(MAX_CONCURRENT_SCHEDULES if is_long else 2)
    seeds = range(first, first + count)
    print(f"seeds {seeds.start} to {seeds.stop - 1}")
    changing_faults = ChangingFaults(faults)
    changing = asyncio.create_task(changing_faults.run(first))
    checked, done = 0, 0

    async def run_one(seed: int) -> None:
        nonlocal checked, done
        async with semaphore:
            schedule = run_schedule(stage, seed, record, changing_faults, clients=clients, messages=messages)
            checked, done = checked + await schedule, done + 1
            print(f"seed {seed} held ({done} of {count} schedules, {checked:,} messages)", flush=True)

    try:
        await asyncio.gather(*(run_one(seed) for seed in seeds))
    finally:
        changing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await changing
        await changing_faults.change()
        record.tried(f"random schedules of {clients} clients and {clients * messages} messages", done)
        record.tried("messages in them: 0 lost, 0 twice, 0 out of order", checked)
        record.note(f"random schedules: seeds {seeds.start} to {seeds.stop - 1}")
        for name, times in sorted(changing_faults.struck.items()):
            if times:
                record.tried(f"faults in them: {name}", times)
    if is_long and not seed_variable:
        idle = {kind(rule) for rule in FAULTS} - {name for name, times in changing_faults.struck.items() if times}
        assert not idle, f"these faults never struck in {count} schedules: {sorted(idle)}"
