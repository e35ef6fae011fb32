"""Whether a stage becomes slower with use: the figures of equal loads, one after the other, and their slope."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.groups import parley_group
from bench.load import Figures, Measure, measure_steady
from tests.chat_client import ChatClient

SECONDS = 20.0
RATE = 15.0
MEMBERS = 10


@dataclass(frozen=True, kw_only=True)
class Block:
    """One load of `SECONDS`, and how much memory the stage had after it."""

    sent_before: int
    figures: Figures
    emulator_megabytes: float
    all_megabytes: float


@dataclass(frozen=True, kw_only=True)
class Aging:
    """The blocks, and how much each figure grew from the first three blocks to the last three."""

    blocks: Sequence[Block]
    messages: int
    p50_growth: float
    processor_growth: float
    memory_growth: float
    megabytes_per_1000_messages: float
    """The slope of the emulator's memory over the second half of the blocks."""


async def measure_aging(users: Sequence[ChatClient], *, messages: int, usage: Measure) -> Aging:
    """Send so many messages at a steady rate, in a new channel for each block."""
    blocks: list[Block] = []
    sent = 0
    while sent < messages or len(blocks) < 6:
        figures = await measure_steady(
            await parley_group(users[:MEMBERS], size=MEMBERS), rate=RATE, seconds=SECONDS, usage=usage
        )
        used = usage()
        blocks.append(
            Block(
                sent_before=sent,
                figures=figures,
                emulator_megabytes=round(used.emulator_megabytes, 1),
                all_megabytes=round(used.all_megabytes, 1),
            )
        )
        sent += figures.messages
    return aging_of(blocks, sent)


def aging_of(blocks: Sequence[Block], messages: int) -> Aging:
    """The growth over the blocks."""
    half = blocks[len(blocks) // 2 :]
    slope = (half[-1].emulator_megabytes - half[0].emulator_megabytes) * 1000
    return Aging(
        blocks=blocks,
        messages=messages,
        p50_growth=growth([block.figures.p50 for block in blocks]),
        processor_growth=growth([block.figures.processor_ms for block in blocks]),
        memory_growth=growth([block.emulator_megabytes for block in blocks]),
        megabytes_per_1000_messages=round(slope / (half[-1].sent_before - half[0].sent_before), 2),
    )


def growth(values: Sequence[float]) -> float:
    """By which part the median of the last three values is above that of the first three: 0.1 is a tenth."""
    first, last = sorted(values[:3])[1], sorted(values[-3:])[1]
    return round(last / first - 1, 3) if first else 0.0
