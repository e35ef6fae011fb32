"""Every measurement with one command: `make bench`, or `python -m bench.suite`.

Starts another local stage in a temporary directory, deploys the direct design (`bench.baseline`) to the same
emulator, and measures both in turn, so that each figure of Parley has that of the direct design in the same run.
Prints tables, and writes `bench/results/suite.json` and charts. On a machine that other programs use too, compare
the ratios and the processor times.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.aging import COMPARED_BLOCKS, Aging, Block, aging_of, measure_blocks, measure_use
from bench.baseline import stack as baseline
from bench.cold_start import HANDLERS, import_once, unpacked
from bench.counts import Count, growth, measure_counts
from bench.groups import Group, baseline_group, parley_group, parley_users
from bench.hops import HopTime, hops_table, measure_hops
from bench.load import Figures, measure_pair, measure_steady, median_of, until_idle
from bench.machine import this_machine
from bench.overload import MAX_P95_MS, Overload, channels_for, measure_overload, overload_table
from bench.parts import Part, measure_parts
from bench.pauses import Pauses, measure_pauses
from bench.plots import Chart, svg
from bench.processes import Usage, UsageReader
from bench.queue_model import QueueModel, measure_queue_model, predictions_table
from bench.runs import RESULTS, run_program, save
from bench.storm import Storm, baseline_storm, parley_storm
from ops.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
# Processor time is counted in hundredths of a second, and the rate of a member allows few messages in a round.
PAIR_ROUNDS = 5
PAUSES_SECONDS = 5.0
CROWD = 100
"""People who are connected, in channels of ten."""
SUSTAINED_RATES = (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 90.0)
PARTS = (
    "start",
    "pair",
    "steady",
    "crowd",
    "hops",
    "sustained",
    "overload",
    "model",
    "fan-out",
    "storm",
    "parts",
    "counts",
    "cold",
    "aging",
)


@dataclass
class Results:
    """All figures of a run."""

    machine: dict[str, Any]
    pauses: Pauses | None = None
    """Of the machine, before the stage is measured."""
    start_seconds: dict[str, float] = field(default_factory=dict)
    deliveries: list[Figures] = field(default_factory=list)
    """Medians of the rounds."""
    rounds: list[Figures] = field(default_factory=list)
    hops: list[HopTime] = field(default_factory=list)
    sustained: list[dict[str, Any]] = field(default_factory=list)
    overload: Overload | None = None
    queue_model: QueueModel | None = None
    storms: list[Storm] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    cold_starts: list[dict[str, Any]] = field(default_factory=list)
    aging: Aging | None = None


def main(
    full: Annotated[
        bool, typer.Option(help="The full form: more rounds, sizes and messages; about an hour")
    ] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Some of: {', '.join(PARTS)}")] = None,
    storm: Annotated[int, typer.Option(min=2, max=500, help="People who connect at once")] = 100,
    aging: Annotated[
        int, typer.Option(min=0, help="Messages of the aging run; 0: 2,000, or 20,000 with --full")
    ] = 0,
    aging_minutes: Annotated[
        float, typer.Option(min=0, help="How long the stage of the aging run is used before its last messages")
    ] = 0,
) -> None:
    """Measure a new local stage and the direct design."""
    chosen = tuple(only or PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    results = Results(machine=asdict(this_machine()))
    run = Run(results, chosen, rounds=5 if full else 3, is_full=full)
    try:
        if "cold" in chosen:
            results.cold_starts = cold_starts(rounds=9 if full else 3)
        if "counts" in chosen:
            results.counts = measure_counts()
        if set(chosen) - {"cold", "counts", "aging"}:
            with own_stage(results, twice="start" in chosen) as (stage, pids), baseline.deployed(stage) as url:
                run.measure_stage(stage, url, UsageReader(pids), storm=storm)
        if "aging" in chosen:
            results.aging = measure_aging(results, aging or (20_000 if full else 2_000), minutes=aging_minutes)
    finally:
        # What was measured before a failure is not lost.
        save("suite", asdict(results))
        for name, chart in charts(results).items():
            (RESULTS / f"{name}.svg").write_text(svg(chart), encoding="utf-8")
        show(results)


@contextmanager
def own_stage(results: Results, *, twice: bool) -> Iterator[tuple[Stage, dict[str, int]]]:
    """A local stage in a temporary directory, until the block ends; `twice` measures its second start too."""
    with tempfile.TemporaryDirectory() as folder:
        state = ["--state-dir", folder]
        description = up(results, "first", state)
        try:
            if twice:
                parley("down", *state)
                description = up(results, "second", state)
            yield Stage.local(Path(folder)), description["pids"]
        finally:
            parley("down", *state)


def up(results: Results, name: str, state: Sequence[str]) -> dict[str, Any]:
    """Start the stage, and note how long that took."""
    began = time.perf_counter()
    ports = ["--port", "0", "--emulator-port", "0"] if name == "first" else []
    described = parley("up", "--detach", "--json", "--stop-with", str(os.getpid()), *ports, *state)
    # The stages of the aging run come later, when the caches are warm.
    results.start_seconds.setdefault(name, round(time.perf_counter() - began, 1))
    return dict(json.loads(described[described.index("{") :]))


def parley(*arguments: str) -> str:
    """Run a command of `parley`. Exits with its output if it fails."""
    command = [sys.executable, "-m", "local.command_line", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        typer.echo(done.stdout + done.stderr, err=True)
        raise typer.Exit(1)
    return done.stdout


@dataclass
class Run:
    """One run of the suite."""

    results: Results
    chosen: Sequence[str]
    rounds: int
    is_full: bool

    def measure_stage(self, stage: Stage, url: str, read: Callable[[], Usage], *, storm: int) -> None:
        """Measure what was chosen."""
        asyncio.run(self._measure(stage, url, read, storm))

    async def _measure(self, stage: Stage, url: str, read: Callable[[], Usage], storm: int) -> None:
        await until_idle(read)
        self.results.pauses = await asyncio.to_thread(measure_pauses, PAUSES_SECONDS)
        if "pair" in self.chosen:
            await self._compare(
                stage,
                url,
                2,
                lambda group: measure_pair(group, count=30, usage=read),
                read,
                rounds=self.rounds * PAIR_ROUNDS,
            )
        for part, connected in (("steady", 10), ("crowd", CROWD)):
            if part in self.chosen:
                await self._compare(
                    stage,
                    url,
                    10,
                    lambda group: measure_steady(group, rate=10, seconds=10, usage=read),
                    read,
                    connected=connected,
                )
        if "hops" in self.chosen:
            await until_idle(read)
            self.results.hops = await measure_hops(stage)
        if "fan-out" in self.chosen:
            for size in (10, 100, 300) if self.is_full else (10, 100):
                await self._compare(
                    stage, url, size, lambda group: measure_pair(group, count=10, usage=read), read, again=True
                )
        if "sustained" in self.chosen:
            for size in (2, 10, 100) if self.is_full else (2, 10):
                await self._sustain(stage, url, size, read)
        if "overload" in self.chosen:
            await until_idle(read)
            self.results.overload = await measure_overload(stage, read)
        if "model" in self.chosen:
            await until_idle(read)
            self.results.queue_model = await measure_queue_model(stage, read, rounds=self.rounds)
        if "storm" in self.chosen:
            await until_idle(read)
            self.results.storms = [await parley_storm(stage, storm), await baseline_storm(url, storm)]
        if "parts" in self.chosen:
            async with parley_users(stage, 10) as users:
                await until_idle(read)
                self.results.parts = await measure_parts(stage, users, read)

    async def _compare(
        self,
        stage: Stage,
        url: str,
        size: int,
        measure: Callable[[Group], Any],
        read: Callable[[], Usage],
        *,
        again: bool = False,
        rounds: int | None = None,
        connected: int = 0,
    ) -> None:
        """Measure both designs in turn, several times, in a new channel each time, or `again` in the same one.

        If more people are `connected` than a channel has, Parley has several channels. The direct design has none,
        and posts to all. Its sockets are open only while it is measured.
        """
        found: dict[str, list[Figures]] = {"parley": [], "baseline": []}
        connected = connected or size
        async with parley_users(stage, connected) as users:
            group = await parley_group(users, size=size)
            for number in range(rounds or self.rounds):
                if number and not again:
                    group = await parley_group(users, size=size)
                await until_idle(read)
                found["parley"].append(await measure(group))
                async with baseline_group(url, size=connected) as direct:
                    await until_idle(read)
                    found["baseline"].append(await measure(direct))
        for figures in found.values():
            self.results.rounds += figures
            self.results.deliveries.append(median_of(figures))

    async def _sustain(self, stage: Stage, url: str, size: int, read: Callable[[], Usage]) -> None:
        """Raise the rate until the p95 exceeds a second or frames are lost."""
        seconds = 10.0 if self.is_full else 6.0
        largest = SUSTAINED_RATES if self.is_full else SUSTAINED_RATES[:-1]
        channels = channels_for(max(largest), seconds, size)
        async with parley_users(stage, size * channels) as users:
            for rate in largest:
                group = await parley_group(users, size=size)
                await until_idle(read)
                if not await self._holds(await measure_steady(group, rate=rate, seconds=seconds, usage=read)):
                    break
        async with baseline_group(url, size=size) as group:
            for rate in largest:
                await until_idle(read)
                if not await self._holds(await measure_steady(group, rate=rate, seconds=seconds, usage=read)):
                    break

    async def _holds(self, figures: Figures) -> bool:
        """Note a step of the rate. Returns whether the design carried it."""
        carried = figures.p95 <= MAX_P95_MS and not figures.lost
        rate = float(figures.name.partition(" ")[0])
        self.results.sustained.append({"rate": rate, "carried": carried, **asdict(figures)})
        await asyncio.sleep(2)
        return carried


def measure_aging(results: Results, messages: int, *, minutes: float) -> Aging:
    """Use one stage, then start another one, to compare with."""

    def report(block: Block) -> None:
        figures = block.figures
        after = block.sent_before + figures.messages
        line = f"{after:,} messages: p50 {figures.p50} ms, {figures.processor_ms} ms of processor time"
        typer.echo(f"{line}, {block.emulator_megabytes} MB", err=True)

    began = time.monotonic()
    with own_stage(results, twice=False) as (stage, pids):
        read = UsageReader(pids)
        blocks = asyncio.run(measure_use(stage, messages=messages, minutes=minutes, usage=read, report=report))
    lasted = (time.monotonic() - began) / 60
    with own_stage(results, twice=False) as (stage, pids):
        read = UsageReader(pids)
        fresh = asyncio.run(measure_blocks(stage, count=COMPARED_BLOCKS, usage=read, report=report))
    return aging_of(blocks, fresh, minutes=lasted)


def cold_starts(*, rounds: int) -> list[dict[str, Any]]:
    """The import of each handler from its package with bytecode, and the size of the package."""
    with tempfile.TemporaryDirectory() as folder:
        paths = unpacked(Path(folder) / "package", compiled=True)
        size = sum(file.stat().st_size for file in Path(paths[0]).rglob("*") if file.is_file())
        measured = []
        for handler in HANDLERS:
            imports = [import_once(f"functions.handlers.{handler}", paths) for _ in range(rounds)]
            measured.append(
                {
                    "handler": handler,
                    "import_ms": round(sorted(part.milliseconds for part in imports)[rounds // 2]),
                    "import_processor_ms": round(sorted(part.processor_ms for part in imports)[rounds // 2]),
                    "megabytes": round(sorted(part.megabytes for part in imports)[rounds // 2]),
                    "package_kilobytes": round(size / 1024),
                }
            )
        return measured


def charts(results: Results) -> dict[str, Chart]:
    """The charts of what was measured, by file name."""
    found: dict[str, Chart] = {}
    if results.sustained:
        lines: dict[str, list[tuple[float, float]]] = {}
        for step in results.sustained:
            lines.setdefault(f"{step['design']}, {step['recipients']:g}", []).append((step["rate"], step["p95"]))
        found["sustained"] = Chart("Latency by load", "messages per second", "p95, ms", lines)
    if results.aging:
        blocks = results.aging.blocks
        series = {
            "processor": ("processor ms per message", [block.figures.processor_ms for block in blocks]),
            "memory": ("the emulator's memory, MB", [block.emulator_megabytes for block in blocks]),
        }
        for name, (label, values) in series.items():
            points = [(float(block.sent_before), value) for block, value in zip(blocks, values, strict=True)]
            found[f"aging-{name}"] = Chart(
                f"A stage in use: {label}", "messages before", label, {"parley": points}
            )
    return found


def show(results: Results) -> None:
    """Print the tables."""
    console = Console()
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    console.print(machine, style="dim")
    if results.pauses:
        console.print(f"pauses of the machine: {results.pauses}", style="dim")
    for table in (
        deliveries_table(results.deliveries),
        hops_table(results.hops),
        sustained_table(results.sustained),
        rows_table("connecting at once", [asdict(storm) for storm in results.storms]),
        rows_table("parts", [asdict(part) for part in results.parts]),
        rows_table("counts", [asdict(count) for count in results.counts]),
        rows_table("counts for 100 connections more", growth(results.counts)),
        rows_table("cold start", results.cold_starts),
        rows_table("start of the local stage, s", [results.start_seconds] if results.start_seconds else []),
    ):
        if table.row_count:
            console.print(table)
    if results.overload:
        console.print(overload_table(results.overload))
    if results.queue_model:
        console.print(predictions_table(results.queue_model))
    if results.aging:
        lists = ("blocks", "fresh")
        growths = {name: value for name, value in asdict(results.aging).items() if name not in lists}
        console.print(rows_table("aging", [growths]))


def deliveries_table(deliveries: Sequence[Figures]) -> Table:
    """A row for each load, with the direct design's figures and the ratios."""
    table = Table(title="Send to delivered: Parley / direct design = ratio")
    for column in ("load", "p50, ms", "p95, ms", "processor, ms a message", "frames", "lost"):
        table.add_column(column, justify="left" if column == "load" else "right")
    for ours, theirs in zip(deliveries[::2], deliveries[1::2], strict=True):
        cells = []
        for name in ("p50", "p95", "processor_ms"):
            pair = getattr(ours, name), getattr(theirs, name)
            ratio = f" = {pair[0] / pair[1]:.2f}" if pair[1] else ""
            cells.append(f"{pair[0]:.1f} / {pair[1]:.1f}{ratio}")
        crowd = f" of {theirs.recipients:g}" if theirs.recipients != ours.recipients else ""
        frames, lost = (f"{getattr(ours, name)} / {getattr(theirs, name)}" for name in ("expected", "lost"))
        table.add_row(f"{ours.name}, to {ours.recipients:g}{crowd}", *cells, frames, lost)
    return table


def sustained_table(steps: Sequence[dict[str, Any]]) -> Table:
    """The highest rate that each design carried, by recipients."""
    table = Table(
        "recipients", "design", "messages/s carried", "p50", "p95", "CPU ms a message", title="Sustained"
    )
    for size, design in dict.fromkeys((step["recipients"], step["design"]) for step in steps):
        own = [step for step in steps if (step["recipients"], step["design"]) == (size, design)]
        best = next((step for step in reversed(own) if step["carried"]), None)
        figures = (
            ("none", "", "", "")
            if best is None
            else (f"{best['rate']:g}", f"{best['p50']:.0f}", f"{best['p95']:.0f}", f"{best['processor_ms']:.1f}")
        )
        table.add_row(f"{size:g}", design, *figures)
    return table


def rows_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Dictionaries with the same keys as a table."""
    table = Table(*(rows[0] if rows else ()), title=title)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table


if __name__ == "__main__":
    run_program(main)
