"""The time of operators' commands on an idle local stage: `python -m bench.commands`, with a local stage running.

Each command is a new process, as an operator starts it. `runs --failed` is also measured with a large log of
the workflow: copies of runs that are in the log, some of them failed, in a stream that is deleted at the end.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from bench.runs import run_program, save, stage_to_measure
from local.state_directory import DEFAULT_STATE_DIR
from ops.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
STREAM = "bench"
FAILED_EVERY = 20
"""Of the copied runs, one in this many has failed."""
MAX_BATCH_BYTES = 900_000
MAX_BATCH_EVENTS = 5_000
"""Below the limits of PutLogEvents: 1 MiB and 10,000 events."""
EVENT_BYTES = 26
"""What CloudWatch Logs adds to the size of each event."""
COMMANDS: tuple[tuple[str, float], ...] = (
    ("--help", 0.5),
    ("status", 0.5),
    ("doctor", 1.5),
    ("runs", 1.5),
    ("runs --failed", 1.5),
    ("redrive --dry-run", 1.5),
    ("redrive", 1.5),
    ("check", 1.5),
    ("replay --since 1h", 1.5),
    ("tail --seconds 0.01", 1.5),
    ("users list", 1.5),
    ("token alice", 1.5),
)
"""Each command with the seconds that it may take."""
LARGE_LOG: tuple[tuple[str, float], ...] = (("runs --failed", 3.0), ("runs", 3.0))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One command: its times in seconds, and what it may take."""

    command: str
    median: float
    fastest: float
    slowest: float
    processor: float
    """The processor time of the command alone: more reliable than the others when the machine has other work."""
    allowed: float
    code: int


def main(
    state_dir: Annotated[Path, typer.Option(help="The local stage's state directory")] = DEFAULT_STATE_DIR,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How often each command is started")] = 5,
    megabytes: Annotated[int, typer.Option(min=1, max=200, help="The size of the large log")] = 25,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure the commands, and those that read the workflow's log with a large one."""
    stage = stage_to_measure(state_dir)
    figures = [measure(state_dir, command, allowed, rounds) for command, allowed in COMMANDS]
    with large_log(stage, megabytes * 1_000_000) as runs:
        more = [measure(state_dir, command, allowed, rounds) for command, allowed in LARGE_LOG]
    save("commands", {"commands": list(map(asdict, figures)), "largeLog": list(map(asdict, more)), "runs": runs})
    if as_json:
        typer.echo(json.dumps([asdict(figure) for figure in (*figures, *more)]))
        return
    console = Console()
    console.print(show("An idle stage", figures))
    console.print(show(f"A log of {megabytes} MB, {runs} runs", more))


def measure(state_dir: Path, command: str, allowed: float, rounds: int) -> Figure:
    """Start a command several times, one after the other."""
    seconds: list[float] = []
    code = 0
    spent_before = processor_seconds()
    for _ in range(rounds):
        started = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "local.command_line", "--state-dir", str(state_dir), *command.split()],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        seconds.append(time.perf_counter() - started)
        code = max(code, ended.returncode)
    return Figure(
        command=command,
        median=statistics.median(seconds),
        fastest=min(seconds),
        slowest=max(seconds),
        processor=(processor_seconds() - spent_before) / rounds,
        allowed=allowed,
        code=code,
    )


def processor_seconds() -> float:
    """The processor time of all ended child processes."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextmanager
def large_log(stage: Stage, size: int) -> Iterator[int]:
    """Fill the workflow's log up to a size with copied runs of the last hour; yield their number."""
    logs, group = stage.client("logs"), stage.output("Delivery", "DeliverLogGroupName")
    originals = runs_in_log(stage)
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
        events, count = copies(originals, size)
        for batch in batches(events):
            logs.put_log_events(logGroupName=group, logStreamName=STREAM, logEvents=batch)
        yield count
    finally:
        with suppress(ClientError, BotoCoreError):
            logs.delete_log_stream(logGroupName=group, logStreamName=STREAM)


def runs_in_log(stage: Stage) -> list[list[dict[str, Any]]]:
    """The lines of the longest runs in the log. Exits with 1 if there is none."""
    pages = stage.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=stage.output("Delivery", "DeliverLogGroupName"))
    runs: dict[str, list[dict[str, Any]]] = {}
    for page in found:
        for event in page["events"]:
            line = json.loads(event["message"])
            runs.setdefault(line["execution_arn"], []).append(line)
    if not runs:
        typer.echo("The workflow's log holds no run to copy: send a message first.", err=True)
        raise typer.Exit(1)
    return sorted(runs.values(), key=len)[-3:]


def copies(originals: Sequence[list[dict[str, Any]]], size: int) -> tuple[list[dict[str, Any]], int]:
    """The log events of copied runs, spread over the last hour, oldest first, and the number of runs."""
    written = {id(run): sum(len(json.dumps(line)) for line in run) for run in originals}
    count = max(1, size // (sum(written.values()) // len(originals)))
    now, events = int(time.time() * 1000), []
    for number in range(count):
        original = originals[number % len(originals)]
        started = now - 3_500_000 + 3_400_000 * number // count
        shift = started - int(original[0]["event_timestamp"])
        run_id = str(uuid4())
        for line in original:
            at = int(line["event_timestamp"]) + shift
            arn = f"{line['execution_arn'].rpartition(':')[0]}:{run_id}"
            copy = {**line, "execution_arn": arn, "event_timestamp": str(at)}
            if number % FAILED_EVERY == 0 and line["type"] == "ExecutionSucceeded":
                copy |= {"type": "ExecutionFailed", "details": {"error": "Bench", "cause": "copied"}}
            events.append({"timestamp": at, "message": json.dumps(copy)})
    return sorted(events, key=lambda event: event["timestamp"]), count


def batches(events: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The events in calls of PutLogEvents."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        length = len(event["message"]) + EVENT_BYTES
        if batch and (size + length > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def show(title: str, figures: Sequence[Figure]) -> Table:
    """The figures as a table."""
    table = Table("command", "median", "fastest", "slowest", "processor", "allowed", "", title=title)
    for figure in figures:
        times = (figure.median, figure.fastest, figure.slowest, figure.processor, figure.allowed)
        is_good = figure.median <= figure.allowed
        table.add_row(
            figure.command,
            *(f"{seconds:.2f} s" for seconds in times),
            ("✓" if is_good else "too slow") + (f", exit code {figure.code}" if figure.code else ""),
        )
    return table


if __name__ == "__main__":
    run_program(main)
