"""What is forged is refused with a clear error or shown as text; what is private stays so; nothing is logged."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.guarantees.crowd import private_channel, signed_in
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
    """Letter by letter as it was sent, in a body that no browser takes for a page."""
    async with signed_in(stage, "dora") as (dora,):
        channel_id = await private_channel(dora)
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
    """A field that says who speaks is a field too many; the sender is who the ticket was given to."""
    async with signed_in(stage, "dora", "emil") as (dora, emil):
        channel_id = await private_channel(dora, emil)
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
            error = await socket.wait_for(lambda each: each["type"] == "error", since=since)
            assert error["code"] == "INVALID_FRAME"
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert page["items"] == []
    record.tried("forged senders, seqs and times", len(forgeries))


async def test_foreign_channels_are_closed_to_guesses(stage: TestStage, record: Record):
    """By id, by socket or by REST: the answer does not even say whether the channel exists."""
    async with signed_in(stage, "dora", "emil", "mallory") as (dora, emil, mallory):
        channel_id = await private_channel(dora)
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
                {"action": "sendMessage", "clientMessageId": str(uuid4()), "text": "hello?"},
                {"action": "editMessage", "seq": 1, "text": "mine"},
                {"action": "deleteMessage", "seq": 1},
                {"action": "addReaction", "seq": 1, "emoji": "👍"},
                {"action": "startTyping"},
            ):
                since = len(socket.frames)
                await socket.send_text(json.dumps({**frame, "channelId": target}))
                error = await socket.wait_for(lambda each: each["type"] == "error", since=since)
                assert error["code"] == "NOT_A_MEMBER", error
                tries += 1
        assert all(len(found) == 1 for found in answers.values()), answers
    record.tried("guesses at foreign channels", tries)


async def test_nobody_is_found_without_a_token(stage: TestStage, record: Record):
    """Without one, with a forged one, or with an old form of one, every route is shut and says the same."""
    shut = [None, "nonsense", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "eyJhbGciOiJub25lIn0.e30."]
    paths = ["/me", "/users", "/channels", "/channels/general/messages"]
    async with httpx.AsyncClient(base_url=stage.api_url) as http:
        for token in shut:
            for path in paths:
                response = await http.get(path, headers={"Authorization": token} if token else {})
                assert response.status_code == 401, response.text
                assert response.json()["code"] == "SESSION_EXPIRED"
                assert response.headers["x-content-type-options"] == "nosniff"
                assert "strict-transport-security" in response.headers
    record.tried("requests without a good token", len(shut) * len(paths))


@pytest.mark.thorough
async def test_neither_texts_nor_tokens_nor_tickets_are_logged(stage: TestStage, record: Record):
    """What was said, and what opens doors, is in no function's log and in no trace; ids are."""
    secret, began = f"the secret {uuid4()}", time.time()
    async with signed_in(stage, "dora") as (dora,):
        channel_id = await private_channel(dora)
        ticket = await dora.ticket()
        await dora.open_socket()
        ack = await dora.send_message(secret, channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
        await dora.sockets[0].send_text(json.dumps({"action": "sendMessage", "text": secret}))
        await dora.sockets[0].wait_for_type("error")
        token = dora.api.http.headers["Authorization"]
        # What is looked for would be in these lines, of the message that was taken and of the frame that was not.
        logged = await asyncio.to_thread(
            logged_since,
            stage,
            began,
            lambda lines: holds(lines, ack["messageId"]) and holds(lines, "INVALID_FRAME", dora.user_id),
        )
    for hidden in (secret, ticket, token, token.split(".")[2]):
        assert hidden not in logged
    record.tried("texts, tickets and tokens looked for in every function's log", 4)


def holds(lines: list[str], *parts: str) -> bool:
    """Whether some line has all of these parts."""
    return any(all(part in line for part in parts) for line in lines)


def logged_since(stage: TestStage, since: float, is_whole: Callable[[list[str]], bool]) -> str:
    """Everything that functions logged since a moment, once it holds what is expected."""
    logs = stage.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        # The workflow's own log holds the events, where a stage asks for it.
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
        return "\n".join(lines) if is_whole(lines) else ""

    return wait_until(look, "the functions had logged what they did", every=0.5)
