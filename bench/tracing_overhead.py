"""What collecting costs: `python -m bench.tracing_overhead`, against the local stage that runs.

The same burst is sent again and again: without traces, with those that functions send and the stage collects, and
with an open inspector besides, in turn, so that whatever else the machine does falls on all alike. Messages per
second are counted from the first frame sent to the last one delivered. On a machine that others use as well the
processor time that the stage takes for each message says more, where the system tells it (Linux).
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import keep, stage_to_measure
from local.stage import LocalStage
from local.state_directory import DEFAULT_STATE_DIR
from ops.chat_client import ChatClient, open_client
from ops.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
SWITCH = "POWERTOOLS_TRACE_DISABLED"
# A little under what everybody may say at once, see the stage's messageBurst.
BURST = 18
# After a burst of warming up, until everybody may say as much again.
WARM_UP_REST_SECONDS = 9.5
DELIVERED_SECONDS = 120.0
SETTLE_SECONDS = 2.5
PASSWORD = "Parley-bench-1"  # noqa: S105 - of people made for a measurement on this machine


class Watching(StrEnum):
    """What is watched during a burst."""

    NOTHING = "nothing"
    TRACES = "traces"
    INSPECTOR = "traces, and an open inspector"


@dataclass
class Rounds:
    """Bursts of one kind: messages per second, and the stage's processor time for a message in milliseconds."""

    speeds: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What was measured, and what watching takes of it, by the medians."""

    people: int
    messages: int
    rounds: dict[Watching, Rounds]
    events_seen: int
    runs_seen: int

    def of(self, watching: Watching) -> float:
        """The part of the throughput that it takes."""
        return 1 - self._median(watching) / self._median(Watching.NOTHING)

    def processor_time_of(self, watching: Watching) -> float | None:
        """The part of the processor time for a message that it takes; None where the system does not tell."""
        spent, before = self.rounds[watching].processor_ms, self.rounds[Watching.NOTHING].processor_ms
        return 1 - statistics.median(before) / statistics.median(spent) if before and spent else None

    def _median(self, watching: Watching) -> float:
        return statistics.median(self.rounds[watching].speeds)


class Page:
    """An inspector that is open: it reads the live stream and counts."""

    def __init__(self) -> None:
        self.events = 0
        self.runs = 0

    @contextmanager
    def opened(self, stage: Stage, token: str) -> Iterator[None]:
        """Read until the block ends, in a process of its own."""
        with subprocess.Popen(
            [sys.executable, "-m", "bench.inspector_page"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:
            on_progress, tells = reader.stdin, reader.stdout
            if on_progress is None or tells is None:
                raise RuntimeError("the inspector's page has no pipes")
            on_progress.write(f"{stage.site_url}/inspector-api/live\n{token}\n")
            on_progress.flush()
            if tells.readline().strip() != "open":
                raise RuntimeError("the inspector's stream did not open")
            time.sleep(1)
            try:
                yield
            finally:
                on_progress.close()
                counts = json.loads(tells.readline())
                self.events += counts["events"]
                self.runs += counts["runs"]


def main(
    state_dir: Annotated[Path, typer.Option(help="The local stage's state directory")] = DEFAULT_STATE_DIR,
    people: Annotated[int, typer.Option(min=2, max=20, help="Who talk, all in one channel")] = 10,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Bursts of each kind")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure bursts with and without traces and an open inspector, in turn."""
    stage = stage_to_measure(state_dir)
    local = LocalStage.load(state_dir)
    try:
        found = asyncio.run(measure(stage, local, people=people, rounds=rounds))
    finally:
        switch(stage, local, traced=True)
    figures = {
        **asdict(found),
        "cost": {watching: found.of(watching) for watching in Watching},
        "processorCost": {watching: found.processor_time_of(watching) for watching in Watching},
    }
    keep("collecting", figures)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        show(found)


async def measure(stage: Stage, local: LocalStage, *, people: int, rounds: int) -> Cost:
    """Bursts of each kind, in turn."""
    page = Page()
    found = {watching: Rounds() for watching in Watching}
    kinds = list(Watching)
    for number in range(rounds):
        # Each time in another order, so that a stage that grows slower favours none.
        for watching in kinds[number % 3 :] + kinds[: number % 3]:
            await asyncio.to_thread(switch, stage, local, traced=watching is not Watching.NOTHING)
            await _round(stage, local, found[watching], page if watching is Watching.INSPECTOR else None, people)
    return Cost(
        people=people,
        messages=people * BURST,
        rounds=found,
        events_seen=page.events,
        runs_seen=page.runs,
    )


async def _round(stage: Stage, local: LocalStage, found: Rounds, page: Page | None, people: int) -> None:
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(_somebody(stage, each)) for each in range(people)]
        token = stage.user_pool.id_token(crowd[0].user["username"], PASSWORD)
        channel_id = await _channel(crowd)
        # Switching replaced the environments of the functions: as many as a burst needs must be there.
        await _burst(crowd, channel_id, BURST)
        await asyncio.sleep(WARM_UP_REST_SECONDS)
        opened = page.opened(stage, token) if page else nullcontext()
        await asyncio.to_thread(opened.__enter__)
        try:
            before = processor_seconds(local)
            found.speeds.append(round(await _burst(crowd, channel_id, BURST), 1))
            # The inspector looks at runs every two seconds.
            await asyncio.sleep(SETTLE_SECONDS)
            if spent := processor_seconds(local) - before:
                found.processor_ms.append(round(spent * 1000 / (people * BURST), 2))
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)


def processor_seconds(local: LocalStage) -> float:
    """What the stage's processes have used so far, ended children included; 0 where the system does not tell."""
    roots = {int(pid) for pid in local.description["pids"].values()}
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(status.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(int(field) for field in fields[11:15])

    def belongs(pid: int) -> bool:
        while pid and pid not in roots:
            pid = parents.get(pid, 0)
        return pid in roots

    return sum(used for pid, used in ticks.items() if belongs(pid)) / os.sysconf("SC_CLK_TCK")


def switch(stage: Stage, local: LocalStage, *, traced: bool) -> None:
    """Have every function of the stage trace, or not, and warm: newly started whether that changes or not."""
    functions = stage.client("lambda")
    for listed in functions.get_paginator("list_functions").paginate():
        for function in listed["Functions"]:
            variables: dict[str, Any] = dict((function.get("Environment") or {}).get("Variables") or {})
            if "PARLEY_STAGE" not in variables:
                continue
            variables[SWITCH] = str(not traced).lower()
            functions.update_function_configuration(
                FunctionName=function["FunctionName"], Environment={"Variables": variables}
            )
    local.warm_functions()


def _somebody(stage: Stage, number: int) -> Any:
    username = f"collecting-{number}-{uuid4().hex[:8]}"
    stage.user_pool.add(username, display_name=f"Bench {number}", password=PASSWORD)
    token = stage.user_pool.id_token(username, PASSWORD)
    return open_client(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


async def _channel(people: Sequence[ChatClient]) -> str:
    channel = await people[0].api.post("/channels", {"name": f"bench {uuid4().hex[:8]}", "kind": "private"})
    for person in people[1:]:
        await people[0].api.put(f"/channels/{channel['channelId']}/members/{person.user_id}")
    return str(channel["channelId"])


async def _burst(people: Sequence[ChatClient], channel_id: str, each: int) -> float:
    """Everybody says so much at once. Returns messages per second, sent to delivered to all."""
    started = time.perf_counter()
    sends = [person.send_message("measured", channel_id=channel_id) for person in people for _ in range(each)]
    acks = await asyncio.gather(*sends)
    refused = [ack for ack in acks if ack["type"] != "ack"]
    if refused:
        raise RuntimeError(f"{len(refused)} messages were refused: {refused[0]['code']}")
    wanted = {ack["messageId"] for ack in acks}
    deadline = time.perf_counter() + DELIVERED_SECONDS
    for person in people:
        socket = person.sockets[0]
        while not wanted <= {frame.get("messageId") for frame in socket.of_type("message")}:
            if time.perf_counter() > deadline:
                raise RuntimeError("a burst was not delivered in time")
            await asyncio.sleep(0.02)
    last = max(
        arrived
        for person in people
        for frame, arrived in zip(person.sockets[0].frames, person.sockets[0].arrived, strict=True)
        if frame.get("messageId") in wanted and frame["type"] == "message"
    )
    return len(wanted) / (last - started)


def show(found: Cost) -> None:
    """A table for people."""
    table = Table(title=f"{found.messages} messages to {found.people} people each")
    for column in ("watching", "messages/s", "rounds", "costs", "processor time a message", "costs"):
        table.add_column(column)
    for watching, rounds in found.rounds.items():
        processor = found.processor_time_of(watching)
        table.add_row(
            watching,
            f"{statistics.median(rounds.speeds):.1f}",
            ", ".join(f"{speed:.1f}" for speed in rounds.speeds),
            f"{found.of(watching):.1%}",
            "" if processor is None else f"{statistics.median(rounds.processor_ms):.1f} ms",
            "" if processor is None else f"{processor:.1%}",
        )
    console = Console()
    console.print(table)
    console.print(f"The inspector saw {found.events_seen} events and {found.runs_seen} runs.")


if __name__ == "__main__":
    typer.run(main)
