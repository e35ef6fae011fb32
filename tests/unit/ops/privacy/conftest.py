"""A stage of moto, with a user who wrote messages, and a stand-in for the workflow."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from functions.contract.events import MessageDeleted, ReactionRemoved
from functions.contract.sealing import new_key, seal
from ops import times
from ops.stage import publishing
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage, session
from tests.unit.stage import stored_rows

KEYS = {
    "TextKeys": ("userId",),
    "Users": ("userId",),
    "Messages": ("channelId", "seq"),
    "Reactions": ("channelId", "reactionKey"),
    "Members": ("userId", "channelId"),
    "Channels": ("channelId",),
    "Tickets": ("ticketHash",),
    "Connections": ("userId", "connectionId"),
    "Subscriptions": ("channelId", "connectionId"),
}
PREFIX = "privacy-"
"""Other tests of the process have tables in the same backend."""
SENT_AT = "2026-11-20T10:00:00.000Z"
KEY = new_key()


@pytest.fixture(scope="module")
def mocked() -> Iterator[Stage]:
    """The tables: creating them takes most of the time."""
    with mock_aws():
        database = session().client("dynamodb")
        for name, keys in KEYS.items():
            database.create_table(
                TableName=f"{PREFIX}{name}",
                KeySchema=[
                    {"AttributeName": key, "KeyType": "RANGE" if number else "HASH"}
                    for number, key in enumerate(keys)
                ],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "N" if key == "seq" else "S"} for key in keys
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield deployed_stage(Data={f"{name}TableName": f"{PREFIX}{name}" for name in KEYS})
        for name in KEYS:
            database.delete_table(TableName=f"{PREFIX}{name}")


class Pool:
    """The accounts of a user pool, by username: moto's needs another package."""

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}

    def disable(self, username: str) -> int:
        """Disable an account. Returns the time until which its sessions began."""
        self.enabled[username] = False
        return times.now() // 1000

    def delete(self, username: str) -> None:
        """Delete an account."""
        self.enabled.pop(username, None)


class People:
    """Dora, who wrote in a channel, and Emil; with what the workflow does to their rows."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = stage
        self.published: list[Any] = []
        self.is_delivering = True
        self.pool = Pool()
        monkeypatch.setattr(publishing, "publish", self._publish)
        monkeypatch.setattr(Stage, "user_pool", property(lambda _: self.pool))

    def put(self, table: str, **row: Any) -> None:
        """Put a row."""
        self.stage.table(table).put_item(Item=row)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        rows = stored_rows(f"{PREFIX}{table}")
        return sorted(rows, key=lambda row: str(row.get("seq", row.get("userId"))))

    def write(self, seq: int, text: str, *, by: str = "dora", sealed: bool = True, **more: Any) -> None:
        """A message as the workflow stores it."""
        stored = seal(text, KEY, f"m-{seq}") if sealed else text
        self.put(
            "Messages",
            channelId="c-1",
            seq=seq,
            messageId=f"m-{seq}",
            clientMessageId=f"client-{seq}",
            senderId=by,
            senderName=by.title(),
            text=stored,
            sentAt=SENT_AT,
            **more,
        )

    def _publish(self, _stage: Stage, facts: Sequence[Any], *, actor: str) -> None:
        self.published += facts
        if self.is_delivering:
            for fact in facts:
                self._deliver(fact, actor)

    def _deliver(self, fact: Any, actor: str) -> None:
        if isinstance(fact, MessageDeleted):
            self.stage.table("Messages").update_item(
                Key={"channelId": fact.channel_id, "seq": fact.seq},
                UpdateExpression="SET #text = :none, deletedAt = :at, deletedBy = :by",
                ExpressionAttributeNames={"#text": "text"},
                ExpressionAttributeValues={":none": "", ":at": fact.deleted_at, ":by": actor},
            )
        if isinstance(fact, ReactionRemoved):
            key = f"{fact.seq:012d}#{fact.emoji}#{fact.user_id}"
            self.stage.table("Reactions").update_item(
                Key={"channelId": fact.channel_id, "reactionKey": key},
                UpdateExpression="SET present = :no",
                ExpressionAttributeValues={":no": False},
            )


@pytest.fixture
def people(mocked: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """Dora wrote two messages and reacted; Emil wrote one."""
    found = People(mocked, monkeypatch)
    found.pool.enabled["dora"] = True
    found.put("TextKeys", userId="dora", textKey=KEY, createdAt="2026-11-01T00:00:00.000Z")
    found.put(
        "Users",
        userId="dora",
        username="dora",
        displayName="Dora",
        createdAt="2026-11-01T00:00:00.000Z",
        directory="everyone",
        isOnline=True,
        onlineUntil=1_900_000_000,
        lastSeenAt=SENT_AT,
    )
    found.put("Members", userId="dora", channelId="c-1", role="owner", joinedAt=SENT_AT, readSeq=3)
    found.put("Channels", channelId="c-1", kind="private", name="tea", lastSeq=3)
    found.write(1, "good morning")
    found.write(2, "hello", by="emil", sealed=False)
    found.write(3, "from before the keys", sealed=False)
    found.put(
        "Reactions",
        channelId="c-1",
        reactionKey="000000000002#👍#dora",
        seq=2,
        emoji="👍",
        userId="dora",
        present=True,
        reactedAt=SENT_AT,
    )
    yield found
    tables_of_moto = dynamodb_backends["123456789012"]["us-east-1"].tables
    for name in KEYS:
        tables_of_moto[f"{PREFIX}{name}"].items.clear()


@pytest.fixture
def dora() -> KnownUser:
    """Dora, as an operator's command finds her."""
    return KnownUser("dora", "dora")
