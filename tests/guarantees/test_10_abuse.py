"""A flood is rate limited, a malformed event becomes a dead letter, a replay posts nothing."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from functions.chat.rate import COOL_DOWN_MS
from tests.chat_client import Socket
from tests.events import envelope, message_data, publish
from tests.guarantees.clients import (
    ConnectedChannel,
    connected_channel,
    create_private_channel,
    reset_rates,
    signed_in_users,
)
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until, wait_until

PROMISE = 10
MAX_BAD_FRAMES = 5_000
pytestmark = pytest.mark.anyio


async def test_a_flood_is_rate_limited_with_a_retry_time(stage: TestStage, record: Record, is_long: bool):
    """After a burst a sender gets errors with a retry time, and can send again after it; others always can."""
    # Of these, so few are refused that the socket stays open.
    count = 48 if is_long else 40
    async with signed_in_users(stage, "flooder", "neighbour") as (flooder, neighbour):
        channel_id = await create_private_channel(flooder, neighbour)
        await flooder.open_socket()
        await neighbour.open_socket()
        flood = [
            asyncio.create_task(flooder.send_message(f"flood {number}", channel_id=channel_id))
            for number in range(count)
        ]
        neighbour_ack = await neighbour.send_message("during the flood", channel_id=channel_id)
        answers = await asyncio.gather(*flood)
        assert neighbour_ack["type"] == "ack"
        refused = [answer for answer in answers if answer["type"] == "error"]
        assert refused
        assert {answer["code"] for answer in refused} == {"RATE_LIMITED"}
        assert all(answer["retryAfterMs"] > 0 for answer in refused)
        accepted = {answer["messageId"] for answer in answers if answer["type"] == "ack"}
        assert len(accepted) >= 20, "a burst of twenty is allowed"
        # A message that was accepted after a refusal makes the refusal's time too short. Now nothing else is sent.
        last = await flooder.send_message("is it time?", channel_id=channel_id)
        if last["type"] == "error":
            await asyncio.sleep(last["retryAfterMs"] / 1000)
            last = await flooder.send_message("after the retry time", channel_id=channel_id)
        assert last["type"] == "ack"
        for message_id in accepted:
            await neighbour.sockets[0].wait_for_type("message", messageId=message_id)
    record.tried("concurrent messages of one sender", count)
    record.note(f"flood of {count}: {len(accepted)} accepted, {len(refused)} rate limited")


async def test_a_flooder_loses_its_socket_and_others_are_served(stage: TestStage, record: Record, is_long: bool):
    """An error says when to come back; until then there is no ticket, and after it no text is lost."""
    async with (
        signed_in_users(stage, "flooder", "neighbour", "friend") as (flooder, neighbour, friend),
        AsyncExitStack() as stack,
    ):
        channel_id = await create_private_channel(neighbour, friend, flooder)
        clients = [
            await stack.enter_async_context(ResumingClient.online(user, channel_id))
            for user in (neighbour, friend)
        ]
        channel = ConnectedChannel(stage, channel_id, clients)
        socket = await flooder.open_socket()
        flood = asyncio.create_task(send_bad_frames(socket))
        for number in range(5):
            await channel.send(clients[0], f"during the flood {number}")
        sent = await flood
        assert not socket.is_open
        # The answers to frames that were handled at the same time may arrive after it.
        closing = [frame for frame in socket.of_type("error") if frame["code"] == "TOO_MANY_REFUSALS"]
        assert {frame["retryAfterMs"] for frame in closing} == {COOL_DOWN_MS}
        refused = await flooder.api.call("POST", "/tickets")
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        # A bad frame that the closed socket had taken may be counted during this request, and begins the cool-down
        # again. The header is in whole seconds, rounded up.
        longest = COOL_DOWN_MS / 1000 + refused.elapsed.total_seconds() + 1
        assert 0 < int(refused.headers["Retry-After"]) < longest
        # What the flooder writes now is sent when it may connect again.
        returning = ResumingClient(flooder, channel_id)
        returning.start()
        stack.push_async_callback(returning.stop)
        written = asyncio.create_task(channel.send(returning, "written during the cool-down"))
        await channel.send(clients[0], "during the cool-down")
        assert returning.connections == 0
        while not is_long and not written.done():
            # Bad frames that the closed socket had taken may still be counted: each begins the cool-down again.
            await asyncio.to_thread(reset_rates, stage, flooder.user_id)
            await asyncio.wait([written], timeout=0.5)
        await written
        channel.clients.append(returning)
        assert len(await channel.check(record)) == 7
    record.tried("bad frames until the socket was closed", sent)


async def send_bad_frames(socket: Socket) -> int:
    """Send frames that are refused, without waiting for answers, until the socket closes. Returns their number."""
    for number in range(MAX_BAD_FRAMES):
        try:
            await socket.send_text("{")
        except ConnectionClosed:
            return number
        # As fast as the socket takes them, but the other clients of this process get their turn.
        await asyncio.sleep(0.002)
    await socket.wait_until_closed()
    return MAX_BAD_FRAMES


def malformed_details(channel_id: str) -> dict[str, Any]:
    """Event details that none of our functions publishes, by what is wrong with them."""
    data = message_data(channel_id)
    metadata = envelope(data)["metadata"]
    return {
        "no data": {"metadata": metadata},
        "no metadata": {"data": data},
        "no text": {"metadata": metadata, "data": {**data, "text": None}},
        "a number for an id": {"metadata": metadata, "data": {**data, "messageId": 7}},
        "an unknown channel": {"metadata": metadata, "data": {**data, "channelId": "no-such-channel"}},
        "an empty object": {},
    }


async def test_malformed_events_go_to_the_dead_letter_queue(stage: TestStage, record: Record):
    """Each malformed event becomes a complete dead letter, takes no seq, and does not delay later messages."""
    queue_url = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    queues = stage.client("sqs")
    async with connected_channel(stage, 2) as channel:
        marker = str(uuid4())
        details = malformed_details(channel.channel_id)
        for detail in details.values():
            await asyncio.to_thread(publish, stage, "MessageSent", {**detail, "marker": marker})
        for number in range(3):
            await channel.send(channel.clients[number % 2], f"valid {number}")
        letters = await asyncio.to_thread(take_dead_letters, queues, queue_url, marker, len(details))
        assert len(letters) == len(details)
        assert all("failure" in body for body in letters)
        # The runs of the malformed events have failed: none can take a seq any more.
        await channel.send(channel.clients[0], "after the dead letters")
        assert [seq for seq, _, _ in await channel.check()] == [1, 2, 3, 4]
    record.tried("malformed events", len(details))


def take_dead_letters(queues: Any, queue_url: str, marker: str, count: int) -> list[dict[str, Any]]:
    """Remove `count` dead letters with a marker from the queue, and return them. Others stay."""
    letters: list[dict[str, Any]] = []

    def look() -> bool:
        answer = queues.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=5
        )
        for message in answer.get("Messages", []):
            if marker in message["Body"]:
                letters.append(json.loads(message["Body"]))
                queues.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(letters) >= count

    wait_until(look, f"{count} dead letters were in the dead-letter queue")
    return letters


async def test_a_replay_posts_no_frames(stage: TestStage, record: Record):
    """Replaying the archive on the bus changes no row, posts no frame and changes no client's display."""
    bus, began = stage.client("events"), datetime.now(UTC)
    async with connected_channel(stage, 2) as channel:
        for number in range(5):
            await channel.send(channel.clients[number % 2], f"yesterday {number}")
        before = await channel.check()
        frames = [frames_of(client) for client in channel.clients]
        assert all(received["message"] >= 5 for received in frames)
        archive = stage.output("Events", "ArchiveName")
        described = await asyncio.to_thread(bus.describe_archive, ArchiveName=archive)
        name = f"guarantee-{uuid4().hex[:12]}"
        bus_arn = described["EventSourceArn"]
        await asyncio.to_thread(
            bus.start_replay,
            ReplayName=name,
            EventSourceArn=described["ArchiveArn"],
            EventStartTime=began - timedelta(seconds=1),
            EventEndTime=datetime.now(UTC) + timedelta(minutes=1),
            Destination={"Arn": bus_arn},
        )
        queues, url = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
        replayed = await asyncio.to_thread(drain, queues, url, channel.channel_id, 5)
        assert replayed >= 5
        await until(lambda: asyncio.to_thread(is_over, bus, name), "the replay was over", every=0.2)
        # A message after the replay takes the same path: a frame of a replayed message would have come before its
        # own.
        sentinel = await channel.send(channel.clients[0], "today")
        await channel.wait_until_displayed(sentinel)
        expected = [before + Counter(message=1, ack=int(place == 0)) for place, before in enumerate(frames)]
        assert [frames_of(client) for client in channel.clients] == expected
        assert [row for row in await channel.check() if row[1] != sentinel] == before
    record.tried("replayed events of the last minutes", replayed)


def frames_of(client: ResumingClient) -> Counter[str]:
    """How many frames a client received, by type. Presence is left out: users of earlier tests go offline."""
    return Counter({kind: count for kind, count in client.frames_received.items() if kind != "presence"})


def is_over(bus: Any, name: str) -> bool:
    """Whether a replay has published all of its events."""
    return str(bus.describe_replay(ReplayName=name)["State"]) == "COMPLETED"


def drain(queues: Any, url: str, channel_id: str, count: int) -> int:
    """Empty the replay queue until `count` messages of a channel were in it, and return their number."""
    letters = 0

    def look() -> bool:
        nonlocal letters
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            letters += f'"{channel_id}"' in message["Body"] and '"MessageSent"' in message["Body"]
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return letters >= count

    wait_until(look, f"{count} replayed messages reached their queue", every=0)
    return letters
