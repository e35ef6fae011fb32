"""The tables: keys, what their indexes contain, expiry, and protection in production."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
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
    "Rates": ("userId:S", "limitName:S"),
    "TextKeys": ("userId:S",),
}
INDEXES = {
    "Channels": {"byKind": ("kind:S", "name:S")},
    "Members": {"byChannel": ("channelId:S", "userId:S")},
    "Messages": {"byMention": ("channelId:S", "mentionSeq:N")},
    "Users": {"directory": ("directory:S", "displayName:S")},
}
EXPIRING = {"Connections", "Subscriptions", "Tickets", "Rates"}

# Every attribute that an update of a table with an index changes, by what changes it. Only what a person does
# rarely may be in an index; a frame, a message, a read marker or a connection writes far more often.
CHANGED_OFTEN = {
    "Channels": {
        "lastSeq": "every message",
        "memberCount": "everyone who joins or leaves, such as each new user in `general`",
    },
    "Members": {
        "readSeq": "every read marker",
        "restedAt": "every message, edit, deletion and reaction",
        "typingRestedAt": "every startTyping",
        "announced": "every member who joins, in a second write",
    },
    "Messages": {},
    "Users": {
        "isOnline": "a user who connects or disconnects",
        "onlineUntil": "a user who connects or disconnects",
        "lastSeenAt": "a user who connects or disconnects",
    },
}
CHANGED_RARELY = {
    "Channels": {"announced": "the creation of the channel"},
    "Members": {"role": "an owner who leaves"},
    "Messages": {
        **dict.fromkeys(("text", "searchText", "editedAt", "mentions", "mentionSeq"), "an edit"),
        **dict.fromkeys(("deletedAt", "deletedBy"), "a deletion"),
    },
    "Users": {"displayName": "a user who changes their name"},
}
ROOT = Path(__file__).resolve().parents[2]


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
        # While a key can be restored, the texts of a user who was erased can be read again.
        assert recovery.get("RecoveryPeriodInDays") == (7 if on and name == "TextKeys" else None)
        assert found["Properties"]["DeletionProtectionEnabled"] is on
        assert found["DeletionPolicy"] == ("Retain" if on else "Delete")


def updated_attributes(name: str) -> set[str]:
    """Return the attributes of a table that the update expressions of functions and workflow change."""
    expressions = set(expressions_of_module(ROOT / "functions" / "aws" / f"{name.lower()}.py"))
    # Joining and leaving count the members of the channel.
    counting = {text for text in expressions_of_module(ROOT / "functions/aws/members.py") if "memberCount" in text}
    if name == "Members":
        expressions -= counting
    if name == "Channels":
        expressions |= counting
    definition = json.loads((ROOT / "workflows" / "deliver.asl.json").read_text())
    for arguments in argument_objects(definition):
        if arguments.get("TableName") == f"${{{name}Table}}" and "UpdateExpression" in arguments:
            expressions.add(arguments["UpdateExpression"])
    return {attribute for text in expressions for attribute in attributes_of(text)}


def expressions_of_module(path: Path) -> Iterator[str]:
    """Yield the update expressions in a module, an f-string once for each value that its parameter may have."""
    tree = ast.parse(path.read_text())
    values = {
        argument.arg: [value.value for value in ast.walk(argument.annotation) if isinstance(value, ast.Constant)]
        for argument in ast.walk(tree)
        if isinstance(argument, ast.arg) and argument.annotation and "Literal" in ast.unparse(argument.annotation)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for name, choices in values.items():
                for choice in choices:
                    yield ast.unparse(node)[2:-1].replace(f"{{{name}}}", str(choice))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def argument_objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in the definition of the workflow."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from argument_objects(child)


def attributes_of(expression: str) -> Iterator[str]:
    """Yield the attributes that an update expression changes. Any other text yields nothing."""
    if expression.startswith("{% 'SET "):
        expression = "".join(re.findall("'([^']*)'", expression))
    if not re.match(r"(SET|ADD|REMOVE) [#\w]", expression):
        return
    for clause in re.split(r"\b(?:SET|ADD|REMOVE) ", expression):
        for part in clause.split(","):
            if match := re.match(r"\s*#?(\w+)", part):
                yield match.group(1)


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_has_no_attribute_that_changes_often(stage: Synthesised, name: str) -> None:
    """A partition of an index takes 1,000 writes per second; beyond that, writes to the table are refused."""
    often, rarely = CHANGED_OFTEN[name], CHANGED_RARELY[name]
    assert updated_attributes(name) == set(often) | set(rarely), "classify every attribute that the code updates"
    for index in table(stage, name)["Properties"]["GlobalSecondaryIndexes"]:
        projection = index["Projection"]
        assert projection["ProjectionType"] in {"KEYS_ONLY", "INCLUDE"}, index["IndexName"]
        indexed = {key["AttributeName"] for key in index["KeySchema"]} | set(
            projection.get("NonKeyAttributes", ())
        )
        assert {name: why for name, why in often.items() if name in indexed} == {}
