"""Verdicts on the output of a dry run."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from functions.contract.text import ERASED_NAME
from ops.events.bus_event import BusEvent
from ops.replay.verdicts import Finding, Verdict, judge, with_later_memberships, with_repeated_sends
from tests.unit.ops.event_builders import (
    at,
    membership_changed,
    message_deleted,
    message_edited,
    message_sent,
    reaction_changed,
)

ROW = {
    "messageId": "m-1",
    "clientMessageId": "client-m-1",
    "senderId": "alice",
    "senderName": "Alice",
    "text": "hello",
    "sentAt": at(0),
}


def item(row: dict[str, Any] | None) -> Any:
    """A row in DynamoDB's JSON, as in the workflow's output."""
    return None if row is None else {name: TypeSerializer().serialize(value) for name, value in row.items()}


def verdict(event: BusEvent, stored: dict[str, Any] | None, seq: int | None = 1) -> Verdict:
    """The verdict on an event, with this row stored."""
    output = {"seq": seq, "wouldStore": item(ROW), "stored": item(stored)}
    return judge(event, output).verdict


def test_a_message_that_the_workflow_refuses():
    """It is neither missing nor different, so nothing is to be repaired."""
    output = {"outcome": "id-taken", "detailType": "MessageSent"}
    assert judge(message_sent("m-1"), output).verdict is Verdict.SUPERSEDED


@pytest.mark.parametrize(
    ("stored", "seq", "expected"),
    [
        (ROW, 1, Verdict.SAME),
        (None, None, Verdict.MISSING),
        (None, 1, Verdict.MISSING),
        ({**ROW, "text": "forged"}, 1, Verdict.DIFFERENT),
        ({**ROW, "senderId": "mallory"}, 1, Verdict.DIFFERENT),
        ({**ROW, "text": "edited", "editedAt": at(9)}, 1, Verdict.SAME),
        ({**ROW, "text": "", "deletedAt": at(9)}, 1, Verdict.SAME),
        ({**ROW, "senderName": "Eve", "editedAt": at(9)}, 1, Verdict.DIFFERENT),
        ({**ROW, "senderName": ERASED_NAME, "text": "", "deletedAt": at(9)}, 1, Verdict.SAME),
        ({**ROW, "senderName": ERASED_NAME}, 1, Verdict.DIFFERENT),
    ],
)
def test_a_message(stored: dict[str, Any] | None, seq: int | None, expected: Verdict):
    """All fields are compared, except a text that a later change replaced."""
    assert verdict(message_sent("m-1"), stored, seq) is expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({**ROW, "text": "edited", "editedAt": at(5)}, Verdict.SAME),
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
def test_an_edit(stored: dict[str, Any] | None, expected: Verdict):
    """The latest edit of the author wins."""
    assert verdict(message_edited("m-1", 1, "edited", offset_ms=5), stored) is expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({**ROW, "text": "", "deletedAt": at(5)}, Verdict.SAME),
        ({**ROW, "text": "back", "deletedAt": at(5)}, Verdict.DIFFERENT),
        ({**ROW, "text": "", "deletedAt": at(4)}, Verdict.SUPERSEDED),
        (ROW, Verdict.MISSING),
        (None, Verdict.MISSING),
    ],
)
def test_a_deletion(stored: dict[str, Any] | None, expected: Verdict):
    """The first deletion wins, and the text must be removed."""
    assert verdict(message_deleted("m-1", 1, offset_ms=5), stored) is expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"present": True, "reactedAt": at(5)}, Verdict.SAME),
        ({"present": False, "reactedAt": at(5)}, Verdict.DIFFERENT),
        ({"present": False, "reactedAt": at(6)}, Verdict.SUPERSEDED),
        ({"present": False, "reactedAt": at(4)}, Verdict.MISSING),
        (None, Verdict.MISSING),
    ],
)
def test_a_reaction(stored: dict[str, Any] | None, expected: Verdict):
    """The later of adding and removing wins."""
    assert verdict(reaction_changed("m-1", 1, offset_ms=5, added=True), stored) is expected


@pytest.mark.parametrize(
    ("joined", "stored", "expected"),
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
def test_a_membership(joined: bool, stored: dict[str, Any] | None, expected: Verdict):
    """A later joining or leaving supersedes the event."""
    assert verdict(membership_changed(joined, offset_ms=5), stored) is expected


def test_a_send_that_was_repeated_is_superseded():
    """Its ack was lost. The row has the time of the try that was stored; what no event explains is different."""
    first, again, other = (message_sent(name, offset_ms=ms) for name, ms in (("m-1", 0), ("m-1", 5), ("m-2", 5)))
    judged = [(first, Verdict.SAME), (again, Verdict.DIFFERENT), (other, Verdict.DIFFERENT)]
    findings = [Finding(event, verdict) for event, verdict in judged]
    found = [finding.verdict for finding in with_repeated_sends(findings)]
    assert found == [Verdict.SAME, Verdict.SUPERSEDED, Verdict.DIFFERENT]


def test_a_membership_that_ended_later_is_superseded():
    """Only leaving after the joining counts."""
    finding = judge(membership_changed(True, offset_ms=5), {"stored": None})
    assert finding.verdict is Verdict.MISSING
    [later] = with_later_memberships([finding], {("bob", "c-1"): at(6)})
    [earlier] = with_later_memberships([finding], {("bob", "c-1"): at(4)})
    assert (later.verdict, earlier.verdict) == (Verdict.SUPERSEDED, Verdict.MISSING)
