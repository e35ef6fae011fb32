"""What the queue model of a local stage predicts, and what the stage does.

The model (`bench.scale_model.SimulatedMachine`) is given two figures for channels of 2 and of 30 people: the time
of messages that are sent one at a time, and the messages per second of a burst. Its times are those with which it
computes these figures, and grow with the number of recipients in a straight line. It is also given the pauses of
the machine. What it predicts is measured in the same run, in turn: a channel of 10, and loads.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rich.table import Table

from bench.groups import POLL_SECONDS, Group, parley_group, parley_users
from bench.load import MAX_SETTLE_SECONDS, SETTLE_SECONDS, Measure, measure_pair, measure_steady, until_idle
from bench.pauses import Pauses, measure_pauses
from bench.scale_model import SimulatedMachine, burst, one_at_a_time, under_load
from ops.stage.stage import Stage

KNOWN = (2, 30)
PREDICTED = 10
LOADED = (10, 30)
"""The sizes that are measured under load: the predicted one and a known one."""
LOAD = 0.5
"""Of the rate of a burst."""
MESSAGES = 20
"""One at a time."""
BURST = 120
SECONDS = 4.0
PAUSES_SECONDS = 4.0
SHORT_ROUNDS = 2
"""A machine is faster in one minute than in another: many short rounds have all figures from the same minutes."""
SIMULATED_SECONDS = 200.0
SIMULATED_MESSAGES = 300
SIMULATED_BURSTS = 5
CALIBRATIONS = 6
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
    pauses: Pauses = field(default_factory=Pauses)

    def predictions(self) -> list[Prediction]:
        """What the model computes from the known sizes, next to what was measured."""
        size = self.predicted.recipients
        found = [
            Prediction(
                name=f"p50 to {size}, one message at a time, ms",
                simulated=_alone_ms(self._times(size), self.pauses),
                measured=self.predicted.alone_ms,
            ),
            Prediction(
                name=f"messages/s of a burst to {size}",
                simulated=_burst_rate(self._times(size), self.pauses),
                measured=self.predicted.burst_rate,
            ),
        ]
        for load in self.loads:
            stage = machine(self._times(load.recipients), self.pauses)
            # bench.load sends evenly.
            simulated = under_load(stage, load.rate, seconds=SIMULATED_SECONDS, evenly=True)
            name = f"to {load.recipients}, {load.rate:g} messages/s, ms"
            found += [
                Prediction(name=f"p50 {name}", simulated=simulated.p50, measured=load.p50),
                Prediction(name=f"p95 {name}", simulated=simulated.p95, measured=load.p95),
            ]
        return found

    def _times(self, recipients: int) -> "Times":
        """On the straight line through the two known sizes."""
        first, last = (calibrated(size, self.pauses) for size in self.known)
        share = (recipients - self.known[0].recipients) / (self.known[1].recipients - self.known[0].recipients)
        return Times(
            path_ms=first.path_ms + (last.path_ms - first.path_ms) * share,
            work_ms=first.work_ms + (last.work_ms - first.work_ms) * share,
        )


@dataclass(frozen=True, kw_only=True)
class Times:
    """A message's time on the processors, in milliseconds: on the way to its recipients, and in total."""

    path_ms: float
    work_ms: float


@lru_cache(16)
def calibrated(size: Size, pauses: Pauses) -> Times:
    """The times with which the model computes what was measured for a size."""
    times = Times(path_ms=size.alone_ms, work_ms=SERVERS * 1000 / size.burst_rate)
    for _ in range(CALIBRATIONS):
        times = Times(
            path_ms=times.path_ms * size.alone_ms / _alone_ms(times, pauses),
            work_ms=times.work_ms * _burst_rate(times, pauses) / size.burst_rate,
        )
    return times


def machine(times: Times, pauses: Pauses, seed: int = 1) -> SimulatedMachine:
    """The model of a stage."""
    return SimulatedMachine(cores=SERVERS, path_ms=times.path_ms, work_ms=times.work_ms, pauses=pauses, seed=seed)


def _alone_ms(times: Times, pauses: Pauses) -> float:
    return one_at_a_time(machine(times, pauses), SIMULATED_MESSAGES, poll_seconds=POLL_SECONDS)


def _burst_rate(times: Times, pauses: Pauses) -> float:
    return statistics.median(burst(machine(times, pauses, seed), BURST) for seed in range(SIMULATED_BURSTS))


async def measure_queue_model(stage: Stage, usage: Measure, *, rounds: int) -> QueueModel:
    """Measure all sizes in turn, in `rounds` times SHORT_ROUNDS rounds."""
    sizes = (KNOWN[0], PREDICTED, KNOWN[-1])
    alone: dict[int, list[float]] = {size: [] for size in sizes}
    rates: dict[int, list[float]] = {size: [] for size in sizes}
    loads: dict[int, list[Load]] = {size: [] for size in LOADED}
    pauses = Pauses()
    async with parley_users(stage, max(sizes)) as users:
        channels = {size: (await parley_group(users, size=size)).channels for size in sizes}
        # The first burst starts environments of functions.
        await _send_burst(Group("parley", channels[PREDICTED]))
        await until_idle(usage)
        for _ in range(rounds * SHORT_ROUNDS):
            pauses += await asyncio.to_thread(measure_pauses, PAUSES_SECONDS)
            for size in sizes:
                group = Group("parley", channels[size])
                alone[size].append((await measure_pair(group, count=MESSAGES)).p50)
                await until_idle(usage)
                rates[size].append(await _send_burst(group))
                await until_idle(usage)
                if size in LOADED:
                    rate = max(1.0, round(rates[size][0] * LOAD))
                    figures = await measure_steady(group, rate=rate, seconds=SECONDS)
                    loads[size].append(Load(recipients=size, rate=rate, p50=figures.p50, p95=figures.p95))
                    await until_idle(usage)
    measured = {
        size: Size(
            recipients=size,
            alone_ms=statistics.median(alone[size]),
            burst_rate=statistics.median(rates[size]),
        )
        for size in sizes
    }
    return QueueModel(
        known=[measured[size] for size in KNOWN],
        predicted=measured[PREDICTED],
        loads=[_median(loads[size]) for size in LOADED],
        pauses=pauses,
    )


def _median(loads: Sequence[Load]) -> Load:
    p50, p95 = (statistics.median(getattr(load, name) for load in loads) for name in ("p50", "p95"))
    return replace(loads[0], p50=p50, p95=p95)


async def _send_burst(group: Group) -> float:
    """Send messages at once. Returns how many were delivered in a second."""
    began = time.perf_counter()
    keys = [await group.send(number) for number in range(BURST)]
    await group.wait_for(keys, MAX_SETTLE_SECONDS)
    seconds = max(at for key in keys for at in group.arrived.get(key, ())) - began
    await asyncio.sleep(SETTLE_SECONDS)
    return round(BURST / seconds, 1)


def predictions_table(model: QueueModel) -> Table:
    """A row for each figure."""
    title = f"pauses of the machine: {model.pauses}"
    table = Table("the queue model of a local stage", "simulated", "measured", "ratio", title=title)
    for figure in model.predictions():
        table.add_row(figure.name, f"{figure.simulated:.1f}", f"{figure.measured:.1f}", f"{figure.ratio:.2f}")
    return table
