"""Latency and throughput of a stage: `python -m bench.load`, against the local stage that runs.

Latency is from the moment a frame is sent to the moment its `message` frame arrives at a recipient, both by the
clock of this process. Load is bounded in count and time.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import keep, stage_to_measure
from ops.chat_client import ChatClient, open_client
from ops.stage.stage import Stage

SETTLE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured. Times in milliseconds."""

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
    """One message: when its frame went out, and when its ack came."""

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
    """Measure two people one message at a time, then a steady load to ten."""
    target = stage_to_measure(state_dir, stage)
    figures = asyncio.run(measure(target, seconds=seconds, rate=rate))
    keep("load", [asdict(each) for each in figures])
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in figures]))
    else:
        show(figures)


async def measure(stage: Stage, *, seconds: int, rate: int) -> list[Figures]:
    """Both measurements, each in a channel of its own."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(_somebody(stage, number)) for number in range(10)]
        pair = await _channel(people[:2])
        one_by_one = await _one_by_one(people[:2], pair, count=100)
        crowd = await _channel(people)
        steady = await _steady(people, crowd, seconds=seconds, rate=rate)
        return [one_by_one, steady]


def _somebody(stage: Stage, number: int) -> AbstractAsyncContextManager[ChatClient]:
    username = f"bench-{number}-{uuid4().hex[:8]}"
    stage.user_pool.add(username, display_name=f"Bench {number}", password="Parley-bench-1")
    token = stage.user_pool.id_token(username, "Parley-bench-1")
    return open_client(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


async def _channel(people: Sequence[ChatClient]) -> str:
    """A private channel of these people."""
    channel = await people[0].api.post("/channels", {"name": f"bench {uuid4().hex[:8]}", "kind": "private"})
    for person in people[1:]:
        await people[0].api.put(f"/channels/{channel['channelId']}/members/{person.user_id}")
    return str(channel["channelId"])


async def _one_by_one(people: Sequence[ChatClient], channel_id: str, *, count: int) -> Figures:
    """Each message waits until everyone has the one before, and the sender's rate allows it."""
    sent: list[Sent] = []
    for number in range(count + 5):
        each = await _send(people[number % 2], channel_id)
        for person in people:
            await person.sockets[0].wait_for_type("message", messageId=each.message_id)
        # Two senders at two messages a second each never meet the rate limit.
        await asyncio.sleep(0.26)
        if number >= 5:
            sent.append(each)
    return _figures("two people, one message at a time", people, sent)


async def _steady(people: Sequence[ChatClient], channel_id: str, *, seconds: int, rate: int) -> Figures:
    """Messages at an even pace, the senders in turn."""
    start = time.perf_counter()
    tasks = []
    for number in range(seconds * rate):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(_send(people[number % len(people)], channel_id)))
    sent = await asyncio.gather(*tasks)
    await _settle(people, sent)
    return _figures(f"{rate} messages/s to {len(people)} for {seconds} s", people, sent)


async def _send(person: ChatClient, channel_id: str) -> Sent:
    wanted = str(uuid4())
    sent_at = time.perf_counter()
    ack = await person.send_message("measured", channel_id=channel_id, client_message_id=wanted)
    if ack["type"] != "ack":
        raise RuntimeError(f"a message was refused: {ack['code']}")
    return Sent(ack["messageId"], sent_at, time.perf_counter())


async def _settle(people: Sequence[ChatClient], sent: Sequence[Sent]) -> None:
    """Wait until everybody has everything, but not for ever: what is missing then is lost."""
    deadline = time.perf_counter() + SETTLE_SECONDS
    wanted = {each.message_id for each in sent}
    while time.perf_counter() < deadline:
        if all(wanted <= {frame.get("messageId") for frame in _messages(person)} for person in people):
            return
        await asyncio.sleep(0.1)


def _messages(person: ChatClient) -> list[dict[str, object]]:
    return person.sockets[0].of_type("message")


def _figures(name: str, people: Sequence[ChatClient], sent: Sequence[Sent]) -> Figures:
    sent_at = {each.message_id: each.sent_at for each in sent}
    latencies: list[float] = []
    duplicated = 0
    for person in people:
        socket = person.sockets[0]
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
    expected = len(sent) * len(people)
    return Figures(
        name=name,
        messages=len(sent),
        recipients=len(people),
        expected=expected,
        lost=expected - len(latencies),
        duplicated=duplicated,
        p50=round(percentiles[49], 1),
        p95=round(percentiles[94], 1),
        p99=round(percentiles[98], 1),
        ack_p50=round(statistics.median((each.acked_at - each.sent_at) * 1000 for each in sent), 1),
    )


def show(figures: Sequence[Figures]) -> None:
    """A table for people."""
    table = Table(title="Send to delivered, ms")
    for column in ("run", "frames", "lost", "twice", "p50", "p95", "p99", "ack p50"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for each in figures:
        table.add_row(
            each.name,
            str(each.expected),
            str(each.lost),
            str(each.duplicated),
            *(f"{value:.1f}" for value in (each.p50, each.p95, each.p99, each.ack_p50)),
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
