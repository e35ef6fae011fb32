"""Every frame and event that follows from an accepted command fits AWS's limits, whatever its text."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.chat import messages
from functions.chat.channels import named
from functions.chat.delivery import frame_for
from functions.contract import events, frames
from functions.contract.commands import AddReaction, EditMessage, SendMessage, parse_command
from functions.contract.errors import ChatError
from functions.contract.frames import MAX_FRAME_BYTES
from functions.contract.model import MAX_SEQ, Person
from functions.contract.resources import Message, NewChannel, Profile
from functions.contract.text import MAX_EMOJI_BYTES, MAX_NAME_CHARACTERS, MAX_TEXT_BYTES
from functions.logic.broadcast import MAX_NAMES_PER_FRAME, MAX_PRESENCE_CHANGES_PER_FRAME
from tests.unit.builders import AT, CLIENT_MESSAGE_ID

# A run of the workflow holds the event with a page of recipients, in 256 KiB.
MAX_EVENT_BYTES = 64 * 1024
LONGEST_ID = "i" * 128
LONGEST_HEADER = "Root=1-6924271c-5f3a1b2c4d5e6f7081920a3b;Parent=53995c3f42cd8ad8;Sampled=1"

# What JSON makes longest: quotes and backslashes (two bytes), control characters (six), and any other character.
characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\\n\t\r\x00\x07\x1f\x7f\x85\u2028é語😀')


def filled(part: str, size: int) -> str:
    """Repeat a part up to a number of bytes of UTF-8."""
    return part * (size // len(part.encode()))


texts = st.text(characters, min_size=1, max_size=40).map(lambda part: filled(part, MAX_TEXT_BYTES))
emoji = st.text(characters, min_size=1, max_size=8).map(lambda part: filled(part, MAX_EMOJI_BYTES))
# A name of the directory is checked; the longest has 64 characters.
names = st.text(characters, min_size=1, max_size=8).map(lambda part: part * 64)


def size_of(text: str) -> int:
    return len(text.encode())


def accepted(command: dict[str, Any]) -> Any:
    """Parse a command as its route does. None if it is refused."""
    refused: ChatError
    try:
        return parse_command(json.dumps(command), SendMessage, EditMessage, AddReaction)
    except ChatError as refusal:
        refused = refusal
    assert size_of(frames.ErrorFrame(code=refused.code, message=refused.message).encode()) < MAX_FRAME_BYTES
    return None


def checked_display_name(name: str) -> str:
    """A display name as the API stores it, or as it is without one."""
    try:
        return Profile.model_validate({"displayName": name[:64]}).display_name
    except ValueError:
        return "Bob"


def assert_fits(fact: Any) -> None:
    """The event of a fact and the frame of the event fit."""
    envelope = events.envelope(
        fact,
        actor=LONGEST_ID,
        event_id=CLIENT_MESSAGE_ID,
        occurred_at=AT,
        correlation_id=LONGEST_ID,
        trace_header=LONGEST_HEADER,
    )
    assert size_of(envelope.model_dump_json(by_alias=True)) <= MAX_EVENT_BYTES
    assert size_of(frame_for(envelope, MAX_SEQ).encode()) <= MAX_FRAME_BYTES


@given(text=texts, name=names)
def test_a_message_and_its_edit_fit(text: str, name: str):
    """With the longest ids and the name that takes most bytes; so does the command as a browser encodes it."""
    place = {"channelId": "c" * 64, "text": text}
    sending = accepted({"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, **place})
    editing = accepted({"action": "editMessage", "seq": MAX_SEQ, **place})
    assert (sending is None) == (editing is None)
    if sending is None:
        return
    sender = Person(user_id=LONGEST_ID, display_name=checked_display_name(name))
    sent = messages.sent(sending, sender, AT)
    assert_fits(sent)
    stored = Message(**sent.model_dump(), seq=MAX_SEQ)
    assert_fits(messages.changed(editing, stored, user_id=LONGEST_ID, is_owner=False, at=AT))
    as_a_browser_sends_it = json.dumps(sending.model_dump(by_alias=True), ensure_ascii=False)
    assert size_of(as_a_browser_sends_it) <= MAX_FRAME_BYTES


@given(emoji=emoji)
def test_a_reaction_fits(emoji: str):
    """Whatever is accepted as an emoji."""
    command = accepted({"action": "addReaction", "channelId": "c" * 64, "seq": MAX_SEQ, "emoji": emoji})
    if command is None:
        return
    sender = Person(user_id=LONGEST_ID, display_name="Alice")
    sent = messages.sent(SendMessage.model_validate(SENT), sender, AT)
    assert_fits(
        messages.changed(
            command, Message(**sent.model_dump(), seq=MAX_SEQ), user_id=LONGEST_ID, is_owner=False, at=AT
        )
    )


SENT = {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "c", "text": "hello"}


@given(name=names, display_name=names)
def test_a_change_of_a_channel_fits(name: str, display_name: str):
    """With the longest name of a channel and of the member."""
    try:
        channel_name = NewChannel.model_validate({"name": name[:64]}).name
    except ValueError:
        return
    summary = named(channel_name, events.ChannelKind.PUBLIC, created_by=LONGEST_ID, created_at=AT).summary
    assert_fits(
        events.MemberJoined(
            channel_id=summary.channel_id,
            channel=summary,
            user_id=LONGEST_ID,
            display_name=checked_display_name(display_name),
            changed_by=LONGEST_ID,
            changed_at=AT,
        )
    )


def test_the_most_changes_of_a_frame_fit():
    """With the longest ids, and names of the letters that take most bytes."""
    ids = [f"{number:0128d}" for number in range(MAX_PRESENCE_CHANGES_PER_FRAME)]
    presence = [frames.PresenceChange(user_id=user_id, status="offline", last_seen_at=AT) for user_id in ids]
    names = [
        frames.NameChange(user_id=user_id, display_name="𝔛" * MAX_NAME_CHARACTERS)
        for user_id in ids[:MAX_NAMES_PER_FRAME]
    ]
    assert size_of(frames.PresenceFrame(changes=tuple(presence)).encode()) <= MAX_FRAME_BYTES
    assert size_of(frames.NamesFrame(changes=tuple(names)).encode()) <= MAX_FRAME_BYTES
