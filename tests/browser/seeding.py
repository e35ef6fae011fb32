"""Writes a channel's messages directly into the stage's tables, because sending thousands takes too long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.local_stage import TestStage

WRITERS = 4
SENTENCES = (
    "The build is green again.",
    "Who is on call tonight? I can take it from eight if no one else wants to, and hand over at midnight.",
    "See https://example.com/notes for what we decided, and write below what is missing.",
    "**Decided**: we ship on Thursday.\n\n- notes before noon\n- a dry replay first\n- no deploys after four",
    "👍",
    "It was `fan_out.py` all along:\n```python\nfor connection in connections:\n    post(frame)\n```",
    "> The build is green again.\n\nFor how long, though?",
    "Thanks!",
)


def text_of(seq: int) -> str:
    """The text of a seeded message. Texts differ in length, and start with `No. <seq>.`"""
    return f"No. {seq}. {SENTENCES[seq % len(SENTENCES)]}"


def seed(stage: TestStage, channel_id: str, count: int, *, senders: list[tuple[str, str]]) -> None:
    """Write messages 1 to `count`, two minutes apart up to now. Senders are (user id, display name), in turn."""
    rows = [_row(channel_id, seq, count, senders) for seq in range(1, count + 1)]
    table = stage.output("Data", "MessagesTableName")
    batches = [rows[start : start + 25] for start in range(0, len(rows), 25)]
    client = stage.client("dynamodb")

    def write(batch: list[dict[str, Any]]) -> None:
        unprocessed: Any = {table: [{"PutRequest": {"Item": row}} for row in batch]}
        while unprocessed:
            unprocessed = client.batch_write_item(RequestItems=unprocessed).get("UnprocessedItems")

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, batches))
    client.update_item(
        TableName=stage.output("Data", "ChannelsTableName"),
        Key={"channelId": {"S": channel_id}},
        UpdateExpression="SET lastSeq = :last",
        ExpressionAttributeValues={":last": {"N": str(count)}},
    )


def _row(channel_id: str, seq: int, count: int, senders: list[tuple[str, str]]) -> dict[str, Any]:
    user_id, name = senders[(seq // 3) % len(senders)]
    text = text_of(seq)
    sent_at = datetime.now(UTC) - timedelta(minutes=2 * (count - seq))
    message_id = str(uuid5(NAMESPACE_URL, f"{channel_id}/{seq}"))
    strings = {
        "channelId": channel_id,
        "messageId": message_id,
        "clientMessageId": message_id,
        "senderId": user_id,
        "senderName": name,
        "text": text,
        "sentAt": sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return {"seq": {"N": str(seq)}, **{name: {"S": value} for name, value in strings.items()}}
