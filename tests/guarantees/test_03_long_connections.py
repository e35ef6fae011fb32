"""API Gateway's limits of ten idle minutes and two hours lose no message: clients ping and rotate their sockets.

The tests advance the stage's connection clock in steps, so that hours pass in seconds.
"""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chat_client import Socket
from tests.guarantees.clients import ConnectedChannel, create_private_channel, signed_in_users
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until

PROMISE = 3
pytestmark = pytest.mark.anyio

LIFETIME_SECONDS = 7_200
STEP_SECONDS = 500
"""Less than the idle limit of ten minutes."""
MAX_STEPS_PER_SOCKET = 10
"""Low enough that no socket reaches two hours while its client works."""
QUIET_STEP_SECONDS = 100
"""Short enough that a ping in transit while the clock advances does not let its socket time out."""


async def test_idle_and_old_sockets_are_closed_as_by_api_gateway(stage: TestStage, record: Record, faults: Faults):
    """An idle socket is closed after ten minutes, one in use after two hours."""
    async with signed_in_users(stage, "busy", "idle") as (busy, idle):
        # The busy socket is the older one, so the two-hour limit alone would close it first.
        busy_socket, idle_socket = await busy.open_socket(), await idle.open_socket()
        while idle_socket.is_open and busy_socket.is_open:
            await advance_five_minutes(faults, busy_socket)
        assert busy_socket.is_open, "the idle socket outlived the busy one"
        assert idle_socket.connection.close_code == 1001
        while busy_socket.is_open:
            await advance_five_minutes(faults, busy_socket)
        assert busy_socket.connection.close_code == 1001
    record.tried("API Gateway limits reached: idle, and two hours", 2)


async def advance_five_minutes(faults: Faults, socket: Socket) -> None:
    """Advance the connection clock by five minutes, then ping until the pong arrives or the socket is closed."""
    await asyncio.to_thread(faults.advance_clock, LIFETIME_SECONDS / 24)
    pongs = len(socket.of_type("pong"))
    with contextlib.suppress(ConnectionClosed):
        await socket.send(action="ping")
    await until(lambda: len(socket.of_type("pong")) > pongs or not socket.is_open, "a ping was answered")


async def test_socket_rotation_loses_no_message(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Over several socket lifetimes a client always has an open socket, and displays every message once."""
    steps = int((5 if is_long else 1.2) * LIFETIME_SECONDS / STEP_SECONDS)
    async with signed_in_users(stage, "dora", "emil") as clients:
        channel_id = await create_private_channel(*clients)
        async with (
            ResumingClient.online(
                clients[0], channel_id, rotate_after_seconds=0.5, ping_every_seconds=0.1
            ) as dora,
            ResumingClient.online(
                clients[1], channel_id, rotate_after_seconds=0.5, ping_every_seconds=0.1
            ) as emil,
        ):
            channel = ConnectedChannel(stage, channel_id, [dora, emil])
            for step in range(steps):
                if step % MAX_STEPS_PER_SOCKET == 0:
                    await wait_until_rotated(dora, emil)
                await asyncio.to_thread(faults.advance_clock, STEP_SECONDS)
                await channel.send(dora, "from dora")
                await channel.send(emil, "from emil")
            await wait_until_rotated(dora, emil)
            # For twenty minutes no message is sent, and pings alone keep the sockets open.
            for _ in range(0, 1_200, QUIET_STEP_SECONDS):
                await asyncio.to_thread(faults.advance_clock, QUIET_STEP_SECONDS)
                for client in channel.clients:
                    pongs = client.frames_received["pong"]
                    await until(lambda: client.frames_received["pong"] > pongs, "a ping was answered")  # noqa: B023
            assert len(await channel.check(record)) == 2 * steps
            assert (dora.unexpected_closes, emil.unexpected_closes) == (0, 0)
            rotations = dora.connections + emil.connections - 2
            assert rotations >= 4
    record.tried("sockets rotated", rotations)


async def wait_until_rotated(*clients: ResumingClient) -> None:
    """Wait until each client has opened its next socket."""
    for client in clients:
        connections = client.connections
        await until(lambda: client.connections > connections, "the client had rotated its socket")  # noqa: B023
