"""The option --type of several commands."""

import pytest

from ops.commands.event_types import parse_event_types
from ops.errors import BadRequestError


def test_event_types_are_known_names():
    """Each once; without the option, no type is chosen."""
    assert parse_event_types(["MessageSent", "OperationStarted", "MessageSent"]) == {
        "MessageSent",
        "OperationStarted",
    }
    assert parse_event_types(None) == frozenset()


def test_an_unknown_event_type_is_refused():
    """A filter that matches nothing would look like a stage without events."""
    with pytest.raises(BadRequestError, match="Unknown event type 'MessageSend': use one of MessageSent, "):
        parse_event_types(["MessageSent", "MessageSend"])
