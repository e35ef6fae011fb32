"""Sealed texts: opened for operators, sealed again by an import, and never readable again after an erasure."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.contract.sealing import new_key, seal
from functions.contract.text import is_sealed
from ops.events import incident_file
from ops.events.bus_event import BusEvent
from ops.events.texts import ERASED_TEXT, Texts
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import message_deleted, message_edited, message_sent
from tests.unit.ops.stages import deployed_stage

KEY = new_key()
SEALED = seal("hello", KEY, "m-1")


@pytest.fixture(scope="module")
def mocked() -> Iterator[Any]:
    """The table of keys."""
    with mock_aws():
        table = boto3.resource("dynamodb", "us-east-1").create_table(
            TableName="keys",
            KeySchema=[{"AttributeName": "userId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "userId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield table
        table.delete()


@pytest.fixture
def stage(mocked: Any) -> Stage:
    """A stage on which Alice has a key."""
    mocked.put_item(Item={"userId": "alice", "textKey": KEY})
    return deployed_stage(Data={"TextKeysTableName": "keys"})


def text_of(event: BusEvent) -> Any:
    return event.data.get("text")


@pytest.mark.parametrize(
    "event", [message_sent("m-1", text=SEALED), message_edited("m-1", 1, SEALED, offset_ms=1)]
)
def test_a_text_is_opened_and_sealed_again(stage: Stage, event: BusEvent):
    """Equal to the original, so that an import finds no difference."""
    texts = Texts(stage)
    opened = texts.opened(event)
    assert text_of(opened) == "hello"
    assert texts.sealed(opened) == event


@pytest.mark.parametrize("event", [message_sent("m-1", text="hello"), message_deleted("m-1", 1, offset_ms=1)])
def test_events_without_a_sealed_text_stay_as_they_are(stage: Stage, event: BusEvent):
    """Texts of earlier versions, and events without a text."""
    assert Texts(stage).opened(event) is event or Texts(stage).opened(event) == event


def test_an_erased_text_is_never_opened_or_restored(stage: Stage, mocked: Any):
    """Also not by the import of a file that was exported before the erasure."""
    exported = Texts(stage).opened(message_sent("m-1", text=SEALED))
    mocked.put_item(Item={"userId": "alice", "erasedAt": "2026-11-24T00:00:00.000Z"})
    texts = Texts(stage)
    assert text_of(texts.opened(message_sent("m-1", text=SEALED))) == ERASED_TEXT
    assert text_of(texts.sealed(exported)) == ERASED_TEXT


def test_a_text_that_the_key_does_not_open_is_not_shown(stage: Stage):
    """It was sealed for another message."""
    assert text_of(Texts(stage).opened(message_sent("m-2", text=SEALED))) == ERASED_TEXT


def test_an_export_can_be_read_on_any_stage(stage: Stage, tmp_path: Path):
    """Its own stage seals the texts again; another one, without the key, stores them as they are in the file."""
    event, old = message_sent("m-1", text=SEALED), message_sent("m-2", text="old")
    path = tmp_path / "incident.jsonl"
    incident_file.write(path, [event, old], {}, stage="tests", opened=Texts(stage).opened)
    assert "hello" in path.read_text()
    again = incident_file.read(path).sealed_again(Texts(stage).sealed).events
    assert [is_sealed(text_of(each)) for each in again] == [True, False]
    assert text_of(again[0]) == SEALED
    assert [text_of(each) for each in incident_file.read(path).events] == ["hello", "old"]


def test_a_redacted_text_is_not_sealed(stage: Stage, tmp_path: Path):
    """A redacted export has the length of the text, and nothing of it."""
    path = tmp_path / "incident.jsonl"
    event = message_sent("m-1", text=SEALED)
    incident_file.write(path, [event], {}, stage="tests", redact=["text"], opened=Texts(stage).opened)
    assert [text_of(each) for each in incident_file.read(path).sealed_again(Texts(stage).sealed).events] == [
        "[redacted, 5 characters]"
    ]
