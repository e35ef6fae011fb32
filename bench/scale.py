"""Simulate a stage under load: `python -m bench.scale`. Needs no stage.

Prints the time to the last recipient by load for channels of several sizes, with both published latencies, and
what the queue model of the local stage (`bench.queue_model`) predicts, next to a recorded run. That says nothing
about the latencies on AWS. `--pictures` writes the pictures of docs/scale.md.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.chart import Line, line_chart
from bench.pauses import Pauses
from bench.queue_model import Load, QueueModel, Size, predictions_table
from bench.runs import save
from bench.scale_demand import Demand
from bench.scale_model import (
    FAST,
    SLOW,
    Quotas,
    Result,
    Services,
    SimulatedStage,
    under_load,
)

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SHARES = (0.05, 0.2, 0.5, 0.8, 0.95, 1.2)
"""The loads, as shares of what the quota of requests carries."""
SECONDS = 20.0
"""The time of one load."""
LONG_SECONDS = 300.0
"""The same for large channels, which get few messages."""

RECORDED = QueueModel(
    known=(
        Size(recipients=2, alone_ms=14.3, burst_rate=63.7),
        Size(recipients=30, alone_ms=29.0, burst_rate=38.1),
    ),
    predicted=Size(recipients=10, alone_ms=18.4, burst_rate=54.4),
    loads=(
        Load(recipients=10, rate=30, p50=20.9, p95=57.8),
        Load(recipients=30, rate=20, p50=29.3, p95=61.7),
    ),
    pauses=Pauses(
        (
            0.073,
            0.081,
            0.058,
            0.034,
            0.069,
            0.061,
            0.097,
            0.063,
            0.038,
            0.074,
            0.066,
            0.072,
            0.043,
            0.061,
            0.042,
            0.078,
            0.044,
            0.057,
        ),
        24,
    ),
)
"""A run of `make bench ONLY=model` on a quiet machine. Each run compares the model with its own figures."""


def main(
    pictures: Annotated[bool, typer.Option(help="Write the SVG files of docs/scale.md")] = False,
) -> None:
    """Simulate channels of 10 to 100,000 connections, and the local stage."""
    console = Console()
    console.print(predictions_table(RECORDED))
    results = {
        f"{recipients:,} connections, {services.source}": [
            asdict(result) for result in simulate(services, Quotas(), recipients)
        ]
        for recipients in (10, 1_000, 10_000)
        for services in (SLOW, FAST)
    }
    console.print(_load_table(results))
    raised = {
        f"10,000 connections, {shards} shards": [asdict(result) for result in simulate_raised(shards)]
        for shards in (1, 8)
    }
    console.print(_load_table(raised))
    console.print(_demand_table())
    save("scale", {"local": asdict(RECORDED), "loads": results, "raised": raised})
    if pictures:
        _draw(results)


def simulate(services: Services, quotas: Quotas, recipients: int) -> list[Result]:
    """The results of one channel under rising load."""
    most = quotas.requests / (recipients + 1)
    results = []
    for share in SHARES:
        rate = most * share
        seconds = SECONDS if recipients < 1_000 else LONG_SECONDS
        stage = SimulatedStage(services, quotas, recipients)
        results.append(under_load(stage, rate, seconds=seconds))
    return results


def simulate_raised(shards: int) -> list[Result]:
    """A channel of 10,000 connections, in an account whose requests and functions were raised a hundredfold."""
    quotas = Quotas(requests=1_000_000, request_burst=500_000, functions=100_000, shards=shards)
    return [under_load(SimulatedStage(FAST, quotas, 10_000), rate, seconds=SECONDS) for rate in (1, 4, 8, 12, 16)]


def _load_table(results: dict[str, list[dict[str, float]]]) -> Table:
    table = Table(
        "channel, latencies of", "messages/s", "p50 ms", "p95 ms", "in progress at the end", "posts lost"
    )
    for name, loads in results.items():
        for load in loads:
            table.add_row(
                name,
                f"{load['rate']:,.2f}",
                f"{load['p50']:,.0f}",
                f"{load['p95']:,.0f}",
                f"{load['backlog']}",
                f"{load['lost']:.1%}",
            )
    return table


def _demand_table() -> Table:
    sizes = [Demand(people) for people in (1_000, 100_000, 10_000_000)]
    table = Table("per second", *(f"{size.people:,} people" for size in sizes))
    rates = ("messages", "frames", "posts", "status_posts", "pings", "connects", "requests", "events")
    more = ("rest_requests", "functions", "subscription_writes", "reconnects", "reconnect_requests")
    last = ("reconnect_functions", "reconnect_writes", "people_requests", "people_reads")
    for name in (*rates, *more, *last):
        table.add_row(name, *(f"{getattr(size, name):,.1f}" for size in sizes))
    for kind in sizes[0].dollars():
        table.add_row(f"$ a month: {kind}", *(f"{size.dollars()[kind]:,.0f}" for size in sizes))
    table.add_row("$ a month", *(f"{sum(size.dollars().values()):,.0f}" for size in sizes))
    return table


def _draw(results: dict[str, list[dict[str, float]]]) -> None:
    def lines(value: str) -> list[Line]:
        return [
            Line(name, [(load["rate"], max(load[value], 1)) for load in loads], is_dashed=number % 2 == 1)
            for number, (name, loads) in enumerate(results.items())
        ]

    latency = line_chart("Time to the last recipient, p95", "messages per second", "ms", lines("p95"))
    backlog = line_chart("Messages in progress", "messages per second", "messages", lines("backlog"))
    (PICTURES / "scale-latency.svg").write_text(latency)
    (PICTURES / "scale-backlog.svg").write_text(backlog)


if __name__ == "__main__":
    typer.run(main)
