"""What a client may ask for on the socket. Parsing a frame is all that happens here."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from functions.contract.errors import InvalidFrameError, TextTooLongError, UnknownActionError
from functions.contract.model import ChannelId, Seq, Shape
from functions.contract.text import MAX_TEXT_BYTES, canonical_uuid, checked_emoji, checked_text

ClientMessageId = Annotated[
    str,
    BeforeValidator(canonical_uuid),
    Field(description="A UUID that the client chose; a repeat of it is the same message"),
]
Text = Annotated[
    str,
    BeforeValidator(checked_text),
    Field(min_length=1, description=f"1 to {MAX_TEXT_BYTES} bytes of UTF-8"),
]
Emoji = Annotated[str, BeforeValidator(checked_emoji), Field(min_length=1, max_length=64)]


class Action(StrEnum):
    """The actions, each a route of the WebSocket API."""

    SEND_MESSAGE = "sendMessage"
    EDIT_MESSAGE = "editMessage"
    DELETE_MESSAGE = "deleteMessage"
    ADD_REACTION = "addReaction"
    REMOVE_REACTION = "removeReaction"
    START_TYPING = "startTyping"
    PING = "ping"


class Command(Shape, extra="forbid"):
    """A frame from a client. A field that the action does not take is refused, not ignored."""


class SendMessage(Command):
    """Say something in a channel."""

    action: Literal["sendMessage"]
    client_message_id: ClientMessageId
    channel_id: ChannelId
    text: Text


class EditMessage(Command):
    """Change the text of one's own message."""

    action: Literal["editMessage"]
    channel_id: ChannelId
    seq: Seq
    text: Text


class DeleteMessage(Command):
    """Take back one's own message, or, as the channel's owner, anybody's."""

    action: Literal["deleteMessage"]
    channel_id: ChannelId
    seq: Seq


class AddReaction(Command):
    """React to a message."""

    action: Literal["addReaction"]
    channel_id: ChannelId
    seq: Seq
    emoji: Emoji


class RemoveReaction(Command):
    """Take one's reaction back."""

    action: Literal["removeReaction"]
    channel_id: ChannelId
    seq: Seq
    emoji: Emoji


class StartTyping(Command):
    """Say that one is typing; it ends by itself."""

    action: Literal["startTyping"]
    channel_id: ChannelId


class Ping(Command):
    """Keep the connection open; API Gateway answers by itself."""

    action: Literal["ping"]


ChangeMessage = EditMessage | DeleteMessage | AddReaction | RemoveReaction
ClientFrame = Annotated[SendMessage | ChangeMessage | StartTyping | Ping, Field(discriminator="action")]

COMMANDS: dict[str, type[Command]] = {
    Action.SEND_MESSAGE: SendMessage,
    Action.EDIT_MESSAGE: EditMessage,
    Action.DELETE_MESSAGE: DeleteMessage,
    Action.ADD_REACTION: AddReaction,
    Action.REMOVE_REACTION: RemoveReaction,
    Action.START_TYPING: StartTyping,
    Action.PING: Ping,
}


CommandT = TypeVar("CommandT", bound=Command)


def parse_command(body: str | None, *expected: type[CommandT]) -> CommandT:
    """Read a frame's text into one of the commands that a route takes.

    Raises InvalidFrameError, UnknownActionError or TextTooLongError, each with a sentence that names the field.
    """
    fields = parse_object(body)
    action = fields.get("action")
    if not isinstance(action, str):
        raise InvalidFrameError(f"The frame has no action; expected one of: {', '.join(COMMANDS)}.")
    if action not in COMMANDS:
        raise UnknownActionError(
            f"The action '{_printable(action)}' is not known; expected one of: {', '.join(COMMANDS)}."
        )
    for command in expected:
        if COMMANDS[action] is command:
            return _validated(command, fields)
    raise InvalidFrameError(
        f"The action '{action}' did not reach its route; send 'action' once, as a plain string."
    )


def _validated(command: type[CommandT], fields: dict[str, Any]) -> CommandT:
    try:
        return command.model_validate(fields)
    except ValidationError as refusal:
        raise InvalidFrameError(first_fault(refusal, whole="frame")) from None


def parse_object(body: str | None) -> dict[str, Any]:
    """The JSON object in a frame. Raises InvalidFrameError if there is none."""
    try:
        fields = json.loads(body or "")
    except (ValueError, RecursionError):
        raise InvalidFrameError("The frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidFrameError("The frame is not a JSON object.")
    return fields


def first_fault(refusal: ValidationError, *, whole: str) -> str:
    """The first thing wrong, as a sentence that names the field, or the whole. Never repeats the value."""
    fault = refusal.errors(include_url=False, include_input=False)[0]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, TextTooLongError):
        raise cause
    field = _printable(".".join(str(part) for part in fault["loc"])) or whole
    match fault["type"]:
        case "missing":
            return f"The field '{field}' is missing."
        case "extra_forbidden":
            return f"The field '{field}' is not one that is taken here."
        case _:
            return f"The field '{field}' is not right: {fault['msg'].removeprefix('Value error, ')}."


def _printable(name: str) -> str:
    """A name that a client chose, short, and fit for a sentence: half a surrogate pair has no encoding."""
    return "".join(character if character.isprintable() else "?" for character in name[:40])
