"""What collecting costs: `python -m bench.collecting`, against the local stage that runs.

The same burst is sent again and again, with the functions' traces and an open inspector, and without both, in
turn, so that whatever else the machine does falls on both alike. Messages per second are counted from the first
frame sent to the last one delivered. On a machine that others use as well the processor time that the stage takes
for each message says more, where the system tells it (Linux).
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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import keep, stage_to_measure
from local.stage import LocalStage
from local.state_directory import DEFAULT
from ops.chat_client import ChatClient, chatting
from ops.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
SWITCH = "POWERTOOLS_TRACE_DISABLED"
# A little under what everybody may say at once, see the stage's messageBurst.
BURST = 18
DELIVERED_SECONDS = 120.0
SETTLE_SECONDS = 2.5
PASSWORD = "Parley-bench-1"  # noqa: S105 - of people made for a measurement on this machine


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What was measured: messages per second, each round, and what collecting takes of it."""

    people: int
    messages: int
    without: list[float]
    with_collecting: list[float]
    events_seen: int
    runs_seen: int
    processor_ms_without: list[float]
    processor_ms_with: list[float]

    @property
    def cost(self) -> float:
        """The part of the throughput that collecting takes, by the medians."""
        return 1 - statistics.median(self.with_collecting) / statistics.median(self.without)

    @property
    def processor_cost(self) -> float | None:
        """The part of the processor time for a message that collecting takes, by the medians."""
        if not self.processor_ms_without:
            return None
        return 1 - statistics.median(self.processor_ms_without) / statistics.median(self.processor_ms_with)


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
            told, tells = reader.stdin, reader.stdout
            if told is None or tells is None:
                raise RuntimeError("the inspector's page has no pipes")
            told.write(f"{stage.site_url}/inspector-api/live\n{token}\n")
            told.flush()
            if tells.readline().strip() != "open":
                raise RuntimeError("the inspector's stream did not open")
            time.sleep(1)
            try:
                yield
            finally:
                told.close()
                counts = json.loads(tells.readline())
                self.events += counts["events"]
                self.runs += counts["runs"]


def main(
    state_dir: Annotated[Path, typer.Option(help="The local stage's state directory")] = DEFAULT,
    people: Annotated[int, typer.Option(min=2, max=20, help="Who talk, all in one channel")] = 10,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Bursts with, and as many without")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure a burst with and without collecting, in turn."""
    stage = stage_to_measure(state_dir)
    local = LocalStage.load(state_dir)
    try:
        found = asyncio.run(measure(stage, local, people=people, rounds=rounds))
    finally:
        switch(stage, local, traced=True)
    processor = found.processor_cost
    figures = {
        **asdict(found),
        "cost": round(found.cost, 3),
        "processorCost": None if processor is None else round(processor, 3),
    }
    keep("collecting", figures)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        show(found)


async def measure(stage: Stage, local: LocalStage, *, people: int, rounds: int) -> Cost:
    """Bursts in turn: without, with, without, with."""
    page = Page()
    speeds: dict[bool, list[float]] = {False: [], True: []}
    processor: dict[bool, list[float]] = {False: [], True: []}
    for number in range(rounds * 2):
        # Each pair the other way round, so that a stage that grows slower favours neither.
        collecting = bool(number % 2) ^ bool(number // 2 % 2)
        await asyncio.to_thread(switch, stage, local, traced=collecting)
        async with AsyncExitStack() as stack:
            crowd = [await stack.enter_async_context(_somebody(stage, each)) for each in range(people)]
            token = stage.user_pool.id_token(crowd[0].user["username"], PASSWORD)
            channel_id = await _channel(crowd)
            await _burst(crowd, channel_id, 1)
            opened = page.opened(stage, token) if collecting else nullcontext()
            await asyncio.to_thread(opened.__enter__)
            try:
                before = processor_seconds(local)
                speeds[collecting].append(await _burst(crowd, channel_id, BURST))
                # The inspector looks at runs every two seconds.
                await asyncio.sleep(SETTLE_SECONDS)
                spent = processor_seconds(local) - before
                if spent:
                    processor[collecting].append(round(spent * 1000 / (people * BURST), 2))
            finally:
                await asyncio.to_thread(opened.__exit__, None, None, None)
    return Cost(
        people=people,
        messages=people * BURST,
        without=[round(speed, 1) for speed in speeds[False]],
        with_collecting=[round(speed, 1) for speed in speeds[True]],
        events_seen=page.events,
        runs_seen=page.runs,
        processor_ms_without=processor[False],
        processor_ms_with=processor[True],
    )


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
    """Have every function of the stage trace, or not, and warm."""
    functions = stage.client("lambda")
    for listed in functions.get_paginator("list_functions").paginate():
        for function in listed["Functions"]:
            variables: dict[str, Any] = dict((function.get("Environment") or {}).get("Variables") or {})
            if "PARLEY_STAGE" not in variables or variables.get(SWITCH, "false") == str(not traced).lower():
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
    return chatting(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


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
    table = Table(title=f"{found.messages} messages to {found.people} people each, messages/s")
    for column in ("", "median", "rounds"):
        table.add_column(column)
    for name, speeds in (("without collecting", found.without), ("with", found.with_collecting)):
        table.add_row(name, f"{statistics.median(speeds):.1f}", ", ".join(f"{speed:.1f}" for speed in speeds))
    console = Console()
    console.print(table)
    console.print(
        f"Collecting costs {found.cost:.1%} of the throughput; the inspector saw {found.events_seen} events and "
        f"{found.runs_seen} runs."
    )
    if found.processor_cost is not None:
        console.print(
            f"Processor time for a message: {statistics.median(found.processor_ms_without):.1f} ms without, "
            f"{statistics.median(found.processor_ms_with):.1f} ms with: {found.processor_cost:.1%}."
        )


if __name__ == "__main__":
    typer.run(main)
