"""The time of messages by hop: `python -m bench.hops`, against the local stage that runs, or a deployed one.

The hops are those that `parley follow` shows for one message; here they are medians over some messages of a load.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.groups import Group, parley_group, parley_users
from bench.load import measure_pair, measure_steady, percentile
from bench.runs import run_program, save, stage_to_measure
from ops.errors import NotFoundError
from ops.follow import message_report
from ops.models import Hop
from ops.stage.stage import Stage

SAMPLE = 20
"""How many messages of a load are followed, the last ones. Their p95 is the second-largest time."""
MAX_WAIT_SECONDS = 90.0
"""On AWS, X-Ray and the logs have the data of a message half a minute later."""
POLL_SECONDS = 3.0
OUTSIDE = "client, socket, API Gateway, start of the function"


@dataclass(frozen=True, kw_only=True)
class HopTime:
    """The duration of one hop, in milliseconds, over a number of messages of a load."""

    load: str
    hop: str
    messages: int
    p50: float
    p95: float


def main(
    stage: Annotated[str, typer.Option(help="A deployed stage's name; without it, the local stage")] = "",
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
) -> None:
    """Measure the hops of messages one at a time to two users, then of a steady load to ten."""
    hops = asyncio.run(measure_hops(stage_to_measure(state_dir, stage)))
    save("hops", [asdict(hop) for hop in hops])
    Console().print(hops_table(hops))


async def measure_hops(stage: Stage) -> list[HopTime]:
    """The hops on a stage without other load, and with ten messages a second to ten users."""
    async with parley_users(stage, 10) as users:
        pair = await parley_group(users[:2], size=2)
        await measure_pair(pair, count=30)
        idle = await hop_times(stage, pair, "one message at a time, to 2")
        ten = await parley_group(users, size=10)
        await measure_steady(ten, rate=10, seconds=10)
        return [*idle, *await hop_times(stage, ten, "10 messages/s, to 10")]


async def hop_times(stage: Stage, group: Group, load: str) -> list[HopTime]:
    """The hops of the last messages that a group has sent, and the rest of what the clients measured.

    Messages of which the stage has no complete data in time are left out.
    """
    keys = [key for key in group.sent if key in group.message_ids][-SAMPLE:]
    durations: dict[str, list[float]] = {}
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    for key in keys:
        hops = await asyncio.to_thread(_hops, stage, group.message_ids[key], deadline)
        for hop in hops:
            durations.setdefault(hop.label, []).append(hop.duration_ms)
        if hops:
            measured_ms = (max(group.arrived[key]) - group.sent[key]) * 1000
            inside_ms = hops[-1].end_ms - hops[0].start_ms
            durations.setdefault(OUTSIDE, []).append(measured_ms - inside_ms)
    return [
        HopTime(
            load=load,
            hop=label,
            messages=len(found),
            p50=percentile(sorted(found), 50),
            p95=percentile(sorted(found), 95),
        )
        for label, found in durations.items()
    ]


def _hops(stage: Stage, message_id: str, deadline: float) -> Sequence[Hop]:
    """The hops of a message, once the stage has all of them; none if it does not have them at the deadline."""
    while True:
        try:
            hops = message_report.follow(stage, message_id).hops
        except NotFoundError:
            hops = []
        if hops and hops[0].name == "route" and hops[-1].name == "post":
            return hops
        if time.monotonic() > deadline:
            return []
        time.sleep(POLL_SECONDS)


def hops_table(times: Sequence[HopTime]) -> Table:
    """A row for each hop, and a column for each load."""
    loads = list(dict.fromkeys(hop.load for hop in times))
    table = Table("hop", *loads, title="Time by hop, ms: p50 (p95)")
    for name in dict.fromkeys(hop.hop for hop in times):
        by_load = {hop.load: hop for hop in times if hop.hop == name}
        cells = [f"{by_load[load].p50:.1f} ({by_load[load].p95:.1f})" if load in by_load else "" for load in loads]
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    run_program(main)
