"""Every text is stored unchanged or refused with an error; only a frame over 32 KB closes its socket."""

import json
from uuid import uuid4

import pytest

from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 9
pytestmark = pytest.mark.anyio

TEXTS = {
    "emoji": "👩🏽‍🚀 🏳️‍🌈 👨‍👩‍👧‍👦 5️⃣",
    "right to left": "שלום, ‏مرحبا 123‎ (test)",
    "bidi overrides": "abc\u202edef\u202c\u2066ghi\u2069",
    "combining": "Z̷̛̪a̵͓l̶̘g̸̙o e\u0301 = é?",
    "ideographs": "你好，世界 𠀋 ｶﾅ",
    "white space": "  leading\n\n\ttabs\r\nand trailing  ",
    "markup": '**bold** `code` \\escaped\\ "quoted" {{template}} {% raw %} ${x}',
    "JSON in a text": '{"action": "deleteMessage", "seq": 1}',
    "pictures of control characters": "null \u2400 bell \u2407 delete \u2421",
    "zero width": "a\u200bb\u200dc\ufeffd",
    "exactly 8,192 bytes": "é" * 4096,
    "8,192 bytes that JSON doubles": '"\\' * 4096,
}


async def test_texts_are_returned_unchanged(stage: TestStage, record: Record):
    """The frame and the history hold exactly the text that was sent."""
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        socket = await dora.open_socket()
        for name, text in TEXTS.items():
            ack = await dora.send_message(text, channel_id=channel_id)
            assert ack["type"] == "ack", (name, ack)
            frame = await socket.wait_for_type("message", messageId=ack["messageId"])
            assert frame["text"] == text, name
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert [item["text"] for item in page["items"]] == list(TEXTS.values())
    record.tried("texts of every kind", len(TEXTS))


async def test_a_text_over_the_limit_is_refused_with_an_error(stage: TestStage, record: Record):
    """A text one byte or far over the limit gets an error that names the limit, and the socket stays open."""
    sizes = [8_193, 12_000, 30_000]
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        socket = await dora.open_socket()
        for size in sizes:
            answer = await dora.send_message("a" * size, channel_id=channel_id)
            assert answer["code"] == "TEXT_TOO_LONG"
            assert "8,192" in answer["message"]
        assert socket.is_open
        assert (await dora.send_message("after the refusals", channel_id=channel_id))["type"] == "ack"
    record.tried("texts over the limit", len(sizes))


async def test_a_text_with_a_control_character_is_refused_with_an_error(stage: TestStage, record: Record):
    """The error names the character, and the socket stays open. JSON makes six bytes of one of them."""
    texts = ["bell \x07", "delete \x7f", "next line \x85", "\x00" * 5_000]
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        socket = await dora.open_socket()
        for text in texts:
            answer = await dora.send_message(text, channel_id=channel_id)
            assert answer["code"] == "INVALID_FRAME"
            assert "control character" in answer["message"]
        assert socket.is_open
        assert (await dora.send_message("after the refusals", channel_id=channel_id))["type"] == "ack"
    record.tried("texts with control characters", len(texts))


async def test_a_frame_over_32_kb_closes_the_socket_and_stores_nothing(stage: TestStage, record: Record):
    """API Gateway itself closes a socket that sends over 32 KB, with code 1009; the next socket works."""
    async with signed_in_users(stage, "dora") as (dora,):
        channel_id = await create_private_channel(dora)
        socket = await dora.open_socket()
        frame = {"action": "sendMessage", "channelId": channel_id, "clientMessageId": str(uuid4())}
        await socket.send_text(json.dumps({**frame, "text": "a" * 200_000}))
        await socket.wait_until_closed()
        assert socket.connection.close_code == 1009
        next_socket = await dora.open_socket()
        ack = await dora.send_message("shorter", channel_id=channel_id, socket=next_socket)
        await next_socket.wait_for_type("message", messageId=ack["messageId"])
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert [item["text"] for item in page["items"]] == ["shorter"]
    record.tried("a frame of 200 KB")
