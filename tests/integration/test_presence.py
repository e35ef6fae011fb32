"""Who is online: per user, from their connections, told to those who share a channel."""

import pytest
from boto3.dynamodb.conditions import Key

from ops.chat_client import ChatClient
from tests.integration.conftest import Join
from tests.local_stage import TestStage
from tests.waiting import until

pytestmark = pytest.mark.anyio


def _presence_of(user_id: str, status: str):
    return lambda frame: (
        frame["type"] == "presence"
        and any(change["userId"] == user_id and change["status"] == status for change in frame["changes"])
    )


def connections_of(stage: TestStage, person: ChatClient) -> int:
    """How many connections of somebody are stored."""
    table = stage.resource("dynamodb").Table(stage.output("Data", "ConnectionsTableName"))
    return len(table.query(KeyConditionExpression=Key("userId").eq(person.user_id), ConsistentRead=True)["Items"])


async def test_others_see_somebody_come_and_go(join: Join):
    """Opening the first connection and closing the last are told, with the time of the last sight."""
    dora = await join("dora")
    emil = await join("emil")
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "online"))
    await emil.sockets[0].close()
    frame = await dora.sockets[0].wait_for(_presence_of(emil.user_id, "offline"))
    change = next(each for each in frame["changes"] if each["userId"] == emil.user_id)
    assert change["lastSeenAt"]


async def test_closing_one_of_two_tabs_changes_nothing(stage: TestStage, join: Join):
    """Only the last connection's end makes somebody offline, whether it closes or is cut."""
    dora, emil, frida = await join("dora"), await join("emil"), await join("frida")
    # Somebody who comes and goes within one batch of status updates is told of neither.
    for person in (emil, frida):
        await dora.sockets[0].wait_for(_presence_of(person.user_id, "online"))
    second = await emil.open_socket()
    await emil.sockets[0].close()
    await until(lambda: connections_of(stage, emil) == 1, "the closed tab's connection was gone")
    # Somebody else goes offline by the same way: had emil's end of a tab been told, it would be here by then.
    await frida.sockets[0].close()
    await dora.sockets[0].wait_for(_presence_of(frida.user_id, "offline"))
    assert not any(map(_presence_of(emil.user_id, "offline"), dora.sockets[0].frames))
    second.cut()
    await dora.sockets[0].wait_for(_presence_of(emil.user_id, "offline"))


async def test_the_directory_says_who_is_online(join: Join):
    """`GET /users` agrees with the frames."""
    dora, emil = await join("dora"), await join("emil")
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


async def test_typing_is_told_to_others_and_read_markers_to_oneself(join: Join):
    """The typist gets no typing frame; another tab of the reader gets the marker, other people do not."""
    dora, emil = await join("dora"), await join("emil")
    tab = await dora.open_socket()
    await dora.sockets[0].send(action="startTyping", channelId="general")
    typing = await emil.sockets[0].wait_for_type("typing", userId=dora.user_id)
    assert typing["channelId"] == "general"
    ack = await emil.send_message("read me")
    message = await tab.wait_for_type("message", messageId=ack["messageId"])
    await dora.api.put("/channels/general/read-marker", {"seq": message["seq"]})
    await tab.wait_for_type("readMarker", channelId="general", readSeq=message["seq"])
    # The same the other way round, which shows when the first would have come to whom it is not for.
    await emil.sockets[0].send(action="startTyping", channelId="general")
    await dora.sockets[0].wait_for_type("typing", userId=emil.user_id)
    ack = await dora.send_message("and me", socket=tab)
    answer = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await emil.api.put("/channels/general/read-marker", {"seq": answer["seq"]})
    await emil.sockets[0].wait_for_type("readMarker", channelId="general", readSeq=answer["seq"])
    assert dora.sockets[0].of_type("typing", userId=dora.user_id) == []
    assert emil.sockets[0].of_type("readMarker", readSeq=message["seq"]) == []
