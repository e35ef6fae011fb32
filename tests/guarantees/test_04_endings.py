"""Whoever is removed, signs out, or whose session expires gets and sends nothing more; their socket is closed."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from ops.chat_client import ChatClient, NoSuchFrameError, Socket
from tests.guarantees.crowd import private_channel, signed_in
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS, until

PROMISE = 4
pytestmark = pytest.mark.anyio


def of_channel(socket: Socket, channel_id: str) -> list[dict[str, Any]]:
    """The messages of a channel that came in."""
    return socket.of_type("message", channelId=channel_id)


async def test_a_removed_member_hears_and_says_nothing_more(stage: TestStage, record: Record, is_long: bool):
    """From the moment that the removal is answered, while others go on talking, and in REST too."""
    rounds = 10 if is_long else 2
    async with signed_in(stage, "owner", "guest") as (owner, guest):
        await owner.open_socket()
        await guest.open_socket()
        for _ in range(rounds):
            channel_id = await private_channel(owner, guest)
            before = await owner.send_message("you may hear this", channel_id=channel_id)
            await guest.sockets[0].wait_for_type("message", messageId=before["messageId"])
            talk = [
                asyncio.create_task(owner.send_message(f"meanwhile {n}", channel_id=channel_id)) for n in range(4)
            ]
            await owner.api.delete(f"/channels/{channel_id}/members/{guest.user_id}")
            await asyncio.gather(*talk)
            heard = len(of_channel(guest.sockets[0], channel_id))
            after = await owner.send_message("you may not hear this", channel_id=channel_id)
            await owner.sockets[0].wait_for_type("message", messageId=after["messageId"])
            answer = await guest.send_message("may I?", channel_id=channel_id)
            assert answer["code"] == "NOT_A_MEMBER"
            refused = await guest.api.call("GET", f"/channels/{channel_id}/messages")
            assert refused.status_code in {403, 404}
            # Said later, and it comes the same way: what he was to hear of the channel would be here by then.
            later = await owner.send_message("you may hear this too")
            await guest.sockets[0].wait_for_type("message", messageId=later["messageId"])
            late = [frame["text"] for frame in of_channel(guest.sockets[0], channel_id)[heard:]]
            assert "you may not hear this" not in late
    record.tried("removed from a channel in mid-conversation", rounds)


async def test_signing_out_closes_every_tab_of_that_session(stage: TestStage, record: Record):
    """Both tabs end, the telephone stays; neither an old ticket nor a new one opens a socket."""
    person = await asyncio.to_thread(stage.new_user, "dora")
    desk, phone = [await sign_in(stage, person) for _ in range(2)]
    async with signed_in(stage, "emil") as (emil,):
        channel_id = await private_channel(emil, desk)
        tabs = [await desk.open_socket() for _ in range(2)]
        pocket = await phone.open_socket()
        unused = await desk.ticket()
        await desk.api.post("/sign-out")
        for tab in tabs:
            await tab.wait_closed(DEADLINE_SECONDS)
            assert not tab.is_open
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, unused)
        refused = await desk.api.call("POST", "/tickets")
        assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_EXPIRED")
        await emil.open_socket()
        said = await emil.send_message("are you there?", channel_id=channel_id)
        await pocket.wait_for_type("message", messageId=said["messageId"])
        assert all(not tab.of_type("message", messageId=said["messageId"]) for tab in tabs)
    await desk.close()
    await phone.close()
    record.tried("signed out with two tabs and a telephone")


@pytest.mark.thorough
async def test_no_socket_slips_through_while_its_session_ends(stage: TestStage, record: Record, is_long: bool):
    """Sockets that open at the same moment are refused or closed: none is open once signing out is answered."""
    rounds = 20 if is_long else 3
    person = await asyncio.to_thread(stage.new_user, "dora")
    for number in range(rounds):
        client = await sign_in(stage, person)
        tickets = [await client.ticket() for _ in range(4)]

        async def late(ticket: str, delay: float) -> Socket | None:
            await asyncio.sleep(delay)
            try:
                return await Socket.open(stage.websocket_url, ticket)
            except InvalidStatus:
                return None

        opening = [
            asyncio.create_task(late(ticket, place * 0.02 + number * 0.003))
            for place, ticket in enumerate(tickets)
        ]
        await client.api.post("/sign-out")
        for socket in await asyncio.gather(*opening):
            if socket is not None:
                await socket.wait_closed(DEADLINE_SECONDS)
                assert not socket.is_open, "a socket outlived its session"
        await client.close()
    record.tried("sockets opening while the session ends", rounds * 4)


async def test_a_socket_held_up_while_its_session_ends_is_refused(
    stage: TestStage, record: Record, faults: Faults
):
    """Let in before the end and stored after it: it sees that the session is over."""
    async with signed_in(stage, "dora") as (dora,):
        ticket = await dora.ticket()
        # The first row to be put is the connection's: the authorizer only takes the ticket away.
        held_up = {"where": "request", "what": "hang", "only": ".PutItem", "times": 1, "seconds": DEADLINE_SECONDS}
        with faults.of(held_up):
            opening = asyncio.create_task(Socket.open(stage.websocket_url, ticket))
            await asyncio.to_thread(faults.wait_until_struck)
            await dora.api.post("/sign-out")
        # The rule is gone, so the row is put now.
        with pytest.raises(InvalidStatus):
            await opening
    record.tried("sockets held up while the session ends")


async def test_an_expired_session_is_told_and_closed_at_its_next_frame(stage: TestStage, record: Record):
    """Nothing goes in, nothing comes out, and the socket ends. The session is one of a few seconds."""
    async with signed_in(stage, "dora", "emil") as (dora, emil):
        channel_id = await private_channel(dora, emil)
        await dora.open_socket()
        brief, expires_at = await brief_socket(stage, dora, emil, channel_id)
        # A row's expiry is in whole seconds.
        await until(lambda: time.time() > expires_at + 1, "the session had expired", every=0.1)
        late = await dora.send_message("too late", channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=late["messageId"])
        # Its posts are made side by side, and the next message's after them: one to the brief session came before.
        later = await dora.send_message("later still", channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=later["messageId"])
        await brief.send_text(json.dumps({"action": "startTyping", "channelId": channel_id}))
        await brief.wait_for_type("error", code="SESSION_EXPIRED")
        await brief.wait_closed(DEADLINE_SECONDS)
        assert not brief.is_open
        assert [frame["text"] for frame in of_channel(brief, channel_id)] == ["in time"]
        said = await dora.send_message("the last word", channel_id=channel_id)
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert {item["sender"]["userId"] for item in page["items"]} == {dora.user_id}
        assert said["type"] == "ack"
    record.tried("session expired while connected")


async def test_a_ticket_is_for_one_use_by_one_origin(stage: TestStage, record: Record):
    """Used twice, or by another site's page, it opens nothing."""
    async with signed_in(stage, "dora") as (dora,):
        ticket = await dora.ticket()
        first = await Socket.open(stage.websocket_url, ticket)
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, ticket)
        await first.close()
        asked = await dora.api.http.post("/tickets", headers={"Origin": stage.url})
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, asked.json()["ticket"], origin="https://evil.example")
        asked = await dora.api.http.post("/tickets", headers={"Origin": stage.url})
        own = await Socket.open(stage.websocket_url, asked.json()["ticket"], origin=stage.url)
        await own.close()
    record.tried("tickets used twice, and by another origin", 2)


async def brief_socket(
    stage: TestStage, dora: ChatClient, emil: ChatClient, channel_id: str
) -> tuple[Socket, float]:
    """A socket of a session that is almost over, on which a message came in time; and when the session ends.

    On a busy machine a message may take longer than the session lasts: then another one lasts longer.
    """
    for seconds in (2, 8, 32):
        socket = await Socket.open(stage.websocket_url, short_ticket(stage, emil, seconds=seconds))
        expires_at = time.time() + seconds
        early = await dora.send_message("in time", channel_id=channel_id)
        with contextlib.suppress(NoSuchFrameError):
            await socket.wait_for_type("message", messageId=early["messageId"], seconds=seconds)
            return socket, expires_at
        await socket.close()
    raise AssertionError("no message came within a session's last 32 seconds")


async def sign_in(stage: TestStage, person: Any) -> ChatClient:
    """One more session of a person."""
    token = await asyncio.to_thread(stage.id_token, person)
    return await ChatClient.sign_in(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


def short_ticket(stage: TestStage, client: ChatClient, *, seconds: int) -> str:
    """A ticket of a session that is almost over, put into the table as the API would: tokens last an hour."""
    ticket = secrets.token_urlsafe(32)
    now = time.time()
    stage.resource("dynamodb").Table(stage.output("Data", "TicketsTableName")).put_item(
        Item={
            "ticketHash": hashlib.sha256(ticket.encode()).hexdigest(),
            "userId": client.user_id,
            "displayName": client.user["displayName"],
            "sessionId": "almost over",
            "sessionExpiresAt": int((now + seconds) * 1000),
            "origin": None,
            "expiresAt": int(now) + 30,
        }
    )
    return ticket
