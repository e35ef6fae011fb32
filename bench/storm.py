"""Many people who connect at once: how long it takes, how many frames it costs, and when presence is right."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from bench.groups import CONCURRENT_SIGN_INS, until_quiet
from ops.stage.stage import Stage
from tests.chat_client import ChatClient, Frame, Socket
from tests.local_stage import TestStage

QUIET_SECONDS = 3.0
POLL_SECONDS = 0.1
MAX_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Storm:
    """The figures of one storm."""

    design: str
    people: int
    connected_seconds: float
    """Until the last socket was open."""
    frames: int
    """All frames that the sockets received until none came for three seconds."""
    frames_by_type: dict[str, int]
    batches: int
    """The different frames: each batch of status updates is one frame, for all who are connected by then."""
    repeated_changes: int
    """Changes to a status that a socket had received of the same person before."""
    presence_seconds: float
    """From the last open socket until everyone is listed as online; 0 for the direct design, which has no list."""


async def parley_storm(stage: Stage, people: int) -> Storm:
    """Everyone is signed in, and gets a ticket and a socket at the same moment."""
    test_stage = TestStage(stage, None)
    slots = asyncio.Semaphore(CONCURRENT_SIGN_INS)
    async with AsyncExitStack() as stack:

        async def sign_in(number: int) -> ChatClient:
            async with slots:
                client = await test_stage.sign_in(await asyncio.to_thread(test_stage.new_user, f"storm{number}"))
            stack.push_async_callback(client.close)
            return client

        clients = list(await asyncio.gather(*(sign_in(number) for number in range(people))))
        began = time.perf_counter()
        sockets = await asyncio.gather(*(_connect(client) for client in clients))
        connected = time.perf_counter()
        presence = await _until_all_are_online(clients, connected)
        await until_quiet(sockets, QUIET_SECONDS)
        return storm_of("parley", people, connected - began, [socket.frames for socket in sockets], presence)


async def baseline_storm(websocket_url: str, people: int) -> Storm:
    """Sockets of the direct design, which need no ticket."""
    async with AsyncExitStack() as stack:
        began = time.perf_counter()
        sockets = await asyncio.gather(*(Socket.open(websocket_url, "none") for _ in range(people)))
        connected = time.perf_counter()
        for socket in sockets:
            stack.push_async_callback(socket.close)
        await until_quiet(sockets, QUIET_SECONDS)
        return storm_of("baseline", people, connected - began, [socket.frames for socket in sockets], 0.0)


def storm_of(
    design: str, people: int, seconds: float, received: Sequence[Sequence[Frame]], presence: float
) -> Storm:
    """The figures, rounded, from the frames that each socket received."""
    counted = Counter(str(frame.get("type")) for frames in received for frame in frames)
    batches = {json.dumps(frame.get("changes", frame)) for frames in received for frame in frames}
    repeated = 0
    for frames in received:
        # Without the time at which each was last seen, which differs when a status is sent again.
        changes = [(change["userId"], change["status"]) for frame in frames for change in frame.get("changes", ())]
        repeated += len(changes) - len(set(changes))
    return Storm(
        design=design,
        people=people,
        connected_seconds=round(seconds, 2),
        frames=counted.total(),
        frames_by_type=dict(counted),
        batches=len(batches),
        repeated_changes=repeated,
        presence_seconds=round(presence, 2),
    )


async def _connect(client: ChatClient) -> Socket:
    """Open a socket. A request on a connection that the server has just closed is repeated, as browsers do."""
    try:
        return await client.open_socket()
    except httpx.RemoteProtocolError:
        return await client.open_socket()


async def _until_all_are_online(clients: Sequence[ChatClient], since: float) -> float:
    """Seconds until the list of members shows all of them as online, at most MAX_SECONDS."""
    missing = {client.user_id for client in clients}
    while (waited := time.perf_counter() - since) < MAX_SECONDS:
        missing -= await _online(clients[0])
        if not missing:
            break
        await asyncio.sleep(POLL_SECONDS)
    return waited


async def _online(client: ChatClient) -> set[str]:
    """The members of `general` who are shown as online."""
    found: set[str] = set()
    query: dict[str, object] = {"limit": 100}
    while True:
        page = await client.api.get("/channels/general/members", **query)
        found |= {str(member["userId"]) for member in page["items"] if member["status"] == "online"}
        if not page["cursor"]:
            return found
        query["cursor"] = page["cursor"]
