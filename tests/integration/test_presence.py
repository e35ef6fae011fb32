"""Presence: derived from a user's connections, and posted to the users who share a channel with them."""

import pytest
from boto3.dynamodb.conditions import Key

from tests.chat_client import ChatClient
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import until

pytestmark = pytest.mark.anyio


def _presence_of(user_id: str, status: str):
    return lambda frame: (
        frame["type"] == "presence"
        and any(change["userId"] == user_id and change["status"] == status for change in frame["changes"])
    )


def connections_of(stage: TestStage, client: ChatClient) -> int:
    """How many connections of a user are stored."""
    table = stage.table("Connections")
    return len(table.query(KeyConditionExpression=Key("userId").eq(client.user_id), ConsistentRead=True)["Items"])


async def test_presence_follows_the_first_and_last_connection(new_client: NewClient):
    """Opening the first connection posts online, and closing the last posts offline with the last-seen time."""
    dora = await new_client("dora")
    emil = await new_client("emil")
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "online"))
    await emil.sockets[0].close()
    frame = await dora.sockets[0].wait_for(_presence_of(emil.user_id, "offline"))
    change = next(change for change in frame["changes"] if change["userId"] == emil.user_id)
    assert change["lastSeenAt"]


@pytest.mark.thorough
async def test_closing_one_of_two_tabs_changes_nothing(stage: TestStage, new_client: NewClient):
    """A user goes offline only when their last connection ends, whether it is closed or cut."""
    dora, emil, frida = await new_client("dora"), await new_client("emil"), await new_client("frida")
    # Wait for both: a user who connects and disconnects within one batch of status updates gets no presence frame.
    for client in (emil, frida):
        await dora.sockets[0].wait_for(_presence_of(client.user_id, "online"))
    second = await emil.open_socket()
    await emil.sockets[0].close()
    await until(lambda: connections_of(stage, emil) == 1, "the closed tab's connection was deleted")
    # Frida's going offline takes the same path: a presence frame for emil's closed tab would have come before it.
    await frida.sockets[0].close()
    await dora.sockets[0].wait_for(_presence_of(frida.user_id, "offline"))
    assert not any(map(_presence_of(emil.user_id, "offline"), dora.sockets[0].frames))
    second.cut()
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "offline"))


async def test_the_directory_shows_who_is_online(new_client: NewClient):
    """`GET /users` returns the same status as the frames."""
    dora, emil = await new_client("dora"), await new_client("emil")
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "online"))

    async def status() -> str:
        cursor: dict[str, str] = {}
        while True:
            page = await dora.api.get("/users", limit=100, **cursor)
            for user in page["items"]:
                if user["userId"] == emil.user_id:
                    return str(user["status"])
            cursor = {"cursor": page["cursor"]}

    assert await status() == "online"
    await emil.sockets[0].close()
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "offline"))
    assert await status() == "offline"


async def test_typing_goes_to_others_and_read_markers_to_own_tabs(new_client: NewClient):
    """A typing frame is not posted to its user, and a read marker only to the user's own connections."""
    dora, emil = await new_client("dora"), await new_client("emil")
    tab = await dora.open_socket()
    await dora.sockets[0].send(action="startTyping", channelId="general")
    typing = await emil.sockets[0].wait_for_type("typing", userId=dora.user_id)
    assert typing["channelId"] == "general"
    ack = await emil.send_message("read me")
    message = await tab.wait_for_type("message", messageId=ack["messageId"])
    await dora.api.put("/channels/general/read-marker", {"seq": message["seq"]})
    await tab.wait_for_type("readMarker", channelId="general", readSeq=message["seq"])
    # Repeat it with the roles swapped: a frame of the first round to the wrong user would have come before these.
    await emil.sockets[0].send(action="startTyping", channelId="general")
    await dora.sockets[0].wait_for_type("typing", userId=emil.user_id)
    ack = await dora.send_message("and me", socket=tab)
    answer = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await emil.api.put("/channels/general/read-marker", {"seq": answer["seq"]})
    await emil.sockets[0].wait_for_type("readMarker", channelId="general", readSeq=answer["seq"])
    assert dora.sockets[0].of_type("typing", userId=dora.user_id) == []
    assert emil.sockets[0].of_type("readMarker", readSeq=message["seq"]) == []
