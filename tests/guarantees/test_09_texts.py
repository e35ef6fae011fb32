"""Every text comes back as it was sent, or is refused in words; a socket is lost to the transport alone."""

import json
from uuid import uuid4

import pytest

from tests.guarantees.crowd import private_channel, signed_in
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS

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
    "control characters": "bell \x07 null-ish \u2400 delete \x7f",
    "zero width": "a\u200bb\u200dc\ufeffd",
    "exactly 8,192 bytes": "é" * 4096,
}


async def test_texts_come_back_as_they_were_sent(stage: TestStage, record: Record):
    """In the frame, in the history, and found by a search where there is a word to search for."""
    async with signed_in(stage, "dora") as (dora,):
        channel_id = await private_channel(dora)
        socket = await dora.open_socket()
        for name, text in TEXTS.items():
            ack = await dora.send_message(text, channel_id=channel_id)
            assert ack["type"] == "ack", (name, ack)
            frame = await socket.wait_for_type("message", messageId=ack["messageId"])
            assert frame["text"] == text, name
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert [item["text"] for item in page["items"]] == list(TEXTS.values())
    record.tried("texts of every kind", len(TEXTS))


async def test_what_is_too_long_is_refused_in_words(stage: TestStage, record: Record):
    """One byte over the limit, and far over it: an error that names it, and the socket stays."""
    sizes = [8_193, 12_000, 30_000]
    async with signed_in(stage, "dora") as (dora,):
        channel_id = await private_channel(dora)
        socket = await dora.open_socket()
        for size in sizes:
            answer = await dora.send_message("a" * size, channel_id=channel_id)
            assert answer["code"] == "TEXT_TOO_LONG"
            assert "8,192" in answer["message"]
        assert socket.is_open
        assert (await dora.send_message("still here", channel_id=channel_id))["type"] == "ack"
    record.tried("texts over the limit", len(sizes))


async def test_two_hundred_kilobytes_end_the_socket_as_the_transport_says_and_nothing_is_stored(
    stage: TestStage, record: Record
):
    """API Gateway closes a socket over 32 KB with 1009, which no server can answer; the next socket works."""
    async with signed_in(stage, "dora") as (dora,):
        channel_id = await private_channel(dora)
        socket = await dora.open_socket()
        frame = {"action": "sendMessage", "channelId": channel_id, "clientMessageId": str(uuid4())}
        await socket.send_text(json.dumps({**frame, "text": "a" * 200_000}))
        await socket.wait_closed(DEADLINE_SECONDS)
        assert socket.connection.close_code == 1009
        again = await dora.open_socket()
        ack = await dora.send_message("shorter", channel_id=channel_id, socket=again)
        await again.wait_for_type("message", messageId=ack["messageId"])
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert [item["text"] for item in page["items"]] == ["shorter"]
    record.tried("a frame of 200 KB")
