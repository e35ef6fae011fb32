"""Refusals: sockets without a valid ticket, invalid frames, and access to channels of which one is no member."""

import json
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.chat_client import Socket
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage

pytestmark = pytest.mark.anyio


async def test_a_socket_without_a_ticket_is_refused(stage: TestStage):
    """The handshake fails."""
    with pytest.raises(InvalidStatus) as refusal:
        await Socket.open(stage.websocket_url, "")
    assert refusal.value.response.status_code in {401, 403}


async def test_a_ticket_opens_one_socket_only(stage: TestStage, new_client: NewClient):
    """The second use of a ticket is refused; the first socket stays open."""
    dora = await new_client("dora")
    ticket = await dora.ticket()
    first = await Socket.open(stage.websocket_url, ticket)
    with pytest.raises(InvalidStatus) as refusal:
        await Socket.open(stage.websocket_url, ticket)
    assert refusal.value.response.status_code == 403
    assert first.is_open
    await first.close()


async def test_the_api_refuses_requests_without_a_token(stage: TestStage):
    """The API answers 401 with a message."""
    async with httpx.AsyncClient() as http:
        response = await http.get(f"{stage.api_url}/me")
    assert response.status_code == 401
    assert set(response.json()) >= {"message"}


OWN_CHANNEL = "own-channel"
"""In the frames below: replaced by the id of the test's channel."""
FRAMES = [
    ("not JSON", "hello", "INVALID_FRAME"),
    ("no object", "[1]", "INVALID_FRAME"),
    ("no action", "{}", "INVALID_FRAME"),
    ("an unknown action", json.dumps({"action": "fly"}), "UNKNOWN_ACTION"),
    ("a missing field", json.dumps({"action": "sendMessage", "channelId": OWN_CHANNEL}), "INVALID_FRAME"),
    (
        "a forged sender",
        json.dumps(
            {
                "action": "sendMessage",
                "channelId": OWN_CHANNEL,
                "clientMessageId": str(uuid4()),
                "text": "x",
                "sender": {"userId": "u-2"},
            }
        ),
        "INVALID_FRAME",
    ),
    (
        "a foreign channel",
        json.dumps(
            {
                "action": "sendMessage",
                "channelId": "not-mine",
                "clientMessageId": str(uuid4()),
                "text": "x",
            }
        ),
        "NOT_A_MEMBER",
    ),
    (
        "9 KB of text",
        json.dumps(
            {
                "action": "sendMessage",
                "channelId": OWN_CHANNEL,
                "clientMessageId": str(uuid4()),
                "text": "é" * 4608,
            },
            ensure_ascii=False,
        ),
        "TEXT_TOO_LONG",
    ),
]


@pytest.mark.parametrize(("text", "code"), [frame[1:] for frame in FRAMES], ids=[frame[0] for frame in FRAMES])
async def test_an_invalid_frame_gets_an_error_and_nothing_is_stored(new_client: NewClient, text: str, code: str):
    """The client gets one error frame with the code, and the next message is the first of the channel."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"refusals {uuid4()}", "kind": "private"})
    await dora.sockets[0].send_text(text.replace(OWN_CHANNEL, channel["channelId"]))
    error = await dora.sockets[0].wait_for_type("error")
    assert error["code"] == code
    assert error["message"]
    ack = await dora.send_message("valid", channel_id=channel["channelId"])
    frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    assert frame["seq"] == 1
    assert dora.sockets[0].of_type("error") == [error]


async def test_a_private_channel_is_hidden_from_non_members(new_client: NewClient):
    """A user who is no member cannot find, list, join or read a private channel."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": "ours", "kind": "private"})
    path = f"/channels/{channel['channelId']}"
    assert (await emil.api.call("GET", path)).status_code == 404
    assert (await emil.api.call("PUT", f"{path}/members/me")).status_code == 404
    assert (await emil.api.call("GET", f"{path}/messages")).status_code == 403
    discovered = await emil.api.get("/channels", scope="discover")
    assert channel["channelId"] not in {item["channelId"] for item in discovered["items"]}


async def test_a_removed_member_receives_and_sends_nothing_more(new_client: NewClient):
    """After the removal is answered the user gets no frame of the channel, and their frames are refused."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": f"leaving {uuid4()}", "kind": "private"})
    channel_id = channel["channelId"]
    await dora.api.put(f"/channels/{channel_id}/members/{emil.user_id}")
    await emil.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    await dora.api.delete(f"/channels/{channel_id}/members/{emil.user_id}")
    await emil.sockets[0].wait_for_type("channel", change="left", userId=emil.user_id)
    ack = await dora.send_message("without emil", channel_id=channel_id)
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    refused = await emil.send_message("from a removed member", channel_id=channel_id)
    assert refused["code"] == "NOT_A_MEMBER"
    assert emil.sockets[0].of_type("message", channelId=channel_id) == []
