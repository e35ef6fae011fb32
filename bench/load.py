"""Latency and throughput of a stage: `python -m bench.load`, against the local stage that runs.

Latency is the time from sending a frame to the arrival of its `message` frame at a recipient, by the clock of this
process. The load is bounded in count and time.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import connect_users, run_program, save, stage_to_measure
from ops.stage.stage import Stage
from tests.chat_client import ChatClient
from tests.guarantees.clients import create_private_channel

MAX_SETTLE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The results of one run. Times are in milliseconds."""

    name: str
    messages: int
    recipients: int
    expected: int
    lost: int
    duplicated: int
    p50: float
    p95: float
    p99: float
    ack_p50: float


@dataclass
class Sent:
    """One message, with the times of its frame and its ack on the performance counter, in seconds."""

    message_id: str
    sent_at: float
    acked_at: float


def main(
    stage: Annotated[str, typer.Option(help="A deployed stage's name; without it, the local stage")] = "",
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
    seconds: Annotated[int, typer.Option(min=1, max=300, help="How long the steady load lasts")] = 30,
    rate: Annotated[int, typer.Option(min=1, max=50, help="Messages a second of the steady load")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures for scripts")] = False,
) -> None:
    """Measure two users with one message at a time, then a steady load to ten users."""
    target = stage_to_measure(state_dir, stage)
    figures = asyncio.run(measure(target, seconds=seconds, rate=rate))
    save("load", [asdict(run) for run in figures])
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in figures]))
    else:
        show(figures)


async def measure(stage: Stage, *, seconds: int, rate: int) -> list[Figures]:
    """Make both measurements, each in its own channel."""
    async with AsyncExitStack() as stack:
        clients = await connect_users(stack, stage, 10)
        pair_channel = await create_private_channel(*clients[:2])
        one_by_one = await _one_by_one(clients[:2], pair_channel, count=100)
        channel = await create_private_channel(*clients)
        steady = await _steady(clients, channel, seconds=seconds, rate=rate)
        return [one_by_one, steady]


async def _one_by_one(clients: Sequence[ChatClient], channel_id: str, *, count: int) -> Figures:
    """Send each message after all clients have the one before, within the sender's rate."""
    sent: list[Sent] = []
    for number in range(count + 5):
        message = await _send(clients[number % 2], channel_id)
        for client in clients:
            await client.sockets[0].wait_for_type("message", messageId=message.message_id)
        # Two senders with two messages per second each stay below the rate limit.
        await asyncio.sleep(0.26)
        if number >= 5:
            sent.append(message)
    return _figures("two users, one message at a time", clients, sent)


async def _steady(clients: Sequence[ChatClient], channel_id: str, *, seconds: int, rate: int) -> Figures:
    """Send messages at a constant rate, with the senders in turn."""
    start = time.perf_counter()
    tasks = []
    for number in range(seconds * rate):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(_send(clients[number % len(clients)], channel_id)))
    sent = await asyncio.gather(*tasks)
    await _settle(clients, sent)
    return _figures(f"{rate} messages/s to {len(clients)} for {seconds} s", clients, sent)


async def _send(client: ChatClient, channel_id: str) -> Sent:
    client_message_id = str(uuid4())
    sent_at = time.perf_counter()
    ack = await client.send_message("measured", channel_id=channel_id, client_message_id=client_message_id)
    if ack["type"] != "ack":
        raise RuntimeError(f"a message was refused: {ack['code']}")
    return Sent(ack["messageId"], sent_at, time.perf_counter())


async def _settle(clients: Sequence[ChatClient], sent: Sequence[Sent]) -> None:
    """Wait until all clients have all messages, or MAX_SETTLE_SECONDS. What is missing then counts as lost."""
    deadline = time.perf_counter() + MAX_SETTLE_SECONDS
    message_ids = {message.message_id for message in sent}
    while time.perf_counter() < deadline:
        if all(message_ids <= {frame.get("messageId") for frame in _messages(client)} for client in clients):
            return
        await asyncio.sleep(0.1)


def _messages(client: ChatClient) -> list[dict[str, object]]:
    return client.sockets[0].of_type("message")


def _figures(name: str, clients: Sequence[ChatClient], sent: Sequence[Sent]) -> Figures:
    sent_at = {message.message_id: message.sent_at for message in sent}
    latencies: list[float] = []
    duplicated = 0
    for client in clients:
        socket = client.sockets[0]
        seen: set[str] = set()
        for frame, arrived in zip(socket.frames, socket.arrived, strict=True):
            message_id = frame.get("messageId")
            if frame["type"] != "message" or message_id not in sent_at:
                continue
            if message_id in seen:
                duplicated += 1
                continue
            seen.add(message_id)
            latencies.append((arrived - sent_at[message_id]) * 1000)
    percentiles = statistics.quantiles(latencies, n=100)
    expected = len(sent) * len(clients)
    return Figures(
        name=name,
        messages=len(sent),
        recipients=len(clients),
        expected=expected,
        lost=expected - len(latencies),
        duplicated=duplicated,
        p50=round(percentiles[49], 1),
        p95=round(percentiles[94], 1),
        p99=round(percentiles[98], 1),
        ack_p50=round(statistics.median((message.acked_at - message.sent_at) * 1000 for message in sent), 1),
    )


def show(figures: Sequence[Figures]) -> None:
    """Print the figures as a table."""
    table = Table(title="Send to delivered, ms")
    for column in ("run", "frames", "lost", "twice", "p50", "p95", "p99", "ack p50"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for run in figures:
        table.add_row(
            run.name,
            str(run.expected),
            str(run.lost),
            str(run.duplicated),
            *(f"{value:.1f}" for value in (run.p50, run.p95, run.p99, run.ack_p50)),
        )
    Console().print(table)


if __name__ == "__main__":
    run_program(main)
