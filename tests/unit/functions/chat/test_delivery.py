"""The frame of each channel event."""

import json

import pytest

from functions.chat.delivery import frame_for
from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES, MalformedEventError, trace_id
from tests.unit.builders import AT, CHANNEL, CLIENT_MESSAGE_ID, SECRET, enveloped, facts

SUMMARY = CHANNEL.summary.model_dump(by_alias=True, mode="json")
POSITION = {"channelId": "c-1", "seq": 7, "messageId": "m-1"}
REACTION = {"type": "reaction", **POSITION, "emoji": "👍", "userId": "bob", "reactedAt": AT}
CHANGE = {"type": "channel", "channel": SUMMARY, "changedAt": AT, "changedBy": "alice"}
FRAMES = {
    "MessageSent": {
        "type": "message",
        "channelId": "c-1",
        "seq": 42,
        "messageId": "m-1",
        "clientMessageId": CLIENT_MESSAGE_ID,
        "sender": {"userId": "alice", "displayName": "Alice"},
        "text": SECRET,
        "sentAt": AT,
        "traceId": "1-67891233-abcdef012345678912345678",
    },
    "MessageEdited": {"type": "messageEdited", **POSITION, "text": SECRET, "editedBy": "alice", "editedAt": AT},
    "MessageDeleted": {"type": "messageDeleted", **POSITION, "deletedBy": "alice", "deletedAt": AT},
    "ReactionAdded": {**REACTION, "change": "added"},
    "ReactionRemoved": {**REACTION, "change": "removed"},
    "ChannelCreated": {**CHANGE, "change": "created", "userId": "alice"},
    "MemberJoined": {**CHANGE, "change": "joined", "userId": "bob", "displayName": "Bob"},
    "MemberLeft": {**CHANGE, "change": "left", "userId": "bob"},
}
HEADER = "Root=1-67891233-abcdef012345678912345678;Parent=0123456789abcdef;Sampled=1"


@pytest.mark.parametrize("name", CHANNEL_EVENTS)
def test_every_channel_event_has_its_frame(name: str):
    """With exactly the fields of the contract."""
    seq = 42 if name == "MessageSent" else None
    frame = frame_for(enveloped(facts()[name], trace_header=HEADER), seq)
    assert json.loads(frame.encode()) == FRAMES[name]


def test_the_frame_of_a_leaving_owner_contains_the_new_owner():
    """Who may remove others from now on."""
    left = facts()["MemberLeft"].model_copy(update={"new_owner_id": "carol"})
    assert json.loads(frame_for(enveloped(left), None).encode())["newOwnerId"] == "carol"


def test_a_change_keeps_its_own_seq():
    """The separate seq belongs to a new message; the event of a change contains the seq of its message."""
    frame = frame_for(enveloped(facts()["MessageEdited"]), 99)
    assert json.loads(frame.encode())["seq"] == 7


def test_without_a_trace_there_is_no_trace_id():
    """The field is omitted, not null."""
    assert "traceId" not in json.loads(frame_for(enveloped(facts()["MessageSent"]), 1).encode())


@pytest.mark.parametrize("name", STATUS_UPDATES)
def test_a_status_update_has_no_frame_here(name: str):
    """Status updates are broadcast instead."""
    with pytest.raises(MalformedEventError, match=f"^{name} is not a channel event$"):
        frame_for(enveloped(facts()[name]), None)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (HEADER, "1-67891233-abcdef012345678912345678"),
        ("Self=1-2-3;Root=1-4-5", "1-4-5"),
        ("Parent=1", None),
        ("nonsense;;=", None),
        ("", None),
        (None, None),
    ],
)
def test_the_trace_id_is_the_headers_root(header: str | None, found: str | None):
    """Whatever else the header contains or lacks."""
    assert trace_id(header) == found
