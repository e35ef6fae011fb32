"""Neither ten idle minutes nor two hours are a visible break: clients ping, and change sockets with an overlap.

The connection clock of the stage is moved forward step by step, so hours take as long as the machine needs.
"""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from ops.chat_client import Socket
from tests.guarantees.crowd import Crowd, private_channel, signed_in
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until

PROMISE = 3
pytestmark = pytest.mark.anyio

LIFETIME = 7_200
STEP = 500
"""Less than ten minutes, in seconds."""
STEPS_OF_A_SOCKET = 10
"""At the longest, so that none gets two hours old while its client is in order."""
QUIET_STEP = 100
"""So short that a ping on its way when the clock moves does not end its socket."""


async def test_sockets_end_as_on_api_gateway_when_nothing_is_done(
    stage: TestStage, record: Record, faults: Faults
):
    """The limits are in force: an idle socket is closed after ten minutes, a busy one after two hours."""
    async with signed_in(stage, "busy", "idle") as (busy, idle):
        # The busy one is older: were it only for the two hours, it would end first.
        lively, still = await busy.open_socket(), await idle.open_socket()
        while still.is_open and lively.is_open:
            await an_hours_twelfth(faults, lively)
        assert lively.is_open, "the idle socket outlived the busy one"
        assert still.connection.close_code == 1001
        while lively.is_open:
            await an_hours_twelfth(faults, lively)
        assert lively.connection.close_code == 1001
    record.tried("limits of API Gateway really met: idle, and two hours", 2)


async def an_hours_twelfth(faults: Faults, socket: Socket) -> None:
    """Five minutes of the connection clock, and a ping after them that is answered or meets a closed socket."""
    await asyncio.to_thread(faults.advance_clock, LIFETIME / 24)
    pongs = len(socket.of_type("pong"))
    with contextlib.suppress(ConnectionClosed):
        await socket.send(action="ping")
    await until(lambda: len(socket.of_type("pong")) > pongs or not socket.is_open, "a ping was answered")


async def test_rotation_shows_no_break(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Over several lifetimes of a socket: never without one, and every message there once."""
    steps = int((5 if is_long else 1.2) * LIFETIME / STEP)
    async with signed_in(stage, "dora", "emil") as clients:
        channel_id = await private_channel(*clients)
        async with (
            ResumingClient.online(
                clients[0], channel_id, rotate_after_seconds=0.5, ping_every_seconds=0.1
            ) as dora,
            ResumingClient.online(
                clients[1], channel_id, rotate_after_seconds=0.5, ping_every_seconds=0.1
            ) as emil,
        ):
            people = Crowd(stage, channel_id, [dora, emil])
            for step in range(steps):
                if step % STEPS_OF_A_SOCKET == 0:
                    await fresh_sockets(dora, emil)
                await asyncio.to_thread(faults.advance_clock, STEP)
                await people.say(dora, "still here")
                await people.say(emil, "so am I")
            await fresh_sockets(dora, emil)
            # Nobody says anything for twenty minutes: pings alone keep the sockets.
            for _ in range(0, 1_200, QUIET_STEP):
                await asyncio.to_thread(faults.advance_clock, QUIET_STEP)
                for person in people.people:
                    pongs = person.received["pong"]
                    await until(lambda: person.received["pong"] > pongs, "a ping was answered")  # noqa: B023
            assert len(await people.check(record)) == 2 * steps
            assert (dora.breaks, emil.breaks) == (0, 0)
            rotations = dora.connections + emil.connections - 2
            assert rotations >= 4
    record.tried("sockets changed for fresh ones, with an overlap", rotations)


async def fresh_sockets(*people: ResumingClient) -> None:
    """Wait until each has changed sockets once more."""
    for person in people:
        connections = person.connections
        await until(lambda: person.connections > connections, "they had changed sockets")  # noqa: B023
