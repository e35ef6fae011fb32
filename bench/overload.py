"""What happens beyond the limit of a stage: 1.5 times the rate that it carries, and the usual load after it.

The rate to ten recipients is raised until the p95 exceeds a second. A message is lost if it was acknowledged and
did not arrive at each recipient. A client sends a message again if it is neither acknowledged nor refused.
"""

import asyncio
import time
from dataclasses import dataclass

from rich.table import Table

from bench.groups import Group, parley_group, parley_users
from bench.load import Figures, Measure, measure_steady, percentile, send_steadily
from ops.stage.stage import Stage

RECIPIENTS = 10
USUAL_RATE = 10.0
FIRST_RATE = 40.0
STEP = 1.25
MAX_RATE = 150.0
EXCESS = 1.5
SECONDS = 8.0
MAX_P95_MS = 1000.0
MAX_RECOVERY_SECONDS = 120.0
PAUSE_SECONDS = 2.0
MEMBERS_BURST = 18
MEMBERS_RATE = 2.0
"""The messages that a member may send at once, and then for each second."""


@dataclass(frozen=True, kw_only=True)
class Overload:
    """A load beyond the limit. Rates are in messages a second, times in milliseconds unless named otherwise."""

    carried: float
    emulator_processors: float
    """Of processors that the emulator used at the carried rate. It is one Python process: one is its limit."""
    functions_processors: float
    rate: float
    sent: int
    acknowledged: int
    refused: int
    lost: int
    """Acknowledged messages that did not arrive at each recipient."""
    p95: float
    recovery_seconds: float
    """From the last message sent until all were delivered."""
    p50_before: float
    p50_after: float


async def measure_overload(stage: Stage, usage: Measure) -> Overload:
    """Find the limit, exceed it, and measure the usual load before and after."""
    # The limit is not known yet: channels enough for the largest rate.
    channels = channels_for(MAX_RATE * EXCESS, SECONDS, RECIPIENTS)
    async with parley_users(stage, RECIPIENTS * channels) as users:
        before = await measure_steady(await parley_group(users, size=RECIPIENTS), rate=USUAL_RATE, seconds=SECONDS)
        carried: Figures | None = None
        limit, rate = 0.0, FIRST_RATE
        while rate <= MAX_RATE:
            group = await parley_group(users, size=RECIPIENTS)
            figures = await measure_steady(group, rate=rate, seconds=SECONDS, usage=usage)
            await asyncio.sleep(PAUSE_SECONDS)
            if figures.p95 > MAX_P95_MS:
                break
            carried, limit, rate = figures, rate, rate * STEP
        if carried is None:
            raise RuntimeError(f"the stage does not carry {FIRST_RATE:g} messages a second")
        group = await parley_group(users, size=RECIPIENTS)
        keys, ended = await exceed(group, limit * EXCESS)
        await asyncio.sleep(PAUSE_SECONDS)
        after = await measure_steady(await parley_group(users, size=RECIPIENTS), rate=USUAL_RATE, seconds=SECONDS)
    return overload_of(group, keys, ended, limit=limit, carried=carried, usual=(before.p50, after.p50))


async def exceed(group: Group, rate: float) -> tuple[list[str], float]:
    """Send at a rate, wait until all has arrived, and return the messages and when the last one was sent."""
    keys, _ = await send_steadily(group, rate=rate, seconds=SECONDS)
    ended = time.perf_counter()
    await group.wait_for(keys, MAX_RECOVERY_SECONDS)
    return keys, ended


def overload_of(
    group: Group, keys: list[str], ended: float, *, limit: float, carried: Figures, usual: tuple[float, float]
) -> Overload:
    """The figures of a load beyond the limit, whose last message was sent at `ended`."""
    arrivals = [(at, at - group.sent[key]) for key in keys for at in group.arrived.get(key, ())]
    return Overload(
        carried=round(limit, 1),
        emulator_processors=round(carried.emulator_ms * limit / 1000, 2),
        functions_processors=round(carried.functions_ms * limit / 1000, 2),
        rate=round(limit * EXCESS, 1),
        sent=len(keys),
        acknowledged=sum(key in group.acked for key in keys),
        refused=sum(group.refused.values()),
        lost=sum(key in group.acked and len(group.arrived.get(key, ())) < group.recipients for key in keys),
        p95=percentile(sorted(latency * 1000 for _, latency in arrivals), 95),
        recovery_seconds=round(max(0.0, max((at for at, _ in arrivals), default=ended) - ended), 1),
        p50_before=usual[0],
        p50_after=usual[1],
    )


def overload_table(found: Overload) -> Table:
    """What was measured, a line for each figure."""
    table = Table("beyond the limit", "")
    for label, value in (
        ("messages/s carried, p95 within a second", f"{found.carried:g}"),
        (
            "processors of the emulator and of the functions then",
            f"{found.emulator_processors}, {found.functions_processors}",
        ),
        (f"messages sent at {found.rate:g}/s", str(found.sent)),
        ("acknowledged, refused", f"{found.acknowledged}, {found.refused}"),
        ("acknowledged and lost", str(found.lost)),
        ("p95", f"{found.p95:.0f} ms"),
        ("until all were delivered, from the last message sent", f"{found.recovery_seconds:g} s"),
        (f"p50 of {USUAL_RATE:g} messages/s before and after", f"{found.p50_before:g} ms, {found.p50_after:g} ms"),
    ):
        table.add_row(label, value)
    return table


def channels_for(rate: float, seconds: float, size: int) -> int:
    """How many channels of this size a load needs, so that no member exceeds their rate."""
    return max(1, round(rate * seconds / (size * (MEMBERS_BURST + MEMBERS_RATE * seconds)) + 0.5))
