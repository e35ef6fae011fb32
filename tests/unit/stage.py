"""A stage in memory: the tables, and the bus with every published event.

The tables' keys are repeated here, so that these tests need no synthesis. The integration tests run on the
deployed tables.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import validate_put_has_empty_keys, validate_put_has_gsi_keys_set_to_none
from pydantic.alias_generators import to_snake

from functions.aws import channels, clients, connections, members, text_keys, users
from functions.chat.channels import ChannelRecord, general
from functions.chat.mentions import mentioned_usernames
from functions.contract.resources import User
from functions.contract.sealing import open_sealed, seal
from functions.settings import ApiSettings, BroadcastStatusSettings, DisconnectSettings
from tests.unit.builders import AT, NOW_MS, member

TABLES: dict[str, list[str]] = {
    "channels": ["channelId"],
    "members": ["userId", "channelId"],
    "messages": ["channelId", "seq"],
    "messageIds": ["messageId"],
    "reactions": ["channelId", "reactionKey"],
    "connections": ["userId", "connectionId"],
    "subscriptions": ["channelId", "connectionId"],
    "users": ["userId"],
    "tickets": ["ticketHash"],
    "rates": ["userId", "limitName"],
    "textKeys": ["userId"],
}
INDEXES: dict[str, tuple[str, list[str], list[str]]] = {
    "channels": ("byKind", ["kind", "name"], []),
    "members": ("byChannel", ["channelId", "userId"], ["role", "joinedAt"]),
    "messages": ("byMention", ["channelId", "mentionSeq"], ["mentions"]),
    "users": ("directory", ["directory", "displayName"], []),
}
"""The name, the keys and the other attributes of each index."""
NUMBERS = {"seq", "mentionSeq"}
BUS = "parley-bus"
ACCOUNT = "123456789012"
"""The account id of moto."""


_filled: dict[tuple[Callable[..., None], frozenset[str]], dict[str, dict[Any, Any]]] = {}
"""The rows that a function has written into tables of these names."""


def clear_tables() -> None:
    """Delete all rows of all mocked tables, without a call for each."""
    for table in _tables().values():
        table.items.clear()


def fill_tables(write: Callable[..., None], *arguments: Any) -> None:
    """Let a function fill the empty tables; from its second call on, copy the rows that it wrote.

    The rows of a few users and channels take twenty calls. All tests together spent a tenth of their time on them.
    """
    tables = _tables()
    assert not any(table.items for table in tables.values())
    key = write, frozenset(tables)
    if key not in _filled:
        write(*arguments)
        _filled[key] = {name: deepcopy(dict(table.items)) for name, table in tables.items()}
    else:
        for name, rows in _filled[key].items():
            tables[name].items.update(deepcopy(rows))


def stored_rows(table_name: str) -> list[dict[str, Any]]:
    """All rows of a mocked table, as a scan returns them. Without a request, which takes ten times as long."""
    return [item.to_regular_json() for item in _tables()[table_name].all_items()]


def _tables() -> Mapping[str, Any]:
    return dynamodb_backends[ACCOUNT]["us-east-1"].tables


class Stage:
    """The resources that functions use, with functions that fill and read them."""

    def __init__(self) -> None:
        self.dynamodb = boto3.resource("dynamodb")
        self.bus = boto3.client("events")
        self._published: list[dict[str, Any]] = []
        self.watch_clients()
        self.environment = {f"PARLEY_{to_snake(table).upper()}_TABLE": table for table in TABLES} | {
            "PARLEY_BUS_NAME": BUS
        }

    def watch_clients(self) -> None:
        """Record the events that the functions' clients publish, and check their keys."""
        # moto needs another package for rules that target queues, so the published events are recorded here.
        clients.event_bridge().meta.events.register("provide-client-params.events.PutEvents", self._record)
        clients.dynamodb().meta.client.meta.events.register("provide-client-params.dynamodb.GetItem", _check_key)

    def create(self) -> None:
        """Create the tables and the bus."""
        for table, keys in TABLES.items():
            self._create_table(table, keys)
        self.bus.create_event_bus(Name=BUS)

    def clear(self) -> None:
        """Delete all rows and events. Creating the tables again would take most of the tests' time."""
        clear_tables()
        self._published.clear()
        text_keys.cached_keys.clear()

    def fill(self, write: Callable[["Stage"], None]) -> None:
        """See `fill_tables`. The function must not publish."""
        fill_tables(write, self)
        assert not self._published

    def _create_table(self, table: str, keys: list[str]) -> None:
        index_name, index_keys, index_attributes = INDEXES.get(table, ("", [], []))
        projection: Any = {"ProjectionType": "KEYS_ONLY"}
        if index_attributes:
            projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": index_attributes}
        attributes: Any = [
            {"AttributeName": key, "AttributeType": "N" if key in NUMBERS else "S"}
            for key in dict.fromkeys([*keys, *index_keys])
        ]
        indexes: Any = {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index_name,
                    "KeySchema": _schema(index_keys),
                    "Projection": projection,
                }
            ]
        }
        self.dynamodb.create_table(
            TableName=table,
            KeySchema=_schema(keys),
            AttributeDefinitions=attributes,
            BillingMode="PAY_PER_REQUEST",
            **(indexes if index_keys else {}),
        )

    def settings(self) -> ApiSettings:
        """The REST API's settings, which name the most resources."""
        return ApiSettings.from_env()

    def status_settings(self) -> BroadcastStatusSettings:
        """`broadcast_status`'s settings."""
        return BroadcastStatusSettings.from_env()

    def connect_settings(self) -> DisconnectSettings:
        """The settings of the functions that open and close connections."""
        return DisconnectSettings.from_env()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """See `stored_rows`."""
        return stored_rows(table)

    def put(self, table: str, **row: Any) -> None:
        """Put a row into a table unchanged, as PutItem stores it. Without a request, like `stored_rows`."""
        attributes = {name: _attribute(value) for name, value in row.items()}
        stored = _tables()[table]
        validate_put_has_empty_keys(attributes, stored)
        validate_put_has_gsi_keys_set_to_none(attributes, stored)
        stored.put_item(attributes, overwrite=True)

    def set_member_count(self, channel_id: str, count: int) -> None:
        """Store that a channel has `count` members, without their memberships."""
        self.dynamodb.Table("channels").update_item(
            Key={"channelId": channel_id},
            UpdateExpression="SET memberCount = :count",
            ExpressionAttributeValues={":count": count},
        )

    def published(self) -> list[dict[str, Any]]:
        """The events published since the last call, as rules deliver them."""
        events, self._published = self._published, []
        return events

    def published_types(self) -> list[str]:
        """The detail-types of the events published since the last call of this or `published`."""
        return [event["detail-type"] for event in self.published()]

    def _record(self, params: Any, **_: Any) -> None:
        for entry in params["Entries"]:
            assert entry["EventBusName"] == BUS
            self._published.append(
                {
                    "source": entry["Source"],
                    "detail-type": entry["DetailType"],
                    "detail": json.loads(entry["Detail"]),
                }
            )

    def add_user(self, user_id: str) -> User:
        """Add a user to the directory, without a membership."""
        users.add(
            "users",
            user_id=user_id,
            username=f"{user_id}.name",
            display_name=user_id.title(),
            created_at=AT,
        )
        return User(user_id=user_id, username=f"{user_id}.name", display_name=user_id.title(), status="offline")

    def add_channel(self, channel: ChannelRecord, *user_ids: str, owner: str | None = None) -> ChannelRecord:
        """Add an announced channel with members."""
        first_members = [
            member(user_id, channel.channel_id, role="owner" if user_id == owner else "member")
            for user_id in user_ids
        ]
        channels.create("channels", "members", channel.model_copy(update={"announced": True}), first_members)
        return channel

    def add_member(self, user_id: str, channel_id: str, *, role: str = "member") -> None:
        """Add a membership, and count it in the channel's row."""
        members.add("members", "channels", member(user_id, channel_id, role=role))

    def add_general(self) -> None:
        """Add the channel that every user joins, as the first user's first call creates it."""
        self.add_channel(general(AT))

    def connect(
        self,
        user_id: str,
        connection_id: str,
        *,
        expires_at: int = NOW_MS // 1000 + 3600,
        opened_at_ms: int = NOW_MS - 60_000,
        session_id: str = "s-1",
    ) -> None:
        """Register an open connection, subscribed to its user's channels."""
        connection = connections.Connection(
            user_id=user_id, connection_id=connection_id, session_id=session_id, expires_at=expires_at
        )
        connections.register(self.connect_settings(), connection, now_ms=opened_at_ms)

    def subscriptions(self) -> set[tuple[str, str]]:
        """All (channelId, connectionId)."""
        return {(row["channelId"], row["connectionId"]) for row in self.rows("subscriptions")}

    def add_message(
        self, seq: int, *, channel_id: str = "c-1", sender_id: str = "alice", text: str = "hi"
    ) -> None:
        """Add a message as the workflow stores it."""
        mentions = list(mentioned_usernames(text))
        self.put(
            "messages",
            channelId=channel_id,
            seq=seq,
            messageId=f"m-{seq}",
            clientMessageId=f"client-{seq}",
            senderId=sender_id,
            senderName=sender_id.title(),
            text=text,
            sentAt=AT,
            traceHeader="",
            **({"mentions": mentions, "mentionSeq": seq} if mentions else {}),
        )

    def sealed(self, text: str, message_id: str, *, user_id: str = "alice") -> str:
        """A text as its author sends it."""
        key = text_keys.of_author("textKeys", user_id, now_ms=NOW_MS)
        return seal(text, key, message_id)

    def opened(self, text: str, message_id: str, *, user_id: str = "alice") -> str:
        """A text as its readers get it."""
        return open_sealed(text, text_keys.of_author("textKeys", user_id, now_ms=NOW_MS), message_id)

    def erase_key(self, user_id: str) -> None:
        """Erase a user's key, as `parley users erase` does. Processes notice it after a minute."""
        self.put("textKeys", userId=user_id, erasedAt=AT)
        text_keys.cached_keys.clear()

    def add_reaction(self, seq: int, emoji: str, user_id: str, *, present: bool = True, at: str = AT) -> None:
        """Add a reaction as the workflow stores it."""
        self.put(
            "reactions",
            channelId="c-1",
            reactionKey=f"{seq:012d}#{emoji}#{user_id}",
            seq=seq,
            emoji=emoji,
            userId=user_id,
            present=present,
            reactedAt=at,
        )

    def conflict(self, monkeypatch: pytest.MonkeyPatch, times: int, *, first_reason: str = "None") -> None:
        """Let the next transactions fail, as DynamoDB does on a concurrent write to the same row.

        `first_reason` is what DynamoDB answers for the first of the writes; that of the second is the conflict.
        """
        client = clients.dynamodb().meta.client
        transact = client.transact_write_items
        left = times

        def conflicting(**request: Any) -> Any:
            nonlocal left
            if not left:
                return transact(**request)
            left -= 1
            raise client.exceptions.TransactionCanceledException(
                {
                    "Error": {
                        "Code": "TransactionCanceledException",
                        "Message": f"Transaction cancelled [{first_reason}, TransactionConflict]",
                    },
                    "CancellationReasons": [{"Code": first_reason}, {"Code": "TransactionConflict"}],
                },
                "TransactWriteItems",
            )

        monkeypatch.setattr(client, "transact_write_items", conflicting)


def _attribute(value: Any) -> dict[str, Any]:
    """A value as a request contains it."""
    attribute: Any = TypeSerializer().serialize(value)
    return {"B": b64encode(bytes(attribute["B"])).decode()} if "B" in attribute else attribute


def _schema(keys: list[str]) -> Any:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def _check_key(params: Any, **_: Any) -> None:
    """Refuse keys over a kilobyte, as DynamoDB does with sort keys (2 KB for partition keys) and moto does not."""
    if any(isinstance(value, str) and len(value.encode()) > 1024 for value in params["Key"].values()):
        raise ValueError("ValidationException: Aggregated size of all range keys has exceeded the size limit")
