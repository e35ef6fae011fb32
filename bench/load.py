"""Latency and throughput of a stage: `python -m bench.load`, against the local stage that runs.

Latency is the time from sending a frame to the arrival of its `message` frame at a recipient, by the clock of this
process; in a steady load, from the time at which the frame was due. The load is bounded in count and time.
`bench.suite` measures the direct design in the same way.
"""

import asyncio
import json
import math
import statistics
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.groups import Group, parley_group, parley_users
from bench.processes import Usage
from bench.runs import run_program, save, stage_to_measure
from ops.stage.stage import Stage

MAX_SETTLE_SECONDS = 30.0
WARM_UP = 4
SETTLE_SECONDS = 1.0
"""Background work after a load, such as its logs and traces, is counted with it."""

POLL_SECONDS = 1.0
IDLE_SECONDS = 0.15
"""A stage that uses less processor time than that in a second is idle."""
MAX_BUSY_SECONDS = 300.0

Measure = Callable[[], Usage]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The results of one run. Times are in milliseconds; processor times are per message, or 0 if not measured."""

    design: str
    name: str
    messages: int
    recipients: int
    expected: int
    lost: int
    duplicated: int
    refused: int
    p50: float
    p95: float
    p99: float
    ack_p50: float
    achieved_rate: float = 0.0
    """Messages a second that a steady load sent; 0 of other loads."""
    processor_ms: float = 0.0
    emulator_ms: float = 0.0
    functions_ms: float = 0.0


def main(
    stage: Annotated[str, typer.Option(help="A deployed stage's name; without it, the local stage")] = "",
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
    seconds: Annotated[int, typer.Option(min=1, max=300, help="How long the steady load lasts")] = 30,
    rate: Annotated[int, typer.Option(min=1, max=50, help="Messages a second of the steady load")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure two users with one message at a time, then a steady load to ten users."""
    target = stage_to_measure(state_dir, stage)
    figures = asyncio.run(measure(target, seconds=seconds, rate=rate))
    save("load", [asdict(run) for run in figures])
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in figures]))
    else:
        show(figures)


async def measure(stage: Stage, *, seconds: int, rate: int) -> list[Figures]:
    """Make both measurements, each in its own channel."""
    async with parley_users(stage, 10) as users:
        one_by_one = await measure_pair(await parley_group(users[:2], size=2), count=30)
        return [one_by_one, await measure_steady(await parley_group(users, size=10), rate=rate, seconds=seconds)]


async def measure_pair(group: Group, *, count: int, usage: Measure | None = None) -> Figures:
    """Send each message after all have the one before. `count` is within the burst of two members, forty."""
    await _warm_up(group, count)
    before = usage() if usage else None
    keys = [await _send_and_wait(group, number) for number in range(count)]
    await asyncio.sleep(SETTLE_SECONDS)
    after = usage() if usage else None
    return figures_of(group, "one message at a time", keys, before, after)


async def measure_steady(group: Group, *, rate: float, seconds: float, usage: Measure | None = None) -> Figures:
    """Send messages at a constant rate, whatever the latency is."""
    await _warm_up(group, round(seconds * rate))
    before = usage() if usage else None
    keys, achieved = await send_steadily(group, rate=rate, seconds=seconds)
    await group.wait_for(keys, MAX_SETTLE_SECONDS)
    await asyncio.sleep(SETTLE_SECONDS)
    after = usage() if usage else None
    figures = figures_of(group, f"{rate:g} messages/s for {seconds:g} s", keys, before, after)
    return replace(figures, achieved_rate=round(achieved, 1))


async def send_steadily(group: Group, *, rate: float, seconds: float) -> tuple[list[str], float]:
    """Send messages at a constant rate. Return them when the last one is sent, and the rate that was achieved.

    Each latency counts from the time at which the message was due.
    """
    start = time.perf_counter()
    keys = []
    for number in range(round(seconds * rate)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        keys.append(await group.send(number, due=due))
    # The last message ends an interval too.
    return keys, len(keys) / max(time.perf_counter() - start, len(keys) / rate)


async def until_idle(usage: Measure) -> None:
    """Wait until the stage uses little processor time: the work of what was measured before has ended.

    A direct design whose 300 sockets were closed posts for minutes to those that are not closed yet.
    """
    began, before = time.perf_counter(), usage().seconds
    while time.perf_counter() - began < MAX_BUSY_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
        after = usage().seconds
        if after - before < IDLE_SECONDS:
            return
        before = after


async def _warm_up(group: Group, count: int) -> None:
    """Send some messages, and let the work of making the channel end, so that it is not counted.

    Each sender of the `count` messages that follow sends one: the first message of a person makes the key for
    their texts.
    """
    for number in range(max(WARM_UP, min(count, group.senders))):
        await _send_and_wait(group, number)
    await asyncio.sleep(SETTLE_SECONDS)


async def _send_and_wait(group: Group, number: int) -> str:
    key = await group.send(number)
    await group.wait_for([key], MAX_SETTLE_SECONDS)
    return key


def figures_of(
    group: Group, name: str, keys: Collection[str], before: Usage | None = None, after: Usage | None = None
) -> Figures:
    """The figures of messages, with the processor time between two readings."""
    latencies = sorted(
        (at - group.sent[key]) * 1000 for key in keys for at in group.arrived.get(key, ())[: group.recipients]
    )
    expected = len(keys) * group.recipients
    acks = [(group.acked[key] - group.sent[key]) * 1000 for key in keys if key in group.acked]
    spent = (
        {
            "processor_ms": round((after.seconds - before.seconds) * 1000 / len(keys), 2),
            "emulator_ms": round((after.emulator - before.emulator) * 1000 / len(keys), 2),
            "functions_ms": round((after.functions - before.functions) * 1000 / len(keys), 2),
        }
        if before and after
        else {}
    )
    return Figures(
        design=group.design,
        name=name,
        messages=len(keys),
        recipients=group.recipients,
        expected=expected,
        lost=expected - len(latencies),
        duplicated=sum(max(0, len(group.arrived.get(key, ())) - group.recipients) for key in keys),
        refused=sum(group.refused.values()),
        p50=percentile(latencies, 50),
        p95=percentile(latencies, 95),
        p99=percentile(latencies, 99),
        ack_p50=percentile(sorted(acks), 50),
        **spent,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """A percentile of sorted values by the nearest rank, without interpolation; 0 if there are none."""
    if not ordered:
        return 0.0
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 1)


def median_of(runs: Sequence[Figures]) -> Figures:
    """Runs of one kind as one: the median of each figure, and the sum of what went wrong."""
    sums = ("messages", "expected", "lost", "duplicated", "refused")
    first = asdict(runs[0])
    merged = {
        field: sum(getattr(run, field) for run in runs)
        if field in sums
        else round(statistics.median(getattr(run, field) for run in runs), 2)
        for field, value in first.items()
        if not isinstance(value, str)
    }
    return Figures(**(first | merged))


def show(figures: Sequence[Figures]) -> None:
    """Print the figures as a table."""
    table = Table(title="Send to delivered, ms")
    for column in ("run", "sent/s", "frames", "lost", "twice", "p50", "p95", "p99", "ack p50"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for run in figures:
        table.add_row(
            f"{run.name}, to {run.recipients}",
            f"{run.achieved_rate:.1f}" if run.achieved_rate else "",
            str(run.expected),
            str(run.lost),
            str(run.duplicated),
            *(f"{value:.1f}" for value in (run.p50, run.p95, run.p99, run.ack_p50)),
        )
    Console().print(table)


if __name__ == "__main__":
    run_program(main)
