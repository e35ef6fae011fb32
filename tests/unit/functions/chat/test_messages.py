"""The identity of a message, and who may change it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat.messages import changed, count_reactions, message_id, sent
from functions.contract.commands import (
    AddReaction,
    ChangeMessage,
    DeleteMessage,
    EditMessage,
    RemoveReaction,
    SendMessage,
)
from functions.contract.errors import ChatError, ForbiddenError, NotFoundError
from functions.contract.events import MessageDeleted, MessageEdited, ReactionAdded, ReactionRemoved
from functions.contract.model import Shape, timestamp
from functions.contract.resources import Message, ReactionCount
from tests.unit.builders import ALICE, AT, CLIENT_MESSAGE_ID, NOW_MS

LATER = timestamp(NOW_MS + 1000)
POSITION: Any = {"channel_id": "c-1", "seq": 7}
EDIT = EditMessage(action="editMessage", **POSITION, text="other")
DELETE = DeleteMessage(action="deleteMessage", **POSITION)
ADD = AddReaction(action="addReaction", **POSITION, emoji="👍")
REMOVE = RemoveReaction(action="removeReaction", **POSITION, emoji="👍")
MESSAGE = Message(
    **POSITION, message_id="m-1", client_message_id=CLIENT_MESSAGE_ID, sender=ALICE, text="hi", sent_at=AT
)
EVENT: dict[str, Any] = {"message_id": "m-1", **POSITION}


@given(st.uuids(), st.uuids())
def test_a_retry_has_the_same_identity(user, client_message):
    """The same user and client message id give the same message id."""
    assert message_id(str(user), str(client_message)) == message_id(str(user), str(client_message))


@given(st.lists(st.tuples(st.uuids(), st.uuids()), min_size=2, max_size=20, unique=True))
def test_different_sends_have_different_ids(sends):
    """Another user or another client message id gives another message id."""
    assert len({message_id(str(user), str(client)) for user, client in sends}) == len(sends)


def test_message_ids_never_change():
    """Deployed stages contain these ids; with another namespace, every retry would be a new message."""
    assert message_id("alice", CLIENT_MESSAGE_ID) == "234858a6-9961-54c7-9a6d-047114086eee"


def test_the_sender_comes_from_the_server():
    """The event has the server's sender and time, and the client's text."""
    command = SendMessage(action="sendMessage", client_message_id=CLIENT_MESSAGE_ID, channel_id="c-1", text="hi")
    event = sent(command, ALICE, AT)
    assert (event.sender, event.sent_at, event.text) == (ALICE, AT, "hi")
    assert event.message_id == message_id("alice", CLIENT_MESSAGE_ID)


@pytest.mark.parametrize(
    ("command", "user_id", "is_owner", "outcome"),
    [
        (EDIT, "alice", False, MessageEdited(**EVENT, text="other", edited_by="alice", edited_at=LATER)),
        (EDIT, "bob", False, ForbiddenError),
        (EDIT, "bob", True, ForbiddenError),
        (DELETE, "alice", False, MessageDeleted(**EVENT, deleted_by="alice", deleted_at=LATER)),
        (DELETE, "bob", False, ForbiddenError),
        (DELETE, "bob", True, MessageDeleted(**EVENT, deleted_by="bob", deleted_at=LATER)),
        (ADD, "alice", False, ReactionAdded(**EVENT, emoji="👍", user_id="alice", reacted_at=LATER)),
        (ADD, "bob", False, ReactionAdded(**EVENT, emoji="👍", user_id="bob", reacted_at=LATER)),
        (REMOVE, "bob", False, ReactionRemoved(**EVENT, emoji="👍", user_id="bob", reacted_at=LATER)),
    ],
)
def test_who_may_change_a_message(
    command: ChangeMessage, user_id: str, is_owner: bool, outcome: Shape | type[ChatError]
):
    """Its author edits; its author or the channel's owner deletes; every member reacts."""
    if isinstance(outcome, Shape):
        assert changed(command, MESSAGE, user_id=user_id, is_owner=is_owner, at=LATER) == outcome
    else:
        with pytest.raises(outcome):
            changed(command, MESSAGE, user_id=user_id, is_owner=is_owner, at=LATER)


@pytest.mark.parametrize("command", [EDIT, DELETE, ADD, REMOVE])
@pytest.mark.parametrize("message", [None, MESSAGE.model_copy(update={"deleted_at": AT})], ids=["none", "deleted"])
def test_a_missing_or_deleted_message_cannot_be_changed(command: ChangeMessage, message: Message | None):
    """Not even by its author."""
    with pytest.raises(NotFoundError, match=r"^This message does not exist in the channel, or it was deleted\.$"):
        changed(command, message, user_id="alice", is_owner=True, at=LATER)


def test_reactions_are_grouped_by_message_and_emoji():
    """In the order in which each emoji and each user was added."""
    counted = count_reactions([(1, "👍", "bob"), (2, "❤️", "bob"), (1, "🎉", "bob"), (1, "👍", "alice")])
    assert counted == {
        1: (ReactionCount(emoji="👍", user_ids=("bob", "alice")), ReactionCount(emoji="🎉", user_ids=("bob",))),
        2: (ReactionCount(emoji="❤️", user_ids=("bob",)),),
    }
