"""The overhead of traces and of an open inspector: `python -m bench.tracing_overhead`, with a local stage running.

The same burst of messages is repeated in turn without traces, with traces, and with traces and an open inspector,
so that other load of the machine affects all three alike. Messages per second are counted from the first frame
sent to the last one delivered. On a shared machine the stage's processor time per message is more reliable (Linux
only).
"""

import asyncio
import json
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

import typer
from rich.console import Console
from rich.table import Table

from bench.processes import UsageReader
from bench.runs import connect_users, run_program, save, stage_to_measure
from local import function_changes
from local.function_changes import FunctionChanges
from local.state_directory import DEFAULT_STATE_DIR, StateDirectory
from ops.stage.stage import Stage
from tests.chat_client import ChatClient
from tests.emulator_control import LocalStage
from tests.guarantees.clients import create_private_channel

ROOT = Path(__file__).resolve().parents[1]
SWITCH = "POWERTOOLS_TRACE_DISABLED"
# Messages per user: less than the stage's messageBurst.
BURST = 18
# The pause after the warm-up burst, in which the rate limit allows the next burst.
PAUSE_AFTER_WARM_UP_SECONDS = 9.5
MAX_DELIVERY_SECONDS = 120.0
SETTLE_SECONDS = 2.5


class Watching(StrEnum):
    """What observes the stage during a burst."""

    NOTHING = "nothing"
    TRACES = "traces"
    INSPECTOR = "traces, and an open inspector"


@dataclass
class Rounds:
    """The bursts of one kind: messages per second, and the stage's processor time per message in milliseconds."""

    speeds: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The measurements, and the overhead computed from their medians."""

    users: int
    messages: int
    rounds: dict[Watching, Rounds]
    events_seen: int
    runs_seen: int

    def of(self, watching: Watching) -> float:
        """The fraction by which it lowers the throughput."""
        return 1 - self._median(watching) / self._median(Watching.NOTHING)

    def processor_time_of(self, watching: Watching) -> float | None:
        """Its fraction of the processor time per message; None where the system does not report processor time."""
        spent, before = self.rounds[watching].processor_ms, self.rounds[Watching.NOTHING].processor_ms
        return 1 - statistics.median(before) / statistics.median(spent) if before and spent else None

    def _median(self, watching: Watching) -> float:
        return statistics.median(self.rounds[watching].speeds)


class Page:
    """An open inspector, which reads the live stream and counts its events and runs."""

    def __init__(self) -> None:
        self.events = 0
        self.runs = 0

    @contextmanager
    def opened(self, stage: Stage, token: str) -> Iterator[None]:
        """Read the stream in a separate process until the block ends."""
        with subprocess.Popen(
            [sys.executable, "-m", "bench.inspector_page"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:
            stdin, stdout = reader.stdin, reader.stdout
            if stdin is None or stdout is None:
                raise RuntimeError("the inspector's page has no pipes")
            stdin.write(f"{stage.site_url}/inspector-api/live\n{token}\n")
            stdin.flush()
            if stdout.readline().strip() != "open":
                raise RuntimeError("the inspector's stream did not open")
            time.sleep(1)
            try:
                yield
            finally:
                stdin.close()
                counts = json.loads(stdout.readline())
                self.events += counts["events"]
                self.runs += counts["runs"]


def main(
    state_dir: Annotated[Path, typer.Option(help="The local stage's state directory")] = DEFAULT_STATE_DIR,
    users: Annotated[int, typer.Option(min=2, max=20, help="Users who send messages, all in one channel")] = 10,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Bursts of each kind")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure bursts with and without traces and an open inspector, in turn."""
    stage = stage_to_measure(state_dir)
    local = LocalStage.load(state_dir)
    record = StateDirectory(state_dir).function_changes
    with function_changes.recorded(record, stage.client("lambda")) as changes:
        cost = asyncio.run(measure(stage, local, changes, users=users, rounds=rounds))
    figures = {
        **asdict(cost),
        "cost": {watching: cost.of(watching) for watching in Watching},
        "processorCost": {watching: cost.processor_time_of(watching) for watching in Watching},
    }
    save("collecting", figures)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        show(cost)


async def measure(stage: Stage, local: LocalStage, changes: FunctionChanges, *, users: int, rounds: int) -> Cost:
    """Measure bursts of each kind in turn."""
    page = Page()
    rounds_by_kind = {watching: Rounds() for watching in Watching}
    kinds = list(Watching)
    for number in range(rounds):
        # The order changes every round, so that a stage that slows down affects all kinds alike.
        for watching in kinds[number % 3 :] + kinds[: number % 3]:
            traced = watching is not Watching.NOTHING
            await asyncio.to_thread(switch, stage, local, changes, traced=traced)
            open_page = page if watching is Watching.INSPECTOR else None
            await _round(stage, local, rounds_by_kind[watching], open_page, users)
    return Cost(
        users=users,
        messages=users * BURST,
        rounds=rounds_by_kind,
        events_seen=page.events,
        runs_seen=page.runs,
    )


async def _round(stage: Stage, local: LocalStage, measured: Rounds, page: Page | None, users: int) -> None:
    async with AsyncExitStack() as stack:
        clients = await connect_users(stack, stage, users)
        token = str(clients[0].api.http.headers["Authorization"])
        channel_id = await create_private_channel(*clients)
        # The switch replaced the execution environments of the functions; this burst starts as many as are needed.
        await _burst(clients, channel_id, BURST)
        await asyncio.sleep(PAUSE_AFTER_WARM_UP_SECONDS)
        opened = page.opened(stage, token) if page else nullcontext()
        await asyncio.to_thread(opened.__enter__)
        try:
            usage = UsageReader(local.description["pids"])
            before = usage().seconds
            measured.speeds.append(round(await _burst(clients, channel_id, BURST), 1))
            # The inspector reads new runs every two seconds.
            await asyncio.sleep(SETTLE_SECONDS)
            if spent := usage().seconds - before:
                measured.processor_ms.append(round(spent * 1000 / (users * BURST), 2))
        finally:
            await asyncio.to_thread(opened.__exit__, None, None, None)


def switch(stage: Stage, local: LocalStage, changes: FunctionChanges, *, traced: bool) -> None:
    """Enable or disable tracing in every function of the stage, and warm the restarted functions."""
    functions = stage.client("lambda")
    for listed in functions.get_paginator("list_functions").paginate():
        for function in listed["Functions"]:
            variables: dict[str, Any] = dict((function.get("Environment") or {}).get("Variables") or {})
            if "PARLEY_STAGE" not in variables:
                continue
            variables[SWITCH] = str(not traced).lower()
            changes.update(function["FunctionName"], Environment={"Variables": variables})
    local.warm_functions()


async def _burst(clients: Sequence[ChatClient], channel_id: str, count: int) -> float:
    """Send `count` messages from every client concurrently. Returns the delivered messages per second."""
    started = time.perf_counter()
    sends = [client.send_message("measured", channel_id=channel_id) for client in clients for _ in range(count)]
    acks = await asyncio.gather(*sends)
    refused = [ack for ack in acks if ack["type"] != "ack"]
    if refused:
        raise RuntimeError(f"{len(refused)} messages were refused: {refused[0]['code']}")
    message_ids = {ack["messageId"] for ack in acks}
    deadline = time.perf_counter() + MAX_DELIVERY_SECONDS
    for client in clients:
        socket = client.sockets[0]
        while not message_ids <= {frame.get("messageId") for frame in socket.of_type("message")}:
            if time.perf_counter() > deadline:
                raise RuntimeError("a burst was not delivered in time")
            await asyncio.sleep(0.02)
    last = max(
        arrived
        for client in clients
        for frame, arrived in zip(client.sockets[0].frames, client.sockets[0].arrived, strict=True)
        if frame.get("messageId") in message_ids and frame["type"] == "message"
    )
    return len(message_ids) / (last - started)


def show(cost: Cost) -> None:
    """Print the measurements as a table."""
    table = Table(title=f"{cost.messages} messages to {cost.users} users each")
    for column in ("watching", "messages/s", "rounds", "costs", "processor time a message", "costs"):
        table.add_column(column)
    for watching, rounds in cost.rounds.items():
        processor = cost.processor_time_of(watching)
        table.add_row(
            watching,
            f"{statistics.median(rounds.speeds):.1f}",
            ", ".join(f"{speed:.1f}" for speed in rounds.speeds),
            f"{cost.of(watching):.1%}",
            "" if processor is None else f"{statistics.median(rounds.processor_ms):.1f} ms",
            "" if processor is None else f"{processor:.1%}",
        )
    console = Console()
    console.print(table)
    console.print(f"The inspector saw {cost.events_seen} events and {cost.runs_seen} runs.")


if __name__ == "__main__":
    run_program(main)
