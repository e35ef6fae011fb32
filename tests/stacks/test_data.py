"""The tables: keys, expiry, and what production has on."""

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
    types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}
    return tuple(f"{each['AttributeName']}:{types[each['AttributeName']]}" for each in schema)


@pytest.mark.parametrize("name", KEYS)
def test_a_table_has_its_keys_and_indexes(dev: Synthesised, name: str) -> None:
    """Keys decide what is unique and what is ordered; they cannot be changed afterwards."""
    properties = table(dev, name)["Properties"]
    assert keys(properties, properties["KeySchema"]) == KEYS[name]
    indexes = {
        index["IndexName"]: keys(properties, index["KeySchema"])
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    assert indexes == INDEXES.get(name, {})
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("name", KEYS)
def test_what_is_of_the_moment_expires(dev: Synthesised, name: str) -> None:
    """Connections, their subscriptions and tickets go by themselves if nobody removes them."""
    expiry = table(dev, name)["Properties"].get("TimeToLiveSpecification")
    expected = {"AttributeName": "expiresAt", "Enabled": True} if name in EXPIRING else None
    assert expiry == expected


@pytest.mark.parametrize("name", KEYS)
def test_production_can_go_back_and_cannot_be_deleted(dev: Synthesised, prod: Synthesised, name: str) -> None:
    """Point-in-time recovery, deletion protection and retention: off to try things out, on in production."""
    for stage, on in ((dev, False), (prod, True)):
        found = table(stage, name)
        recovery = found["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is on
        assert found["Properties"]["DeletionProtectionEnabled"] is on
        assert found["DeletionPolicy"] == ("Retain" if on else "Delete")
