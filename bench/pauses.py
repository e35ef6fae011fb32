"""When this machine runs nothing: a virtual machine is stopped for a while when its host needs the processors.

No program of the machine sees it, and its processor time goes on. A message of that moment takes as much longer,
whatever processes it.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

LOOPS = 30_000
"""Of a piece of work, which takes about a millisecond."""
SLOW = 2.0
"""A piece is slow if it takes so many times the median."""
LEAST_SECONDS = 0.005
"""Less is the work of other programs."""
SAME_SECONDS = 0.05
"""Slow pieces that are nearer to each other are of one pause: the first ones after it are slow too."""


@dataclass(frozen=True)
class Pauses:
    """The seconds that were lost in each pause of some time."""

    lengths: tuple[float, ...] = ()
    observed_seconds: float = 0.0

    def __str__(self) -> str:
        if not self.lengths:
            return "none"
        between = self.observed_seconds / len(self.lengths)
        return f"{statistics.median(self.lengths) * 1000:.0f} ms every {between:.1f} s"

    def __add__(self, other: "Pauses") -> "Pauses":
        return Pauses(self.lengths + other.lengths, self.observed_seconds + other.observed_seconds)


def measure_pauses(seconds: float) -> Pauses:
    """Use one processor for some seconds. Nothing else should use the machine."""
    began = before = time.perf_counter()
    times = []
    while before < began + seconds:
        for _ in range(LOOPS):
            pass
        after = time.perf_counter()
        times.append(after - before)
        before = after
    return pauses_of(times)


def pauses_of(times: Sequence[float]) -> Pauses:
    """The pauses in the times of pieces of work, one after the other."""
    usual = statistics.median(times)
    lengths: list[float] = []
    since_slow = SAME_SECONDS
    for taken in times:
        if taken < SLOW * usual:
            since_slow += taken
            continue
        if since_slow >= SAME_SECONDS:
            lengths.append(0.0)
        lengths[-1] += taken - usual
        since_slow = 0.0
    return Pauses(tuple(length for length in lengths if length >= LEAST_SECONDS), sum(times))
