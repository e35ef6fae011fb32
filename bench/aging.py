"""Whether a stage becomes slower with use: equal loads one after the other, then the same on a fresh stage.

The fresh stage is started at the end, so that the two are compared within minutes: over hours, the speed of a
shared machine changes.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.groups import parley_group, parley_users
from bench.load import Figures, Measure, measure_steady
from ops.stage.stage import Stage

SECONDS = 20.0
RATE = 15.0
MEMBERS = 10
COMPARED_BLOCKS = 3
"""How many blocks are compared: the last ones of the used stage, and the first ones of a fresh one."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One load of `SECONDS`, and how much memory the stage had after it."""

    sent_before: int
    figures: Figures
    emulator_megabytes: float
    all_megabytes: float


@dataclass(frozen=True, kw_only=True)
class Aging:
    """The blocks of a used and of a fresh stage, and by what fraction each figure of the used one is higher."""

    blocks: Sequence[Block]
    fresh: Sequence[Block]
    messages: int
    minutes: float
    p50_growth: float
    processor_growth: float
    memory_growth: float
    megabytes_per_1000_messages: float
    """The slope of the emulator's memory over the second half of the messages."""


Report = Callable[[Block], None]


async def measure_use(
    stage: Stage, *, messages: int, minutes: float, usage: Measure, report: Report
) -> list[Block]:
    """Send messages at a steady rate, in blocks, the last of them when all minutes have passed."""
    began = time.monotonic()
    count = max(COMPARED_BLOCKS, round(messages / (RATE * SECONDS)) - COMPARED_BLOCKS)
    blocks = await measure_blocks(stage, count=count, usage=usage, report=report)
    # Sockets would end after ten idle minutes: the last blocks have other users.
    await asyncio.sleep(max(0.0, began + minutes * 60 - time.monotonic()))
    sent = blocks[-1].sent_before + blocks[-1].figures.messages
    return blocks + await measure_blocks(
        stage, count=COMPARED_BLOCKS, usage=usage, report=report, sent_before=sent
    )


async def measure_blocks(
    stage: Stage, *, count: int, usage: Measure, report: Report, sent_before: int = 0
) -> list[Block]:
    """Measure a number of blocks by ten users, each in a new channel."""
    blocks: list[Block] = []
    async with parley_users(stage, MEMBERS) as users:
        for _ in range(count):
            group = await parley_group(users, size=MEMBERS)
            figures = await measure_steady(group, rate=RATE, seconds=SECONDS, usage=usage)
            used = usage()
            block = Block(
                sent_before=sent_before,
                figures=figures,
                emulator_megabytes=round(used.emulator_megabytes, 1),
                all_megabytes=round(used.all_megabytes, 1),
            )
            report(block)
            blocks.append(block)
            sent_before += figures.messages
    return blocks


def aging_of(blocks: Sequence[Block], fresh: Sequence[Block], *, minutes: float) -> Aging:
    """The last blocks of a used stage, compared with those of a fresh one."""
    half = blocks[len(blocks) // 2 :]
    slope = (half[-1].emulator_megabytes - half[0].emulator_megabytes) * 1000
    last = blocks[-COMPARED_BLOCKS:]

    def growth_of(value: Callable[[Block], float]) -> float:
        return growth([value(block) for block in fresh], [value(block) for block in last])

    return Aging(
        blocks=blocks,
        fresh=fresh,
        messages=blocks[-1].sent_before + blocks[-1].figures.messages,
        minutes=round(minutes, 1),
        p50_growth=growth_of(lambda block: block.figures.p50),
        processor_growth=growth_of(lambda block: block.figures.processor_ms),
        memory_growth=growth_of(lambda block: block.emulator_megabytes),
        megabytes_per_1000_messages=round(slope / (half[-1].sent_before - half[0].sent_before), 2),
    )


def growth(first: Sequence[float], last: Sequence[float]) -> float:
    """The fraction by which the median of the last values is above that of the first ones: 0.1 is a tenth."""
    before, after = sorted(first)[len(first) // 2], sorted(last)[len(last) // 2]
    return round(after / before - 1, 3) if before else 0.0
