"""One trace from the route's function to the last post: no hop loses the header."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import pytest

from ops.follow import traces
from ops.models import Segment, Trace
from tests.integration.conftest import Join
from tests.local_stage import TestStage
from tests.waiting import until

pytestmark = pytest.mark.anyio

UPDATES = 20
ARRIVALS = 5
READS = 3
EVERY_SECONDS = 0.3

# Parent and child at every hop of a message: function → step → bus → workflow → function → step.
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
    """A segment's name without what CloudFormation put around it."""
    known = ("SendMessage", "StartTyping", "PostToConnections", "Deliver", "Connect", "Disconnect", "ApiFunction")
    if segment.origin:
        return next((name for name in known if f"-{name}" in segment.name), segment.name)
    return segment.name


def hops_of(trace: Trace) -> set[tuple[str, str]]:
    """Every (parent, child) of a trace."""

    def pairs(segment: Segment) -> Iterator[tuple[str, str]]:
        for child in segment.children:
            yield hop_name(segment), hop_name(child)
            yield from pairs(child)

    return {pair for root in trace.segments for pair in pairs(root)}


async def collected(stage: TestStage, trace_ids: list[str], hops: set[tuple[str, str]]) -> list[Trace]:
    """The traces, once each has these hops."""

    def look() -> list[Trace]:
        found = traces.by_id(stage.stage, trace_ids)
        return found if len(found) == len(trace_ids) and all(hops <= hops_of(trace) for trace in found) else []

    return await until(lambda: asyncio.to_thread(look), f"{len(trace_ids)} traces had {hops}", every=EVERY_SECONDS)


@pytest.fixture
def messages(request: pytest.FixtureRequest) -> int:
    """How many messages are traced: a hundred with `--thorough`."""
    return 100 if request.config.getoption("--thorough") else 20


async def test_every_message_is_one_connected_trace_with_every_hop(stage: TestStage, join: Join, messages: int):
    """So many messages, so many traces, each one tree from send_message to the posts."""
    people = [await join(name) for name in ("dora", "emil", "frida", "gina", "hugo")]
    dora = people[0]
    channel = await dora.api.post("/channels", {"name": f"traced {uuid4()}"})
    for person in people[1:]:
        await person.api.put(f"/channels/{channel['channelId']}/members/me")
    acks = []
    for number in range(messages):
        person = people[number % len(people)]
        acks.append(await person.send_message(f"number {number}", channel_id=channel["channelId"]))
    trace_ids = []
    for ack in acks:
        frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        trace_ids.append(frame["traceId"])
    assert len(set(trace_ids)) == messages
    found = await collected(stage, trace_ids, set(MESSAGE_HOPS))
    assert [trace.trace_id for trace in found if not trace.connected] == []


async def test_every_segment_of_work_names_message_channel_and_sender(stage: TestStage, join: Join):
    """One query by messageId finds both functions, and no text is anywhere in the trace."""
    dora = await join("dora")
    secret = f"unspeakable-{uuid4()}"
    ack = await dora.send_message(secret)
    frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    [trace] = await collected(stage, [frame["traceId"]], set(MESSAGE_HOPS))
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


async def test_every_status_update_is_joined_to_the_trace_that_published_it(stage: TestStage, join: Join):
    """However they were batched, each trace shows its update's wait in the queue and its broadcast."""
    emil = await join("emil")
    started = int(time.time() * 1000)
    channel = await emil.api.post("/channels", {"name": f"typed {uuid4()}"})
    # Several, since nobody may type without end.
    people = [await join(name) for name in ("dora", "frida", "gina", "hugo")]
    for person in people:
        await person.api.put(f"/channels/{channel['channelId']}/members/me")
    for number in range(UPDATES):
        socket = people[number % len(people)].sockets[0]
        since = len(socket.frames)
        await socket.send(action="startTyping", channelId=channel["channelId"])
        await socket.wait_for(
            lambda frame: frame["type"] == "ack" and frame.get("action") == "startTyping", since=since
        )

    def typed() -> list[Trace]:
        """Traces of typing alone: the channel's own beginning carries its id, too."""
        ids = traces.annotated(
            stage.stage,
            "channelId",
            channel["channelId"],
            since_ms=started - 1_000,
            until_ms=int(time.time() * 1000) + 1_000,
        )
        found = traces.by_id(stage.stage, ids)
        return [trace for trace in found if any(hop_name(root) == "StartTyping" for root in trace.segments)]

    await emil.sockets[0].wait_for_type("typing", channelId=channel["channelId"])
    wanted = set(STATUS_HOPS)

    def joined() -> bool:
        """Whether each is one tree with every hop; what an invocation tells is collected after its answer."""
        updates = typed()
        whole = [trace for trace in updates if wanted <= hops_of(trace) and trace.connected]
        return len(updates) == len(whole) == UPDATES

    await until(lambda: asyncio.to_thread(joined), f"{UPDATES} traces had {wanted}", every=EVERY_SECONDS)


async def test_arrivals_departures_and_read_markers_are_joined_too(stage: TestStage, join: Join):
    """The other kinds of status update, too, show in their own traces how they were broadcast."""
    started = int(time.time() * 1000)
    dora = await join("dora")

    def joined() -> Counter[str]:
        now = int(time.time() * 1000)
        ids = traces.annotated(stage.stage, "userId", dora.user_id, since_ms=started - 1_000, until_ms=now + 1_000)
        whole = [
            trace
            for trace in traces.by_id(stage.stage, ids)
            if trace.connected and set(BROADCAST_HOPS) <= hops_of(trace)
        ]
        return Counter(hop_name(trace.segments[0]) for trace in whole)

    async def expect(**wanted: int) -> None:
        await until(
            lambda: asyncio.to_thread(lambda: joined() == wanted),
            f"traces were joined: {wanted}",
            every=EVERY_SECONDS,
        )

    for _ in range(ARRIVALS - 1):
        await dora.open_socket()
    await expect(Connect=ARRIVALS)
    channel = await dora.api.post("/channels", {"name": f"read {uuid4()}"})
    for number in range(READS):
        ack = await dora.send_message(f"number {number}", channel_id=channel["channelId"])
        frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        await dora.api.put(f"/channels/{channel['channelId']}/read-marker", {"seq": frame["seq"]})
    await expect(Connect=ARRIVALS, ApiFunction=READS)
    # Only now: a post to a closed socket would tell of its end before `$disconnect` does, in the post's own trace.
    for socket in dora.sockets[1:]:
        await socket.close()
    await expect(Connect=ARRIVALS, ApiFunction=READS, Disconnect=ARRIVALS - 1)
