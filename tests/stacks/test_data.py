"""The tables: keys, expiry, and protection in production."""

from typing import Any

import pytest

from tests.stacks.conftest import Synthesised

KEYS = {
    "Channels": ("channelId:S",),
    "Members": ("userId:S", "channelId:S"),
    "Messages": ("channelId:S", "seq:N"),
    "MessageIds": ("messageId:S",),
    "Reactions": ("channelId:S", "reactionKey:S"),
    "Connections": ("userId:S", "connectionId:S"),
    "Subscriptions": ("channelId:S", "connectionId:S"),
    "Users": ("userId:S",),
    "Tickets": ("ticketHash:S",),
}
INDEXES = {
    "Channels": {"byKind": ("kind:S", "name:S")},
    "Members": {"byChannel": ("channelId:S", "userId:S")},
    "Users": {"directory": ("directory:S", "displayName:S")},
}
EXPIRING = {"Connections", "Subscriptions", "Tickets"}


def table(stage: Synthesised, name: str) -> dict[str, Any]:
    reference = stage.outputs("Data")[f"{name}TableName"]
    found: dict[str, Any] = stage.templates["Data"]["Resources"][reference["Ref"]]
    return found


def keys(properties: dict[str, Any], schema: list[dict[str, str]]) -> tuple[str, ...]:
    types = {
        attribute["AttributeName"]: attribute["AttributeType"] for attribute in properties["AttributeDefinitions"]
    }
    return tuple(f"{key['AttributeName']}:{types[key['AttributeName']]}" for key in schema)


@pytest.mark.parametrize("name", KEYS)
def test_a_table_has_its_keys_and_indexes(dev: Synthesised, name: str) -> None:
    """Keys decide what is unique and ordered, and cannot be changed later."""
    properties = table(dev, name)["Properties"]
    assert keys(properties, properties["KeySchema"]) == KEYS[name]
    indexes = {
        index["IndexName"]: keys(properties, index["KeySchema"])
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    assert indexes == INDEXES.get(name, {})
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", KEYS)
def test_temporary_rows_expire(dev: Synthesised, name: str) -> None:
    """Connections, subscriptions and tickets are deleted even if no function deletes them."""
    expiry = table(dev, name)["Properties"].get("TimeToLiveSpecification")
    expected = {"AttributeName": "expiresAt", "Enabled": True} if name in EXPIRING else None
    assert expiry == expected


@pytest.mark.parametrize("name", KEYS)
def test_production_tables_are_protected(dev: Synthesised, prod: Synthesised, name: str) -> None:
    """Point-in-time recovery, deletion protection and retention are on in production, off in development."""
    for stage, on in ((dev, False), (prod, True)):
        found = table(stage, name)
        recovery = found["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is on
        assert found["Properties"]["DeletionProtectionEnabled"] is on
        assert found["DeletionPolicy"] == ("Retain" if on else "Delete")
