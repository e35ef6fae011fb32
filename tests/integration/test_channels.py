"""Channels over REST: create, discover, join and leave; direct channels; unread counts."""

from uuid import uuid4

import pytest

from tests.integration.conftest import NewClient

pytestmark = pytest.mark.anyio


async def test_every_new_user_is_in_general(new_client: NewClient):
    """A user's first REST call makes them a member of `general`, and what was sent before is not unread."""
    emil = await new_client("emil")
    ack = await emil.send_message("before dora")
    before = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    dora = await new_client("dora")
    channels = (await dora.api.get("/channels"))["items"]
    general = next(channel for channel in channels if channel["channelId"] == "general")
    # Other tests may have sent messages to this channel since.
    assert general["readSeq"] >= before["seq"]
    assert general["unread"] == general["lastSeq"] - general["readSeq"]
    assert general["role"] == "member"


async def test_a_public_channel_is_discovered_and_joined(new_client: NewClient):
    """A public channel is discoverable until a user joins it, and both members get a frame about the joining."""
    dora, emil = await new_client("dora"), await new_client("emil")
    name = f"tea {uuid4()}"
    channel = await dora.api.post("/channels", {"name": name})
    await dora.sockets[0].wait_for_type("channel", change="created")
    offered = await emil.api.get("/channels", scope="discover", limit=100)
    assert name in {channel["name"] for channel in offered["items"]}
    await emil.api.put(f"/channels/{channel['channelId']}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    await emil.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    mine = await emil.api.get("/channels")
    assert name in {channel["name"] for channel in mine["items"]}
    offered = await emil.api.get("/channels", scope="discover", limit=100)
    assert name not in {channel["name"] for channel in offered["items"]}
    members = await emil.api.get(f"/channels/{channel['channelId']}/members")
    assert {(member["userId"], member["role"]) for member in members["items"]} == {
        (dora.user_id, "owner"),
        (emil.user_id, "member"),
    }


async def test_the_longest_standing_member_becomes_owner_when_the_owner_leaves(new_client: NewClient):
    """The frame about the leaving names the new owner. A direct channel has no owner."""
    dora, emil, frida = await new_client("dora"), await new_client("emil"), await new_client("frida")
    channel = await dora.api.post("/channels", {"name": f"tea {uuid4()}"})
    path = f"/channels/{channel['channelId']}/members"
    for client in (frida, emil):
        await client.api.put(f"{path}/me")
    await dora.api.delete(f"{path}/me")
    left_frame = await emil.sockets[0].wait_for_type("channel", change="left", userId=dora.user_id)
    assert left_frame["newOwnerId"] == frida.user_id
    roles = {member["userId"]: member["role"] for member in (await emil.api.get(path))["items"]}
    assert roles == {frida.user_id: "owner", emil.user_id: "member"}
    assert (await dora.api.post("/direct-messages", {"userId": emil.user_id}))["role"] == "member"


async def test_public_channel_names_are_unique(new_client: NewClient):
    """A second public channel of the same name in other case is refused with NAME_TAKEN."""
    dora = await new_client("dora")
    name = f"Taken {uuid4()}"
    await dora.api.post("/channels", {"name": name})
    refused = await dora.api.call("POST", "/channels", {"name": name.lower()})
    assert refused.status_code == 409
    assert refused.json()["code"] == "NAME_TAKEN"


async def test_a_direct_channel_is_the_same_from_both_sides(new_client: NewClient):
    """Both users get the same direct channel, and its messages are posted to these two only."""
    dora, emil, frida = await new_client("dora"), await new_client("emil"), await new_client("frida")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    same = await emil.api.post("/direct-messages", {"userId": dora.user_id})
    assert opened["channelId"] == same["channelId"]
    ack = await dora.send_message("between us", channel_id=opened["channelId"])
    await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    public = await emil.send_message("to all")
    await frida.sockets[0].wait_for_type("message", messageId=public["messageId"])
    assert frida.sockets[0].of_type("message", channelId=opened["channelId"]) == []


async def test_unread_counts_the_messages_after_the_read_marker(new_client: NewClient):
    """Two messages make two unread; moving the read marker to the latest makes none."""
    dora, emil = await new_client("dora"), await new_client("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    path = f"/channels/{opened['channelId']}"
    for text in ("one", "two"):
        ack = await dora.send_message(text, channel_id=opened["channelId"])
        last = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    assert (await emil.api.get(path))["unread"] == 2
    await emil.api.put(f"{path}/read-marker", {"seq": last["seq"]})
    assert (await emil.api.get(path))["unread"] == 0
