"""A user who is removed, signs out, or whose session expires, receives and sends nothing more."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.chat_client import ChatClient, NoSuchFrameError, Socket
from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS, until

PROMISE = 4
pytestmark = pytest.mark.anyio


def of_channel(socket: Socket, channel_id: str) -> list[dict[str, Any]]:
    """The channel's messages that a socket received."""
    return socket.of_type("message", channelId=channel_id)


async def test_a_removed_member_receives_and_sends_nothing_more(stage: TestStage, record: Record, is_long: bool):
    """The removal is effective when it is answered, on the socket and in REST, while others send messages."""
    rounds = 10 if is_long else 2
    async with signed_in_users(stage, "owner", "guest") as (owner, guest):
        await owner.open_socket()
        await guest.open_socket()
        for _ in range(rounds):
            channel_id = await create_private_channel(owner, guest)
            before = await owner.send_message("before the removal", channel_id=channel_id)
            await guest.sockets[0].wait_for_type("message", messageId=before["messageId"])
            concurrent = [
                asyncio.create_task(owner.send_message(f"meanwhile {n}", channel_id=channel_id)) for n in range(4)
            ]
            await owner.api.delete(f"/channels/{channel_id}/members/{guest.user_id}")
            await asyncio.gather(*concurrent)
            received = len(of_channel(guest.sockets[0], channel_id))
            after = await owner.send_message("after the removal", channel_id=channel_id)
            await owner.sockets[0].wait_for_type("message", messageId=after["messageId"])
            answer = await guest.send_message("from a removed member", channel_id=channel_id)
            assert answer["code"] == "NOT_A_MEMBER"
            refused = await guest.api.call("GET", f"/channels/{channel_id}/messages")
            assert refused.status_code in {403, 404}
            # A later message to another channel takes the same path: the channel's frames would have arrived
            # before it.
            later = await owner.send_message("in general")
            await guest.sockets[0].wait_for_type("message", messageId=later["messageId"])
            late = [frame["text"] for frame in of_channel(guest.sockets[0], channel_id)[received:]]
            assert "after the removal" not in late
    record.tried("members removed during a conversation", rounds)


async def test_signing_out_closes_every_tab_of_that_session(stage: TestStage, record: Record):
    """Both tabs of the session are closed and its tickets refused; another session's socket stays open."""
    user = await asyncio.to_thread(stage.new_user, "dora")
    desktop, phone = [await stage.sign_in(user) for _ in range(2)]
    async with signed_in_users(stage, "emil") as (emil,):
        channel_id = await create_private_channel(emil, desktop)
        tabs = [await desktop.open_socket() for _ in range(2)]
        phone_socket = await phone.open_socket()
        unused = await desktop.ticket()
        await desktop.api.post("/sign-out")
        for tab in tabs:
            await tab.wait_until_closed()
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, unused)
        refused = await desktop.api.call("POST", "/tickets")
        assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_EXPIRED")
        await emil.open_socket()
        ack = await emil.send_message("after signing out", channel_id=channel_id)
        await phone_socket.wait_for_type("message", messageId=ack["messageId"])
        assert all(not tab.of_type("message", messageId=ack["messageId"]) for tab in tabs)
    await desktop.close()
    await phone.close()
    record.tried("signed out with two tabs and a phone")


@pytest.mark.thorough
async def test_sockets_opening_during_sign_out_are_refused_or_closed(
    stage: TestStage, record: Record, is_long: bool
):
    """No socket that opens while the user signs out stays open after the sign-out is answered."""
    rounds = 20 if is_long else 3
    user = await asyncio.to_thread(stage.new_user, "dora")
    for number in range(rounds):
        client = await stage.sign_in(user)
        tickets = [await client.ticket() for _ in range(4)]

        async def open_after(ticket: str, delay: float) -> Socket | None:
            await asyncio.sleep(delay)
            try:
                return await Socket.open(stage.websocket_url, ticket)
            except InvalidStatus:
                return None

        opening = [
            asyncio.create_task(open_after(ticket, place * 0.02 + number * 0.003))
            for place, ticket in enumerate(tickets)
        ]
        await client.api.post("/sign-out")
        for socket in await asyncio.gather(*opening):
            if socket is not None:
                await socket.wait_until_closed()
        await client.close()
    record.tried("sockets opening while the session ends", rounds * 4)


async def test_a_socket_delayed_until_its_session_ends_is_refused(
    stage: TestStage, record: Record, faults: Faults
):
    """A connection that is authorized before the session ends and stored afterwards is refused."""
    async with signed_in_users(stage, "dora") as (dora,):
        ticket = await dora.ticket()
        # The first PutItem is the connection's: the authorizer only deletes the ticket.
        delayed_put = {
            "where": "request",
            "what": "hang",
            "only": ".PutItem",
            "times": 1,
            "seconds": DEADLINE_SECONDS,
        }
        with faults.of(delayed_put):
            opening = asyncio.create_task(Socket.open(stage.websocket_url, ticket))
            await asyncio.to_thread(faults.wait_until_struck)
            await dora.api.post("/sign-out")
        # The fault has ended, so the row is put now.
        with pytest.raises(InvalidStatus):
            await opening
    record.tried("sockets delayed until the session has ended")


async def test_an_expired_session_gets_an_error_and_is_closed_at_its_next_frame(stage: TestStage, record: Record):
    """After its session expired a socket receives nothing, its next frame is refused, and it is closed."""
    async with signed_in_users(stage, "dora", "emil") as (dora, emil):
        channel_id = await create_private_channel(dora, emil)
        await dora.open_socket()
        short_lived, expires_at = await short_lived_socket(stage, dora, emil, channel_id)
        # A row's expiry is in whole seconds.
        await until(lambda: time.time() > expires_at + 1, "the session had expired", every=0.1)
        late = await dora.send_message("too late", channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=late["messageId"])
        # A message's posts are made concurrently, and the next message's after them: a post to the expired session
        # would have come before.
        later = await dora.send_message("later still", channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=later["messageId"])
        await short_lived.send_text(json.dumps({"action": "startTyping", "channelId": channel_id}))
        await short_lived.wait_for_type("error", code="SESSION_EXPIRED")
        await short_lived.wait_until_closed()
        assert [frame["text"] for frame in of_channel(short_lived, channel_id)] == ["in time"]
        ack = await dora.send_message("last", channel_id=channel_id)
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert {item["sender"]["userId"] for item in page["items"]} == {dora.user_id}
        assert ack["type"] == "ack"
    record.tried("sessions expired while connected")


async def test_a_ticket_works_once_and_for_one_origin(stage: TestStage, record: Record):
    """A second use of a ticket, or its use from another origin, opens no socket."""
    async with signed_in_users(stage, "dora") as (dora,):
        ticket = await dora.ticket()
        first = await Socket.open(stage.websocket_url, ticket)
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, ticket)
        await first.close()
        response = await dora.api.http.post("/tickets", headers={"Origin": stage.url})
        with pytest.raises(InvalidStatus):
            await Socket.open(stage.websocket_url, response.json()["ticket"], origin="https://evil.example")
        response = await dora.api.http.post("/tickets", headers={"Origin": stage.url})
        same_origin = await Socket.open(stage.websocket_url, response.json()["ticket"], origin=stage.url)
        await same_origin.close()
    record.tried("tickets used twice, and by another origin", 2)


async def short_lived_socket(
    stage: TestStage, dora: ChatClient, emil: ChatClient, channel_id: str
) -> tuple[Socket, float]:
    """Open a socket in a session of a few seconds, and return it with the time at which the session expires.

    The socket has received one message. On a slow machine that may take longer than the session lasts; then the
    next attempt's session lasts longer.
    """
    for seconds in (2, 8, 32):
        socket = await Socket.open(stage.websocket_url, short_ticket(stage, emil, seconds=seconds))
        expires_at = time.time() + seconds
        early = await dora.send_message("in time", channel_id=channel_id)
        with contextlib.suppress(NoSuchFrameError):
            await socket.wait_for_type("message", messageId=early["messageId"], seconds=seconds)
            return socket, expires_at
        await socket.close()
    raise AssertionError("no message arrived within the 32 seconds of a session")


def short_ticket(stage: TestStage, client: ChatClient, *, seconds: int) -> str:
    """A ticket of a session that expires soon. It is put into the table, because tokens last an hour."""
    ticket = secrets.token_urlsafe(32)
    now = time.time()
    stage.table("Tickets").put_item(
        Item={
            "ticketHash": hashlib.sha256(ticket.encode()).hexdigest(),
            "userId": client.user_id,
            "displayName": client.user["displayName"],
            "sessionId": "short-lived",
            "sessionExpiresAt": int((now + seconds) * 1000),
            "origin": None,
            "expiresAt": int(now) + 30,
        }
    )
    return ticket
