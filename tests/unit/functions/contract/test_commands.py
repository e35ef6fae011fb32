"""Parsing frames of clients: every refusal has a code and a message, and no other exception is raised."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract.commands import (
    COMMANDS,
    AddReaction,
    Command,
    DeleteMessage,
    EditMessage,
    Ping,
    RemoveReaction,
    SendMessage,
    StartTyping,
    parse_command,
)
from functions.contract.errors import ChatError, ErrorCode
from functions.contract.frames import ErrorFrame
from functions.contract.text import MAX_TEXT_BYTES
from tests.unit.builders import CLIENT_MESSAGE_ID

ALL = tuple(COMMANDS.values())
SEND = {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "general", "text": "hello"}
FRAMES: dict[type[Command], dict[str, Any]] = {
    SendMessage: SEND,
    EditMessage: {"action": "editMessage", "channelId": "general", "seq": 1, "text": "hello"},
    DeleteMessage: {"action": "deleteMessage", "channelId": "general", "seq": 1},
    AddReaction: {"action": "addReaction", "channelId": "general", "seq": 1, "emoji": "👍"},
    RemoveReaction: {"action": "removeReaction", "channelId": "general", "seq": 1, "emoji": "👍"},
    StartTyping: {"action": "startTyping", "channelId": "general"},
    Ping: {"action": "ping"},
}


def refusal(body: Any, *expected: type[Command]) -> ChatError:
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    with pytest.raises(ChatError) as raised:
        parse_command(text, *(expected or ALL))
    return raised.value


def test_every_action_has_a_frame_here():
    """The table above contains all actions."""
    assert set(FRAMES) == set(ALL)


@pytest.mark.parametrize("command", ALL)
def test_a_valid_frame_is_parsed_into_its_command(command: type[Command]):
    """With exactly the fields of the frame."""
    parsed = parse_command(json.dumps(FRAMES[command]), *ALL)
    assert type(parsed) is command
    assert parsed.model_dump(by_alias=True) == FRAMES[command]


@pytest.mark.parametrize("command", ALL)
def test_a_missing_field_is_named(command: type[Command]):
    """The message names the missing field."""
    for field in FRAMES[command]:
        if field == "action":
            continue
        body = {name: value for name, value in FRAMES[command].items() if name != field}
        refused = refusal(body)
        assert refused.code is ErrorCode.INVALID_FRAME
        assert refused.message == f"The field '{field}' is missing."


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (None, ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ("", ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ("hello", ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ('{"action": "ping"', ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ("[" * 100_000, ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ('{"seq": ' + "9" * 5000 + "}", ErrorCode.INVALID_FRAME, "The frame is not valid JSON. "),
        ("[]", ErrorCode.INVALID_FRAME, "The frame is not a JSON object. "),
        ("null", ErrorCode.INVALID_FRAME, "The frame is not a JSON object. "),
        ('"ping"', ErrorCode.INVALID_FRAME, "The frame is not a JSON object. "),
        ({}, ErrorCode.INVALID_FRAME, "The frame has no 'action'. Use one of: "),
        ({"action": 7}, ErrorCode.INVALID_FRAME, "The frame has no 'action'. Use one of: "),
        ({"action": ["ping"]}, ErrorCode.INVALID_FRAME, "The frame has no 'action'. Use one of: "),
        ({"action": "shout"}, ErrorCode.UNKNOWN_ACTION, "The action 'shout' is unknown. Use one of: "),
        ({"action": "Ping"}, ErrorCode.UNKNOWN_ACTION, "The action 'Ping' is unknown. Use one of: "),
        ({"action": "\ud800"}, ErrorCode.UNKNOWN_ACTION, "The action '?' is unknown. Use one of: "),
        (
            SEND | {"sender": "bob"},
            ErrorCode.INVALID_FRAME,
            "The field 'sender' is not allowed here. ",
        ),
        (
            SEND | {"clientMessageId": "x"},
            ErrorCode.INVALID_FRAME,
            "The field 'clientMessageId' is invalid: expec",
        ),
        (
            SEND | {"clientMessageId": 7},
            ErrorCode.INVALID_FRAME,
            "The field 'clientMessageId' is invalid: expec",
        ),
        (SEND | {"channelId": "a b"}, ErrorCode.INVALID_FRAME, "The field 'channelId' is invalid: "),
        (SEND | {"channelId": "general\n"}, ErrorCode.INVALID_FRAME, "The field 'channelId' is invalid: "),
        (SEND | {"channelId": "c" * 65}, ErrorCode.INVALID_FRAME, "The field 'channelId' is invalid: "),
        (SEND | {"channelId": "name#general"}, ErrorCode.INVALID_FRAME, "The field 'channelId' is invalid: "),
        (SEND | {"channelId": 7}, ErrorCode.INVALID_FRAME, "The field 'channelId' is invalid: "),
        (SEND | {"text": 7}, ErrorCode.INVALID_FRAME, "The field 'text' is invalid: expected a string."),
        (
            SEND | {"text": ""},
            ErrorCode.INVALID_FRAME,
            "The field 'text' is invalid: expected a text with a visible character.",
        ),
        (
            SEND | {"text": " \n"},
            ErrorCode.INVALID_FRAME,
            "The field 'text' is invalid: expected a text with a visible c",
        ),
        (
            SEND | {"text": "\ud800"},
            ErrorCode.INVALID_FRAME,
            "The field 'text' is invalid: expected whole charact",
        ),
        (
            SEND | {"text": "x" * (MAX_TEXT_BYTES + 1)},
            ErrorCode.TEXT_TOO_LONG,
            "The text has 8,193 bytes of UTF-8. Shorten it to 8,192 or fewer.",
        ),
    ],
)
def test_an_invalid_frame_has_a_code_and_a_message(body: Any, code: ErrorCode, sentence: str):
    """Each error has its own message for people."""
    refused = refusal(body)
    assert refused.code is code
    assert refused.message.startswith(sentence)
    assert refused.message.endswith(".")


@pytest.mark.parametrize("seq", [0, -1, 1.0, 1.5, True, "1", None, 10**12, 10**300, float("nan"), float("inf")])
def test_a_seq_is_a_positive_integer(seq: Any):
    """Numbers are not rounded and strings are not parsed; a seq fits into the keys of the tables."""
    refused = refusal(FRAMES[DeleteMessage] | {"seq": seq})
    assert refused.code is ErrorCode.INVALID_FRAME
    assert refused.message.startswith("The field 'seq' is invalid: ")


def test_an_action_on_another_route_is_refused():
    """A frame with a repeated key, for example, may be routed by another action than the parsed one."""
    refused = refusal(FRAMES[DeleteMessage], SendMessage)
    assert refused.code is ErrorCode.INVALID_FRAME
    assert refused.message.startswith("The action 'deleteMessage' did not reach its route")


@pytest.mark.parametrize("field", ["clientMessageId", "channelId", "text"])
def test_a_message_never_contains_the_value(field: str):
    """What a user wrote is not in an error, which may be logged."""
    value = "the!secret " * 1000
    assert "secret" not in refusal(SEND | {field: value}).message


def test_other_spellings_of_a_uuid_are_the_same_message():
    """Two spellings must not be two messages."""
    spellings = [
        CLIENT_MESSAGE_ID,
        CLIENT_MESSAGE_ID.upper(),
        "{" + CLIENT_MESSAGE_ID + "}",
        "urn:uuid:" + CLIENT_MESSAGE_ID,
    ]
    parsed = [
        parse_command(json.dumps(SEND | {"clientMessageId": spelling}), SendMessage) for spelling in spellings
    ]
    assert {command.client_message_id for command in parsed} == {CLIENT_MESSAGE_ID}


def test_a_text_arrives_unchanged():
    """With its spaces, line ends, right-to-left text and combined emoji."""
    text = "  <b>שלום</b>\r\n👩‍👩‍👧‍👦 \u202e \t"
    assert parse_command(json.dumps(SEND | {"text": text}), SendMessage).text == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(["clientMessageId", "channelId", "seq", "text", "emoji", "sender", "\ud800"])
near_frames = st.builds(
    lambda action, rest: {**rest, "action": action},
    st.sampled_from([*COMMANDS, "\ud800", "other"]) | json_values,
    st.dictionaries(fields, json_values | st.sampled_from([1, "general", CLIENT_MESSAGE_ID, "👍"]), max_size=5),
)


@given(st.text() | json_values.map(json.dumps) | near_frames.map(json.dumps))
def test_any_text_is_parsed_or_refused(body: str):
    """The client always gets an answer: an error frame can be encoded."""
    try:
        parse_command(body, *ALL)
    except ChatError as refused:
        frame = ErrorFrame(code=refused.code, message=refused.message)
        assert json.loads(frame.encode())["code"] in {"INVALID_FRAME", "UNKNOWN_ACTION", "TEXT_TOO_LONG"}
