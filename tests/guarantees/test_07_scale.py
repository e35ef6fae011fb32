"""A long history is read in pages, and a large channel delivers to every online member, with stale rows too."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.chat_client import ChatClient
from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 7
pytestmark = pytest.mark.anyio


def fill(stage: TestStage, table: str, rows: list[dict[str, Any]]) -> None:
    """Put rows into a table."""
    with stage.table(table).batch_writer() as batch:
        for row in rows:
            batch.put_item(Item=row)


async def history(client: ChatClient, channel_id: str) -> list[int]:
    """Every seq of a channel, read from the latest page back to the first."""
    seen: list[int] = []
    query: dict[str, object] = {"limit": 100}
    while True:
        page = await client.api.get(f"/channels/{channel_id}/messages", **query)
        seqs = [item["seq"] for item in page["items"]]
        assert not seen or seqs[-1] < seen[0], "two pages overlap"
        seen = seqs + seen
        if not page["hasMore"]:
            return seen
        query["before"] = seen[0]


async def test_a_long_history_is_returned_in_pages(stage: TestStage, record: Record, is_long: bool):
    """The first page has the latest messages; the pages before it hold every message once."""
    count = 10_000 if is_long else 500
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        rows = [
            {
                "channelId": channel_id,
                "seq": seq,
                "messageId": str(uuid4()),
                "clientMessageId": str(uuid4()),
                "senderId": dora.user_id,
                "senderName": "Dora",
                "text": f"number {seq}",
                "sentAt": "2026-11-24T09:30:00.000Z",
                "traceHeader": "",
            }
            for seq in range(1, count + 1)
        ]
        await asyncio.to_thread(fill, stage, "Messages", rows)
        page = await dora.api.get(f"/channels/{channel_id}/messages", limit=50)
        assert [item["seq"] for item in page["items"]] == list(range(count - 49, count + 1))
        assert page["hasMore"] is True
        assert await history(dora, channel_id) == list(range(1, count + 1))
    record.tried("messages of a channel, read in pages", count)


@pytest.mark.thorough
async def test_a_large_channel_delivers_to_every_online_member(stage: TestStage, record: Record, is_long: bool):
    """Every online member gets a message; most members are offline and have stale subscriptions."""
    members, online = (1_000, 60) if is_long else (150, 12)
    async with signed_in_users(stage, "owner", *(f"guest{number}" for number in range(online - 1))) as clients:
        channel_id = await create_private_channel(*clients)
        absent = [
            {
                "userId": f"absent-{number}-{channel_id[:8]}",
                "channelId": channel_id,
                "role": "member",
                "joinedAt": "2026-11-24T09:30:00.000Z",
                "readSeq": 0,
                "announced": True,
            }
            for number in range(members - online)
        ]
        stale = [
            {
                "channelId": channel_id,
                "connectionId": f"stale{number}=",
                "userId": row["userId"],
                "expiresAt": 4102444800,
            }
            for number, row in enumerate(absent)
        ]
        await asyncio.to_thread(fill, stage, "Members", absent)
        await asyncio.to_thread(fill, stage, "Subscriptions", stale)
        for client in clients:
            await client.open_socket()
        ack = await clients[0].send_message("to all members", channel_id=channel_id)
        for client in clients:
            await client.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    record.tried("members of a channel that delivered to all online members", members)
