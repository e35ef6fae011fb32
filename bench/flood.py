"""What one account's flood costs the other users: `python -m bench.flood`, against the local stage that runs.

Two users exchange messages, first with nothing else going on, then while another account sends bad frames at a
rate and comes back whenever it may. The command prints the ratio of the two p95 latencies, from sending a frame to
the arrival of its `message` frame, by this process's clock. Only for a local stage; bounded in count and time.
"""

import asyncio
import contextlib
import json
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import httpx
import typer
from rich.console import Console
from rich.table import Table
from websockets.exceptions import WebSocketException

from bench.runs import connect_users, run_program, save, stage_to_measure
from ops.stage.stage import Stage
from tests.chat_client import ChatClient
from tests.guarantees.clients import create_private_channel

BAD_FRAMES = (json.dumps({"action": "sendMessage"}), "{")
"""In turn: a frame for the route of the messages, which uses up its throttle, and one for `$default`."""
PAUSE_SECONDS = 0.26
"""Between the messages of the two users in turn: each stays below the rate of a member."""


@dataclass
class Flood:
    """What the flooding account did and what became of it."""

    sent: int = 0
    handshakes: int = 0
    closed: int = 0
    refused_tickets: int = 0
    codes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Latencies of the other users in milliseconds, without and with the flood."""

    idle_p50: float
    idle_p95: float
    flood_p50: float
    flood_p95: float
    messages: int
    ratio: float
    """The p95 with the flood, divided by the p95 without."""
    flood: Flood


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
    seconds: Annotated[int, typer.Option(min=2, max=60, help="How long the flood lasts")] = 10,
    rate: Annotated[int, typer.Option(min=10, max=2_000, help="Bad frames per second")] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, max=10, help="How often both are measured, in turn")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure the latency of two users without and with another account's flood."""
    target = stage_to_measure(state_dir)
    figures = asyncio.run(measure(target, seconds=seconds, rate=rate, rounds=rounds))
    save("flood", asdict(figures))
    if as_json:
        typer.echo(json.dumps(asdict(figures)))
    else:
        show(figures)


async def measure(stage: Stage, *, seconds: int, rate: int, rounds: int) -> Figures:
    """Measure both in turn. Each round has another flooding account, whose counters are fresh."""
    idle: list[float] = []
    flooded: list[float] = []
    flood = Flood()
    async with AsyncExitStack() as stack:
        pair = await connect_users(stack, stage, 2)
        channel_id = await create_private_channel(*pair)
        await latencies(pair, channel_id, seconds=3)
        for _ in range(rounds):
            async with AsyncExitStack() as attack:
                (flooder,) = await connect_users(attack, stage, 1)
                idle += await latencies(pair, channel_id, seconds=seconds)
                flooding = asyncio.create_task(send_flood(flooder, flood, rate=rate, seconds=seconds))
                flooded += await latencies(pair, channel_id, seconds=seconds)
                await flooding
    idle_p95, flood_p95 = p95(idle), p95(flooded)
    return Figures(
        idle_p50=statistics.median(idle),
        idle_p95=idle_p95,
        flood_p50=statistics.median(flooded),
        flood_p95=flood_p95,
        messages=len(idle) + len(flooded),
        ratio=flood_p95 / idle_p95,
        flood=flood,
    )


async def latencies(pair: list[ChatClient], channel_id: str, *, seconds: float) -> list[float]:
    """Send one message at a time until the time is over. Returns the latency of each in milliseconds."""
    measured: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sender, recipient = pair[len(measured) % 2], pair[(len(measured) + 1) % 2]
        started = time.perf_counter()
        ack = await sender.send_message("measured", channel_id=channel_id, client_message_id=str(uuid4()))
        if ack["type"] != "ack":
            raise RuntimeError(f"a message was refused: {ack['code']}")
        await recipient.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        measured.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    return measured


async def send_flood(flooder: ChatClient, flood: Flood, *, rate: int, seconds: float) -> None:
    """Send bad frames at a rate, and open another socket when the last one was closed and a ticket is issued."""
    end = time.perf_counter() + seconds
    socket = flooder.sockets[-1]
    while time.perf_counter() < end:
        started = time.perf_counter()
        try:
            # A hundredth of a second's frames at a time: a sleep for each would be too slow.
            for _ in range(max(1, rate // 100)):
                await socket.send_text(BAD_FRAMES[flood.sent % len(BAD_FRAMES)])
                flood.sent += 1
        except WebSocketException:
            flood.closed += 1
            while time.perf_counter() < end:
                try:
                    socket = await flooder.open_socket()
                    flood.handshakes += 1
                    break
                except httpx.HTTPStatusError:
                    flood.refused_tickets += 1
                    await asyncio.sleep(0.5)
                except WebSocketException:
                    await asyncio.sleep(0.5)
        await asyncio.sleep(max(0.0, started + 0.01 - time.perf_counter()))
    for opened in flooder.sockets:
        for frame in opened.frames:
            code = str(frame.get("code") or frame.get("message") or frame.get("type"))
            flood.codes[code] = flood.codes.get(code, 0) + 1
    with contextlib.suppress(WebSocketException):
        await socket.close()


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def show(figures: Figures) -> None:
    """Print the figures as a table."""
    table = Table("", "p50", "p95", title="Two users, one message at a time")
    table.add_row("without a flood", f"{figures.idle_p50:.1f} ms", f"{figures.idle_p95:.1f} ms")
    table.add_row("with a flood", f"{figures.flood_p50:.1f} ms", f"{figures.flood_p95:.1f} ms")
    table.add_row("ratio", f"{figures.flood_p50 / figures.idle_p50:.2f}", f"{figures.ratio:.2f}")
    console = Console()
    console.print(table)
    flood = figures.flood
    console.print(
        f"Bad frames sent: {flood.sent}; sockets closed: {flood.closed}, opened again: {flood.handshakes}; "
        f"tickets refused: {flood.refused_tickets}; answers: {flood.codes}"
    )


if __name__ == "__main__":
    run_program(main)
