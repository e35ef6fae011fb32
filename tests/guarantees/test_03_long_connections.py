"""Neither ten idle minutes nor two hours are a visible break: clients ping, and change sockets with an overlap."""

import asyncio
import contextlib
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from ops.resuming_client import ResumingClient
from tests.guarantees.crowd import Crowd, private_channel, signed_in
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 3
pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

SPEED = 600
"""Ten minutes in a second, two hours in twelve."""


async def test_sockets_end_as_on_api_gateway_when_nothing_is_done(
    stage: TestStage, record: Record, faults: Faults
):
    """The limits are in force: an idle socket is closed after ten minutes, a busy one after two hours."""
    idled_after = 0.0
    async with signed_in(stage, "idle", "busy") as (idle, busy):
        with faults.clock_speed(SPEED):
            still, lively = await idle.open_socket(), await busy.open_socket()
            began = time.monotonic()
            while lively.is_open and time.monotonic() - began < 60:
                with contextlib.suppress(ConnectionClosed):
                    await lively.send(action="ping")
                await lively.wait_closed(0.1)
                if not still.is_open and not idled_after:
                    idled_after = time.monotonic() - began
            assert not lively.is_open
            assert 0 < idled_after < time.monotonic() - began, "the idle socket outlived the busy one"
    record.tried("limits of API Gateway really met: idle, and two hours", 2)


async def test_rotation_shows_no_break(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Over several lifetimes of a socket: never without one, and every message there once."""
    lifetimes = 5 if is_long else 1.6
    async with signed_in(stage, "dora", "emil") as clients:
        channel_id = await private_channel(*clients)
        with faults.clock_speed(SPEED):
            options: dict[str, Any] = {"rotate_after_seconds": 5.0, "ping_every_seconds": 0.2}
            async with (
                ResumingClient.online(clients[0], channel_id, **options) as dora,
                ResumingClient.online(clients[1], channel_id, **options) as emil,
            ):
                people = Crowd(stage, channel_id, [dora, emil])
                deadline = time.monotonic() + 12 * lifetimes
                while time.monotonic() < deadline:
                    await people.say(dora, "still here")
                    await people.say(emil, "so am I")
                    await asyncio.sleep(0.6)
                await people.check(record)
                assert (dora.breaks, emil.breaks) == (0, 0)
                rotations = dora.connections + emil.connections - 2
                assert rotations >= 4
    record.tried("sockets changed for fresh ones, with an overlap", rotations)
