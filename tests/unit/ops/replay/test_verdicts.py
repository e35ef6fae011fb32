"""What a dry run's answer means."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from ops.events.bus_event import BusEvent
from ops.replay.verdicts import Verdict, judge, with_later_memberships
from tests.unit.ops.run_builders import at, deleted, edited, moved, reacted, sent

ROW = {
    "messageId": "m-1",
    "clientMessageId": "client-m-1",
    "senderId": "alice",
    "senderName": "Alice",
    "text": "hello",
    "sentAt": at(0),
}


def item(row: dict[str, Any] | None) -> Any:
    """A row as the workflow hands it out."""
    return None if row is None else {name: TypeSerializer().serialize(value) for name, value in row.items()}


def verdict(event: BusEvent, stored: dict[str, Any] | None, seq: int | None = 1) -> Verdict:
    """The verdict on an event, with a row stored."""
    answer = {"seq": seq, "wouldStore": item(ROW), "stored": item(stored)}
    return judge(event, answer).verdict


@pytest.mark.parametrize(
    ("stored", "seq", "wanted"),
    [
        (ROW, 1, Verdict.SAME),
        (None, None, Verdict.MISSING),
        (None, 1, Verdict.MISSING),
        ({**ROW, "text": "forged"}, 1, Verdict.DIFFERENT),
        ({**ROW, "senderId": "mallory"}, 1, Verdict.DIFFERENT),
        ({**ROW, "text": "mended", "editedAt": at(9)}, 1, Verdict.SAME),
        ({**ROW, "text": "", "deletedAt": at(9)}, 1, Verdict.SAME),
        ({**ROW, "senderName": "Eve", "editedAt": at(9)}, 1, Verdict.DIFFERENT),
    ],
)
def test_a_message(stored: dict[str, Any] | None, seq: int | None, wanted: Verdict):
    """It is compared whole, but for a text that a later change replaced."""
    assert verdict(sent("m-1"), stored, seq) is wanted


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ({**ROW, "text": "mended", "editedAt": at(5)}, Verdict.SAME),
        ({**ROW, "text": "forged", "editedAt": at(5)}, Verdict.DIFFERENT),
        (ROW, Verdict.MISSING),
        ({**ROW, "editedAt": at(4)}, Verdict.MISSING),
        ({**ROW, "editedAt": at(6)}, Verdict.SUPERSEDED),
        ({**ROW, "text": "", "deletedAt": at(1)}, Verdict.SUPERSEDED),
        ({**ROW, "senderId": "bob"}, Verdict.SUPERSEDED),
        ({**ROW, "messageId": "m-2"}, Verdict.DIFFERENT),
        (None, Verdict.MISSING),
    ],
)
def test_an_edit(stored: dict[str, Any] | None, wanted: Verdict):
    """The latest edit counts, and only the author's."""
    assert verdict(edited("m-1", 1, "mended", offset_ms=5), stored) is wanted


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ({**ROW, "text": "", "deletedAt": at(5)}, Verdict.SAME),
        ({**ROW, "text": "back", "deletedAt": at(5)}, Verdict.DIFFERENT),
        ({**ROW, "text": "", "deletedAt": at(4)}, Verdict.SUPERSEDED),
        (ROW, Verdict.MISSING),
        (None, Verdict.MISSING),
    ],
)
def test_a_deletion(stored: dict[str, Any] | None, wanted: Verdict):
    """The first deletion counts, and the text is gone."""
    assert verdict(deleted("m-1", 1, offset_ms=5), stored) is wanted


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ({"present": True, "reactedAt": at(5)}, Verdict.SAME),
        ({"present": False, "reactedAt": at(5)}, Verdict.DIFFERENT),
        ({"present": False, "reactedAt": at(6)}, Verdict.SUPERSEDED),
        ({"present": False, "reactedAt": at(4)}, Verdict.MISSING),
        (None, Verdict.MISSING),
    ],
)
def test_a_reaction(stored: dict[str, Any] | None, wanted: Verdict):
    """The later of adding and taking back counts."""
    assert verdict(reacted("m-1", 1, offset_ms=5, added=True), stored) is wanted


@pytest.mark.parametrize(
    ("joined", "stored", "wanted"),
    [
        (True, {"joinedAt": at(5)}, Verdict.SAME),
        (True, {"joinedAt": at(6)}, Verdict.SUPERSEDED),
        (True, {"joinedAt": at(4)}, Verdict.DIFFERENT),
        (True, None, Verdict.MISSING),
        (False, None, Verdict.SAME),
        (False, {"joinedAt": at(6)}, Verdict.SUPERSEDED),
        (False, {"joinedAt": at(4)}, Verdict.DIFFERENT),
    ],
)
def test_a_membership(joined: bool, stored: dict[str, Any] | None, wanted: Verdict):
    """Whoever joined again since is not thrown out, and whoever left is not brought back."""
    assert verdict(moved(joined, offset_ms=5), stored) is wanted


def test_somebody_who_left_later_is_not_missing():
    """Only an ending after the joining counts."""
    finding = judge(moved(True, offset_ms=5), {"stored": None})
    assert finding.verdict is Verdict.MISSING
    [later] = with_later_memberships([finding], {("bob", "c-1"): at(6)})
    [earlier] = with_later_memberships([finding], {("bob", "c-1"): at(4)})
    assert (later.verdict, earlier.verdict) == (Verdict.SUPERSEDED, Verdict.MISSING)
