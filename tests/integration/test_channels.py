"""Channels: made, found, joined; direct ones found again."""

from uuid import uuid4

import pytest

from tests.integration.conftest import Join

pytestmark = pytest.mark.anyio


async def test_every_new_user_is_in_general(join: Join):
    """The first call joins `general`, with nothing unread."""
    dora = await join("dora")
    channels = (await dora.api.get("/channels"))["items"]
    general = next(channel for channel in channels if channel["channelId"] == "general")
    assert general["unread"] == 0
    assert general["role"] == "member"


async def test_a_public_channel_is_discovered_and_joined(join: Join):
    """It is in the other's directory until they join, and then in their list; both are told."""
    dora, emil = await join("dora"), await join("emil")
    name = f"tea {uuid4()}"
    made = await dora.api.post("/channels", {"name": name})
    await dora.sockets[0].wait_for_type("channel", change="created")
    offered = await emil.api.get("/channels", scope="discover", limit=100)
    assert name in {channel["name"] for channel in offered["items"]}
    await emil.api.put(f"/channels/{made['channelId']}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    await emil.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    mine = await emil.api.get("/channels")
    assert name in {channel["name"] for channel in mine["items"]}
    offered = await emil.api.get("/channels", scope="discover", limit=100)
    assert name not in {channel["name"] for channel in offered["items"]}
    members = await emil.api.get(f"/channels/{made['channelId']}/members")
    assert {(each["userId"], each["role"]) for each in members["items"]} == {
        (dora.user_id, "owner"),
        (emil.user_id, "member"),
    }


async def test_an_owner_who_leaves_leaves_an_owner(join: Join):
    """Whoever has been there longest, and everybody is told; of a direct channel nobody is."""
    dora, emil, frida = await join("dora"), await join("emil"), await join("frida")
    made = await dora.api.post("/channels", {"name": f"tea {uuid4()}"})
    path = f"/channels/{made['channelId']}/members"
    for person in (frida, emil):
        await person.api.put(f"{path}/me")
    await dora.api.delete(f"{path}/me")
    left_frame = await emil.sockets[0].wait_for_type("channel", change="left", userId=dora.user_id)
    assert left_frame["newOwnerId"] == frida.user_id
    roles = {each["userId"]: each["role"] for each in (await emil.api.get(path))["items"]}
    assert roles == {frida.user_id: "owner", emil.user_id: "member"}
    assert (await dora.api.post("/direct-messages", {"userId": emil.user_id}))["role"] == "member"


async def test_two_public_channels_do_not_share_a_name(join: Join):
    """The second is refused with a code of its own, whatever the case."""
    dora = await join("dora")
    name = f"Taken {uuid4()}"
    await dora.api.post("/channels", {"name": name})
    refused = await dora.api.call("POST", "/channels", {"name": name.lower()})
    assert refused.status_code == 409
    assert refused.json()["code"] == "NAME_TAKEN"


async def test_a_direct_channel_is_the_same_from_both_sides(join: Join):
    """Both get one channel, and what is said in it reaches both, and nobody else."""
    dora, emil, frida = await join("dora"), await join("emil"), await join("frida")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    found = await emil.api.post("/direct-messages", {"userId": dora.user_id})
    assert opened["channelId"] == found["channelId"]
    ack = await dora.send_message("between us", channel_id=opened["channelId"])
    await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    public = await emil.send_message("to all")
    await frida.sockets[0].wait_for_type("message", messageId=public["messageId"])
    assert frida.sockets[0].of_type("message", channelId=opened["channelId"]) == []


async def test_unread_counts_what_came_since_the_marker(join: Join):
    """Two messages are two unread; moving the marker clears them."""
    dora, emil = await join("dora"), await join("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    path = f"/channels/{opened['channelId']}"
    for text in ("one", "two"):
        ack = await dora.send_message(text, channel_id=opened["channelId"])
        last = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    assert (await emil.api.get(path))["unread"] == 2
    await emil.api.put(f"{path}/read-marker", {"seq": last["seq"]})
    assert (await emil.api.get(path))["unread"] == 0
