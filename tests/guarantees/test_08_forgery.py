"""Forged frames are refused, markup stays text, private channels stay private, and no secret is logged."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from functions.contract.routes import ROUTES
from tests.chat_client import Socket
from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import wait_until

PROMISE = 8
pytestmark = pytest.mark.anyio

MARKUP = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "](data:text/html,<script>alert(1)</script>)",
    '"><svg onload=alert(1)>',
]


async def test_markup_is_kept_as_text(stage: TestStage, record: Record):
    """Markup is stored and returned unchanged, in a JSON body that no browser renders as a page."""
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        await dora.open_socket()
        for text in MARKUP:
            ack = await dora.send_message(text, channel_id=channel_id)
            frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
            assert frame["text"] == text
        response = await dora.api.call("GET", f"/channels/{channel_id}/messages")
        assert [item["text"] for item in response.json()["items"]] == MARKUP
        assert response.headers["content-type"].startswith("application/json")
        assert response.headers["x-content-type-options"] == "nosniff"
    record.tried("markup and scripts as a message's text", len(MARKUP))


async def test_a_forged_sender_is_refused(stage: TestStage, record: Record):
    """A frame that names a sender is refused: the sender is the user to whom the ticket was issued."""
    async with signed_in_users(stage, "dora", "emil") as (dora, emil):
        channel_id = await create_private_channel(dora, emil)
        socket = await dora.open_socket()
        frame = {"action": "sendMessage", "channelId": channel_id, "clientMessageId": str(uuid4()), "text": "x"}
        forgeries: list[dict[str, Any]] = [
            {"sender": {"userId": emil.user_id}},
            {"userId": emil.user_id},
            {"seq": 1},
            {"sentAt": "now"},
        ]
        for forged in forgeries:
            since = len(socket.frames)
            await socket.send_text(json.dumps({**frame, **forged}))
            error = await socket.wait_for(lambda frame: frame["type"] == "error", since=since)
            assert error["code"] == "INVALID_FRAME"
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert page["items"] == []
    record.tried("forged senders, seqs and times", len(forgeries))


async def test_an_id_used_in_another_channel_gives_no_place(stage: TestStage, record: Record):
    """A sender who repeats the ids of one channel in another takes no seq of others there."""
    async with signed_in_users(stage, "dora", "mallory") as (dora, mallory):
        own = await create_private_channel(mallory)
        shared = await create_private_channel(dora, mallory)
        await dora.open_socket()
        await mallory.open_socket()
        ids = [str(uuid4()) for _ in range(3)]
        for client_message_id in ids:
            ack = await mallory.send_message("mine", channel_id=own, client_message_id=client_message_id)
            await mallory.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        for client_message_id in ids:
            await mallory.send_message("planted", channel_id=shared, client_message_id=client_message_id)
        for number in range(1, len(ids) + 1):
            ack = await dora.send_message(f"hello {number}", channel_id=shared)
            frame = await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
            assert frame["seq"] == number
        items = (await dora.api.get(f"/channels/{shared}/messages"))["items"]
        assert [item["text"] for item in items] == ["hello 1", "hello 2", "hello 3"]
    record.tried("ids of messages in another channel", len(ids))


async def test_non_members_cannot_access_a_channel_by_its_id(stage: TestStage, record: Record):
    """Frames and requests with another channel's id get the same refusal whether or not the channel exists."""
    async with signed_in_users(stage, "dora", "emil", "mallory") as (dora, emil, mallory):
        channel_id = await create_private_channel(dora)
        direct = (await dora.api.post("/direct-messages", {"userId": emil.user_id}))["channelId"]
        socket = await mallory.open_socket()
        tries = 0
        answers: dict[str, set[tuple[int, str]]] = {}
        for target in (channel_id, direct, "no-such-channel"):
            for method, path, body in (
                ("GET", f"/channels/{target}", None),
                ("GET", f"/channels/{target}/messages", None),
                ("GET", f"/channels/{target}/members", None),
                ("PUT", f"/channels/{target}/members/me", None),
                ("PUT", f"/channels/{target}/members/{mallory.user_id}", None),
                ("DELETE", f"/channels/{target}/members/{dora.user_id}", None),
                ("PUT", f"/channels/{target}/read-marker", {"seq": 1}),
            ):
                response = await mallory.api.call(method, path, body)
                assert response.status_code in {403, 404}, (method, path, response.text)
                answers.setdefault(path.replace(target, "*"), set()).add(
                    (response.status_code, response.json()["code"])
                )
                tries += 1
            for frame in (
                {"action": "sendMessage", "clientMessageId": str(uuid4()), "text": "hello"},
                {"action": "editMessage", "seq": 1, "text": "mine"},
                {"action": "deleteMessage", "seq": 1},
                {"action": "addReaction", "seq": 1, "emoji": "👍"},
                {"action": "startTyping"},
            ):
                since = len(socket.frames)
                await socket.send_text(json.dumps({**frame, "channelId": target}))
                error = await socket.wait_for(lambda frame: frame["type"] == "error", since=since)
                assert error["code"] == "NOT_A_MEMBER", error
                tries += 1
        assert all(len(codes) == 1 for codes in answers.values()), answers
    record.tried("frames and requests to other channels", tries)


async def test_every_route_refuses_requests_without_a_valid_token(stage: TestStage, record: Record):
    """Every route answers a request without a token, or with a forged one, with the same 401."""
    bad_tokens = [None, "nonsense", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "eyJhbGciOiJub25lIn0.e30."]
    async with httpx.AsyncClient(base_url=stage.api_url) as http:
        for token in bad_tokens:
            for route in ROUTES:
                path = route.path.format(channelId="general", userId="me")
                response = await http.request(
                    route.method, path, headers={"Authorization": token} if token else {}
                )
                request = f"{route.method} {path}: {response.text}"
                assert response.status_code == 401, request
                assert response.json()["code"] == "SESSION_EXPIRED", request
                assert response.headers["x-content-type-options"] == "nosniff", request
                assert "strict-transport-security" in response.headers, request
    record.tried("requests without a valid token", len(bad_tokens) * len(ROUTES))


@pytest.mark.thorough
async def test_neither_texts_nor_tokens_nor_tickets_are_logged(stage: TestStage, record: Record):
    """No function logs a message's text, a ticket or a token; they log ids."""
    secret, started = f"the secret {uuid4()}", time.time()
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        ticket = await dora.ticket()
        socket = await Socket.open(stage.websocket_url, ticket)
        dora.sockets.append(socket)
        ack = await dora.send_message(secret, channel_id=channel_id)
        await socket.wait_for_type("message", messageId=ack["messageId"])
        await socket.send_text(json.dumps({"action": "sendMessage", "text": secret}))
        await socket.wait_for_type("error")
        token = dora.api.http.headers["Authorization"]
        # The ticket would be in the first two of these lines, and the text in the others.
        expected = [
            ('"allowed"', dora.user_id),
            ('"connected"', dora.user_id),
            ('"taken"', ack["messageId"]),
            ('"posted"', ack["messageId"]),
            ("INVALID_FRAME", dora.user_id),
        ]
        logged = await asyncio.to_thread(
            logged_since, stage, started, lambda lines: all(has_line(lines, *parts) for parts in expected)
        )
    for hidden in (secret, ticket, token, token.split(".")[2]):
        assert hidden not in logged
    record.tried("texts, tickets and tokens searched for in every function's log", 4)


def has_line(lines: list[str], *parts: str) -> bool:
    """Whether one line contains all of these parts."""
    return any(all(part in line for part in parts) for line in lines)


def logged_since(stage: TestStage, since: float, is_complete: Callable[[list[str]], bool]) -> str:
    """Everything that the functions logged since a time, as soon as its lines are complete."""
    logs = stage.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        # The workflow's own log holds event data, where a stage enables it.
        if f"Parley-{stage.stage.name}-" in group["logGroupName"] and "vendedlogs" not in group["logGroupName"]
    ]
    assert groups

    def look() -> str:
        lines = [
            event["message"]
            for group in groups
            for page in logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=int(since * 1000)
            )
            for event in page["events"]
        ]
        return "\n".join(lines) if is_complete(lines) else ""

    return wait_until(look, "the functions had logged the socket, the message and the refusal", every=0.5)
