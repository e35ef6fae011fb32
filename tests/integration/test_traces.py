"""Every message and status update has one connected trace, from the route's function to the last post."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest

from ops.follow import traces
from ops.models import Segment, Trace
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import until

pytestmark = pytest.mark.anyio

UPDATES = 20
CONNECTIONS = 5
READS = 3
POLL_SECONDS = 0.3

# (parent, child) at every hop of a message: function → step → bus → workflow → function → step.
MESSAGE_HOPS = [
    ("SendMessage", "## handler"),
    ("## handler", "admit"),
    ("## handler", "publish"),
    ("publish", "Deliver"),
    ("Deliver", "PostToConnections"),
    ("PostToConnections", "## handler"),
    ("## handler", "post frames"),
]
BROADCAST_HOPS = [
    ("## handler", "publish"),
    ("publish", "broadcast_status"),
    ("broadcast_status", "wait in the queue"),
    ("broadcast_status", "broadcast"),
]
STATUS_HOPS = [("StartTyping", "## handler"), ("## handler", "admit"), *BROADCAST_HOPS]


def hop_name(segment: Segment) -> str:
    """A segment's name without the prefix and suffix of CloudFormation."""
    functions = (
        "SendMessage",
        "StartTyping",
        "PostToConnections",
        "Deliver",
        "Connect",
        "Disconnect",
        "ApiFunction",
    )
    if segment.origin:
        return next((name for name in functions if f"-{name}" in segment.name), segment.name)
    return segment.name


def hops_of(trace: Trace) -> set[tuple[str, str]]:
    """Every (parent, child) pair of a trace's segments."""

    def pairs(segment: Segment) -> Iterator[tuple[str, str]]:
        for child in segment.children:
            yield hop_name(segment), hop_name(child)
            yield from pairs(child)

    return {pair for root in trace.segments for pair in pairs(root)}


async def wait_for_traces(stage: TestStage, trace_ids: list[str], hops: set[tuple[str, str]]) -> list[Trace]:
    """The traces, as soon as each has these hops."""

    def complete() -> list[Trace]:
        collected = traces.by_id(stage.stage, trace_ids)
        is_complete = len(collected) == len(trace_ids) and all(hops <= hops_of(trace) for trace in collected)
        return collected if is_complete else []

    return await until(
        lambda: asyncio.to_thread(complete), f"{len(trace_ids)} traces had {hops}", every=POLL_SECONDS
    )


@pytest.fixture
def messages(request: pytest.FixtureRequest) -> int:
    """How many messages are traced: a hundred with `--thorough`."""
    return 100 if request.config.getoption("--thorough") else 20


async def test_every_message_is_one_connected_trace_with_every_hop(
    stage: TestStage, new_client: NewClient, messages: int
):
    """Each message has its own trace, one tree from send_message to the posts."""
    clients = [await new_client(name) for name in ("dora", "emil", "frida", "gina", "hugo")]
    dora = clients[0]
    channel = await dora.api.post("/channels", {"name": f"traced {uuid4()}"})
    for client in clients[1:]:
        await client.api.put(f"/channels/{channel['channelId']}/members/me")
    acks = []
    for number in range(messages):
        client = clients[number % len(clients)]
        acks.append(await client.send_message(f"number {number}", channel_id=channel["channelId"]))
    trace_ids = []
    for ack in acks:
        frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        trace_ids.append(frame["traceId"])
    assert len(set(trace_ids)) == messages
    complete = await wait_for_traces(stage, trace_ids, set(MESSAGE_HOPS))
    assert [trace.trace_id for trace in complete if not trace.connected] == []


async def test_handler_segments_are_annotated_with_message_channel_and_sender(
    stage: TestStage, new_client: NewClient
):
    """A query by messageId finds the trace of both functions, and no segment contains the message's text."""
    dora = await new_client("dora")
    secret = f"secret-{uuid4()}"
    ack = await dora.send_message(secret)
    frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    [trace] = await wait_for_traces(stage, [frame["traceId"]], set(MESSAGE_HOPS))
    handlers = [segment for segment in traces.walk(trace.segments) if segment.name == "## handler"]
    assert len(handlers) == 2
    for handler in handlers:
        assert handler.annotations["messageId"] == ack["messageId"]
        assert handler.annotations["channelId"] == "general"
        assert handler.annotations["userId"] == dora.user_id
    now = int(time.time() * 1000)
    ids = await asyncio.to_thread(
        traces.annotated, stage.stage, "messageId", ack["messageId"], since_ms=now - 60_000, until_ms=now + 1_000
    )
    assert ids == [frame["traceId"]]
    documents = stage.client("xray").batch_get_traces(TraceIds=ids)["Traces"][0]["Segments"]
    assert any(ack["messageId"] in segment["Document"] for segment in documents)
    assert not any(secret in segment["Document"] for segment in documents)


@pytest.mark.thorough
async def test_status_updates_continue_the_trace_of_their_publisher(stage: TestStage, new_client: NewClient):
    """Each trace shows its update's time in the queue and its broadcast, whichever batch the update was in."""
    emil = await new_client("emil")
    started = int(time.time() * 1000)
    channel = await emil.api.post("/channels", {"name": f"typed {uuid4()}"})
    # Several users, because each has a rate limit for typing.
    clients = [await new_client(name) for name in ("dora", "frida", "gina", "hugo")]
    for client in clients:
        await client.api.put(f"/channels/{channel['channelId']}/members/me")
    for number in range(UPDATES):
        socket = clients[number % len(clients)].sockets[0]
        since = len(socket.frames)
        await socket.send(action="startTyping", channelId=channel["channelId"])
        await socket.wait_for(
            lambda frame: frame["type"] == "ack" and frame.get("action") == "startTyping", since=since
        )

    def typing_traces() -> list[Trace]:
        """The traces of typing. Those of the channel's creation have its id too, and are left out."""
        ids = traces.annotated(
            stage.stage,
            "channelId",
            channel["channelId"],
            since_ms=started - 1_000,
            until_ms=int(time.time() * 1000) + 1_000,
        )
        candidates = traces.by_id(stage.stage, ids)
        return [trace for trace in candidates if any(hop_name(root) == "StartTyping" for root in trace.segments)]

    await emil.sockets[0].wait_for_type("typing", channelId=channel["channelId"])
    hops = set(STATUS_HOPS)

    def all_complete() -> bool:
        """Whether each is one tree with every hop. Segments are collected after an invocation has ended."""
        updates = typing_traces()
        complete = [trace for trace in updates if hops <= hops_of(trace) and trace.connected]
        return len(updates) == len(complete) == UPDATES

    await until(lambda: asyncio.to_thread(all_complete), f"{UPDATES} traces had {hops}", every=POLL_SECONDS)


@pytest.mark.thorough
async def test_connections_and_read_markers_continue_their_traces(stage: TestStage, new_client: NewClient):
    """The traces of connecting, reading and disconnecting show the broadcast of their status updates too."""
    started = int(time.time() * 1000)
    dora = await new_client("dora")

    def complete_traces() -> Counter[str]:
        now = int(time.time() * 1000)
        ids = traces.annotated(stage.stage, "userId", dora.user_id, since_ms=started - 1_000, until_ms=now + 1_000)
        # A run that posts to a socket of the test before, which has just closed, publishes UserDisconnected in its
        # own trace: that of Dora's joining #general, or of her messages.
        complete = [
            trace
            for trace in traces.by_id(stage.stage, ids)
            if trace.connected
            and set(BROADCAST_HOPS) <= hops_of(trace)
            and ("publish", "Deliver") not in hops_of(trace)
        ]
        return Counter(hop_name(trace.segments[0]) for trace in complete)

    async def wait_for(**counts: int) -> None:
        await until(
            lambda: asyncio.to_thread(lambda: complete_traces() == counts),
            f"traces were complete: {counts}",
            every=POLL_SECONDS,
        )

    for _ in range(CONNECTIONS - 1):
        await dora.open_socket()
    await wait_for(Connect=CONNECTIONS)
    channel = await dora.api.post("/channels", {"name": f"read {uuid4()}"})
    for number in range(READS):
        ack = await dora.send_message(f"number {number}", channel_id=channel["channelId"])
        frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        await dora.api.put(f"/channels/{channel['channelId']}/read-marker", {"seq": frame["seq"]})
    await wait_for(Connect=CONNECTIONS, ApiFunction=READS)
    # After the reads: a post to a closed socket would publish UserDisconnected before `$disconnect` does, in
    # another trace.
    for socket in dora.sockets[1:]:
        await socket.close()
    await wait_for(Connect=CONNECTIONS, ApiFunction=READS, Disconnect=CONNECTIONS - 1)
