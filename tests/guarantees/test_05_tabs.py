"""Two tabs of a user show the same, and the user stays online while one of them is connected."""

from collections.abc import Callable

import pytest

from tests.chat_client import ChatClient, Frame
from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 5
pytestmark = pytest.mark.anyio


async def status_of(client: ChatClient, user_id: str) -> str:
    """A user's status in the directory."""
    query: dict[str, object] = {"limit": 100}
    while True:
        page = await client.api.get("/users", **query)
        for user in page["items"]:
            if user["userId"] == user_id:
                return str(user["status"])
        query["cursor"] = page["cursor"]


def went_offline(client: ChatClient) -> Callable[[Frame], bool]:
    """A predicate for frames that report a user as offline."""
    offline = {"userId": client.user_id, "status": "offline"}
    return lambda frame: (
        frame["type"] == "presence" and any(offline.items() <= change.items() for change in frame["changes"])
    )


async def index_of(client: ChatClient, matches: Callable[[Frame], bool], since: int) -> int:
    """The index after the first matching frame."""
    frame = await client.sockets[0].wait_for(matches, since=since)
    return client.sockets[0].frames.index(frame, since) + 1


async def test_a_user_stays_online_when_one_of_two_tabs_is_cut(stage: TestStage, record: Record, is_long: bool):
    """Both tabs get every message and share the unread count; the user is offline only after the last tab ends."""
    rounds = 10 if is_long else 2
    async with signed_in_users(stage, "dora", "emil") as (dora, emil):
        channel_id = await create_private_channel(dora, emil)
        await dora.open_socket()
        since = 0
        for number in range(rounds):
            tabs = [await emil.open_socket() for _ in range(2)]
            ack = await dora.send_message(f"to both {number}", channel_id=channel_id)
            frames = [await tab.wait_for_type("message", messageId=ack["messageId"]) for tab in tabs]
            assert frames[0] == frames[1]
            cut, remaining = tabs[number % 2], tabs[1 - number % 2]
            cut.cut()
            after = await dora.send_message(f"to the other {number}", channel_id=channel_id)
            last = await remaining.wait_for_type("message", messageId=after["messageId"])
            unread = (await emil.api.get(f"/channels/{channel_id}"))["unread"]
            assert unread == 2
            await emil.api.put(f"/channels/{channel_id}/read-marker", {"seq": last["seq"]})
            await remaining.wait_for_type("readMarker", channelId=channel_id, readSeq=last["seq"])
            assert (await emil.api.get(f"/channels/{channel_id}"))["unread"] == 0
            assert await status_of(dora, emil.user_id) == "online"
            assert not any(went_offline(emil)(frame) for frame in dora.sockets[0].frames[since:])
            await remaining.close()
            since = await index_of(dora, went_offline(emil), since)
        assert sum(map(went_offline(emil), dora.sockets[0].frames)) == rounds, "offline once for each last tab"
    record.tried("one of two tabs cut, the other still in use", rounds)
