"""Messages over real sockets: sent, persisted, delivered, read from the history, changed and searched."""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from functions.contract.events import SCHEMA_VERSION
from functions.contract.model import timestamp
from tests.events import envelope, message_data, publish
from tests.integration.commands import run_ops
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import until as until_true

pytestmark = pytest.mark.anyio


async def test_a_message_is_posted_to_every_member_and_its_sender(new_client: NewClient):
    """Sender and recipient get the same frame, and the sender an ack with the same messageId."""
    dora, emil = await new_client("dora"), await new_client("emil")
    ack = await dora.send_message("good morning")
    own = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    other = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    assert own == other
    assert other["text"] == "good morning"
    assert other["sender"] == {"userId": dora.user_id, "displayName": dora.user["displayName"]}
    assert other["traceId"].startswith("1-")


async def test_the_history_holds_messages_in_the_order_of_seq(new_client: NewClient):
    """A page of the history holds the delivered messages in ascending order of seq."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"history {uuid4()}", "kind": "private"})
    for number in range(5):
        ack = await dora.send_message(f"number {number}", channel_id=channel["channelId"])
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    page = await dora.api.get(f"/channels/{channel['channelId']}/messages", limit=3)
    assert [item["text"] for item in page["items"]] == ["number 2", "number 3", "number 4"]
    assert page["hasMore"] is True
    first = page["items"][0]["seq"]
    older = await dora.api.get(f"/channels/{channel['channelId']}/messages", before=first)
    assert [item["text"] for item in older["items"]] == ["number 0", "number 1"]
    assert older["hasMore"] is False
    newer = await dora.api.get(f"/channels/{channel['channelId']}/messages", after=first)
    assert [item["text"] for item in newer["items"]] == ["number 3", "number 4"]


async def test_a_repeated_send_is_one_message(new_client: NewClient):
    """Both acks have the same messageId, one row is stored, and the repeat takes no seq."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"twice {uuid4()}"})
    channel_id, client_message_id = channel["channelId"], str(uuid4())
    first = await dora.send_message("only once", channel_id=channel_id, client_message_id=client_message_id)
    await dora.sockets[0].wait_for_type("message", messageId=first["messageId"])
    second = await dora.send_message("only once", channel_id=channel_id, client_message_id=client_message_id)
    last = await dora.send_message("the next", channel_id=channel_id)
    frame = await dora.sockets[0].wait_for_type("message", messageId=last["messageId"])
    assert first["messageId"] == second["messageId"]
    assert frame["seq"] == 2
    page = await dora.api.get(f"/channels/{channel_id}/messages")
    assert [(item["seq"], item["text"]) for item in page["items"]] == [(1, "only once"), (2, "the next")]
    assert {frame["seq"] for frame in dora.sockets[0].of_type("message", messageId=first["messageId"])} == {1}


async def test_concurrent_messages_are_all_stored(new_client: NewClient):
    """Twenty concurrent messages of two users get twenty seqs, and both receive all of them."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": f"rush {uuid4()}"})
    channel_id = channel["channelId"]
    await emil.api.put(f"/channels/{channel_id}/members/me")
    sends = [
        client.send_message(f"{client.user_id} {number}", channel_id=channel_id)
        for client in (dora, emil)
        for number in range(10)
    ]
    acks = await asyncio.gather(*sends)
    ids = {ack["messageId"] for ack in acks}
    assert len(ids) == 20
    for client in (dora, emil):
        for message_id in ids:
            await client.sockets[0].wait_for_type("message", messageId=message_id)
        assert sorted(
            frame["seq"] for frame in client.sockets[0].of_type("message", channelId=channel_id)
        ) == list(range(1, 21))
    page = await dora.api.get(f"/channels/{channel_id}/messages", limit=100)
    assert [item["seq"] for item in page["items"]] == list(range(1, 21))


async def test_edits_reactions_and_deletions_are_posted_and_stored(new_client: NewClient):
    """Each change is posted to the members and appears in the history afterwards."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": f"changes {uuid4()}"})
    channel_id = channel["channelId"]
    await emil.api.put(f"/channels/{channel_id}/members/me")
    for text in ("first", "second"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    socket, other = dora.sockets[0], emil.sockets[0]
    await socket.send(action="editMessage", channelId=channel_id, seq=1, text="first, edited")
    assert (await other.wait_for_type("messageEdited", channelId=channel_id))["text"] == "first, edited"
    await other.send(action="addReaction", channelId=channel_id, seq=1, emoji="👍")
    assert (await socket.wait_for_type("reaction", channelId=channel_id))["userId"] == emil.user_id
    await socket.send(action="deleteMessage", channelId=channel_id, seq=2)
    await other.wait_for_type("messageDeleted", channelId=channel_id, seq=2)
    page = await emil.api.get(f"/channels/{channel_id}/messages")
    first, second = page["items"]
    assert first["text"] == "first, edited"
    assert first["editedAt"]
    assert first["reactions"] == [{"emoji": "👍", "userIds": [emil.user_id]}]
    assert second["text"] == ""
    assert second["deletedBy"] == dora.user_id


async def test_members_cannot_change_messages_of_others(new_client: NewClient):
    """Editing or deleting another member's message is refused, and the message stays unchanged."""
    dora, emil = await new_client("dora"), await new_client("emil")
    ack = await dora.send_message("mine")
    frame = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    for action in ({"action": "editMessage", "text": "yours"}, {"action": "deleteMessage"}):
        await emil.sockets[0].send(channelId="general", seq=frame["seq"], **action)
        error = await emil.sockets[0].wait_for_type("error", action=action["action"])
        assert error["code"] == "FORBIDDEN"
    page = await emil.api.get("/channels/general/messages", after=frame["seq"] - 1)
    assert page["items"][0]["text"] == "mine"


async def test_search_ignores_case(new_client: NewClient):
    """A search returns the matching messages of the channel in any case, and no others."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"search {uuid4()}"})
    for text in ("The Quick fox", "a slow one", "quicksand"):
        ack = await dora.send_message(text, channel_id=channel["channelId"])
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    page = await dora.api.get(f"/channels/{channel['channelId']}/messages", search="QUICK")
    assert [item["text"] for item in page["items"]] == ["The Quick fox", "quicksand"]


@pytest.mark.thorough
async def test_events_of_two_versions_are_consumed(stage: TestStage, new_client: NewClient):
    """On the bus and in the queue `status` at once, while a deployment is half done: none becomes a dead letter.

    An event that only later readers understand does, and takes no seq.
    """
    dora, emil = await new_client("dora"), await new_client("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    channel_id, until = opened["channelId"], timestamp(int(time.time() * 1000) + 60_000)

    def versions(data: dict[str, Any]) -> list[dict[str, Any]]:
        """The event in our version, and in a later one that we understand, with a field that we do not know."""
        later = envelope({**data, "fieldOfALaterVersion": True}, actor=dora.user_id)
        later["metadata"] |= {"schemaVersion": SCHEMA_VERSION + 6, "readableFrom": SCHEMA_VERSION}
        return [envelope(data, actor=dora.user_id), later]

    sender = {"userId": dora.user_id, "displayName": "Dora"}
    ours, later = (versions(message_data(channel_id, sender=sender, text=text)) for text in ("first", "second"))
    too_new = envelope(message_data(channel_id, sender=sender, text="too new"), actor=dora.user_id)
    too_new["metadata"] |= {"schemaVersion": SCHEMA_VERSION + 1, "readableFrom": SCHEMA_VERSION + 1}
    publish(stage, "MessageSent", ours[0], later[1], too_new)
    typing = versions({"channelId": channel_id, "userId": dora.user_id, "until": until})
    read = versions({"channelId": channel_id, "userId": emil.user_id, "readSeq": 1})
    publish(stage, "TypingStarted", *typing)
    publish(stage, "ChannelRead", *read)
    seqs = set()
    for detail in (ours[0], later[1]):
        frame = await emil.sockets[0].wait_for_type("message", messageId=detail["data"]["messageId"])
        seqs.add(frame["seq"])
    assert seqs == {1, 2}
    await emil.sockets[0].wait_for_type("typing", channelId=channel_id, userId=dora.user_id)
    await emil.sockets[0].wait_for_type("readMarker", channelId=channel_id)

    def dead_letters() -> list[tuple[str | None, str]]:
        listed = run_ops(stage, "redrive", "--dry-run", "--json", "--channel", channel_id)
        return [(letter["event"]["messageId"], letter["reason"].partition(":")[0]) for letter in listed.json]

    async def found() -> list[tuple[str | None, str]]:
        return await asyncio.to_thread(dead_letters)

    letters = await until_true(found, "the event of a version that is too new was a dead letter", every=0.3)
    assert letters == [(too_new["data"]["messageId"], "Parley.NewerEvent")]

    def are_empty() -> bool:
        return all(depth(stage, queue) == 0 for queue in ("Status", "Replay"))

    # Other tests use these queues too.
    await until_true(partial(asyncio.to_thread, are_empty), "the queues were empty", every=0.2)
    letter = (await asyncio.to_thread(run_ops, stage, "dead-letters", "list", "--json")).json
    [message_id] = [one["messageId"] for one in letter if one["event"]["channelId"] == channel_id]
    await asyncio.to_thread(
        run_ops, stage, "dead-letters", "discard", message_id, "--yes", "--keep-in", "/dev/null"
    )


def depth(stage: TestStage, queue: str) -> int:
    """How many messages a queue holds, visible or not."""
    names: list[Any] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stage.output("Events", f"{queue}QueueUrl")
    attributes = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(number) for number in attributes.values())
