"""What the queue model of a local stage predicts, and what the stage does.

The model (`bench.scale_model.SimulatedMachine`) is given two figures for channels of 2 and of 30 people: the time
of messages that are sent one at a time, and the messages per second of a burst. Its times grow with the number of
recipients in a straight line. What it predicts is measured in the same run: a channel of 10, and loads.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.table import Table

from bench.groups import POLL_SECONDS, Group, parley_group, parley_users
from bench.load import MAX_SETTLE_SECONDS, SETTLE_SECONDS, Measure, measure_pair, measure_steady, until_idle
from bench.scale_model import SimulatedMachine, burst, one_at_a_time, under_load
from ops.stage.stage import Stage
from tests.chat_client import ChatClient

KNOWN = (2, 30)
PREDICTED = 10
LOADED = (10, 30)
"""The sizes that are measured under load: the predicted one and a known one."""
LOAD = 0.5
"""Of the rate of a burst."""
MESSAGES = 30
"""One at a time: within the burst of two members."""
BURST = 120
SECONDS = 8.0
SIMULATED_SECONDS = 60.0
SIMULATED_MESSAGES = 300
SERVERS = 2
"""The emulator, which is one Python process, and the processes of functions take turns on a message."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What was measured in a channel of one size, medians: milliseconds, and messages a second."""

    recipients: int
    alone_ms: float
    """The p50 of messages that are sent one at a time."""
    burst_rate: float


@dataclass(frozen=True, kw_only=True)
class Load:
    """A steady load: its rate in messages a second, and the times of its messages in milliseconds."""

    recipients: int
    rate: float
    p50: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One figure, as the model computes it and as it was measured."""

    name: str
    simulated: float
    measured: float

    @property
    def ratio(self) -> float:
        """Simulated by measured."""
        return self.simulated / self.measured


@dataclass(frozen=True, kw_only=True)
class QueueModel:
    """What the model is given, and what was measured of what it predicts."""

    known: Sequence[Size]
    predicted: Size
    loads: Sequence[Load]

    def predictions(self) -> list[Prediction]:
        """What the model computes from the known sizes, next to what was measured."""
        size = self.predicted.recipients
        found = [
            Prediction(
                name=f"p50 to {size}, one message at a time, ms",
                simulated=one_at_a_time(machine(self.known, size), SIMULATED_MESSAGES, poll_seconds=POLL_SECONDS),
                measured=self.predicted.alone_ms,
            ),
            Prediction(
                name=f"messages/s of a burst to {size}",
                simulated=burst(machine(self.known, size), BURST),
                measured=self.predicted.burst_rate,
            ),
        ]
        for load in self.loads:
            stage = machine(self.known, load.recipients)
            # bench.load sends evenly.
            simulated = under_load(stage, load.rate, seconds=SIMULATED_SECONDS, evenly=True)
            name = f"to {load.recipients}, {load.rate:g} messages/s, ms"
            found += [
                Prediction(name=f"p50 {name}", simulated=simulated.p50, measured=load.p50),
                Prediction(name=f"p95 {name}", simulated=simulated.p95, measured=load.p95),
            ]
        return found


async def measure_queue_model(stage: Stage, usage: Measure, *, rounds: int) -> QueueModel:
    """Measure all sizes in turn, several times."""
    sizes = (KNOWN[0], PREDICTED, KNOWN[-1])
    alone: dict[int, list[float]] = {size: [] for size in sizes}
    bursts: dict[int, list[float]] = {size: [] for size in sizes}
    loads: dict[int, list[Load]] = {size: [] for size in LOADED}
    for number in range(rounds):
        # New users in each round: a user may add a limited number of members in a minute.
        async with parley_users(stage, max(sizes)) as users:
            if number == 0:
                # The first burst starts environments of functions.
                await _burst_rate(await _idle_group(users, PREDICTED, usage))
            for size in sizes:
                figures = await measure_pair(await _idle_group(users, size, usage), count=MESSAGES)
                alone[size].append(figures.p50)
                bursts[size].append(await _burst_rate(await _idle_group(users, size, usage)))
            for size in LOADED:
                rate = loads[size][0].rate if number else max(1.0, round(bursts[size][0] * LOAD))
                group = await _idle_group(users, size, usage)
                figures = await measure_steady(group, rate=rate, seconds=SECONDS)
                loads[size].append(Load(recipients=size, rate=rate, p50=figures.p50, p95=figures.p95))
    measured = {
        size: Size(
            recipients=size,
            alone_ms=statistics.median(alone[size]),
            burst_rate=statistics.median(bursts[size]),
        )
        for size in sizes
    }
    return QueueModel(
        known=[measured[size] for size in KNOWN],
        predicted=measured[PREDICTED],
        loads=[_median(loads[size]) for size in LOADED],
    )


def _median(loads: Sequence[Load]) -> Load:
    p50, p95 = (statistics.median(getattr(load, name) for load in loads) for name in ("p50", "p95"))
    return replace(loads[0], p50=p50, p95=p95)


def machine(known: Sequence[Size], recipients: int) -> SimulatedMachine:
    """The model of a stage for a number of recipients, on the straight line through two known sizes."""

    def line(values: Sequence[float]) -> float:
        first, last = (size.recipients for size in known)
        return values[0] + (values[1] - values[0]) * (recipients - first) / (last - first)

    return SimulatedMachine(
        cores=SERVERS,
        path_ms=line([size.alone_ms for size in known]),
        work_ms=line([SERVERS * 1000 / size.burst_rate for size in known]),
    )


async def _idle_group(users: Sequence[ChatClient], size: int, usage: Measure) -> Group:
    group = await parley_group(users, size=size)
    await until_idle(usage)
    return group


async def _burst_rate(group: Group) -> float:
    """Send messages at once. Returns how many were delivered in a second."""
    began = time.perf_counter()
    keys = [await group.send(number) for number in range(BURST)]
    await group.wait_for(keys, MAX_SETTLE_SECONDS)
    seconds = max(at for key in keys for at in group.arrived.get(key, ())) - began
    await asyncio.sleep(SETTLE_SECONDS)
    return round(BURST / seconds, 1)


def predictions_table(found: Sequence[Prediction]) -> Table:
    """A row for each figure."""
    table = Table("the queue model of a local stage", "simulated", "measured", "ratio")
    for figure in found:
        table.add_row(figure.name, f"{figure.simulated:.1f}", f"{figure.measured:.1f}", f"{figure.ratio:.2f}")
    return table
