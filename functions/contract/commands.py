"""The commands that a client may send on the socket, and their parsing."""

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
    Field(description="A UUID chosen by the client; sending it again is the same message"),
]
Text = Annotated[
    str,
    BeforeValidator(checked_text),
    Field(
        min_length=1,
        description=f"1 to {MAX_TEXT_BYTES} bytes of UTF-8; no control characters but tabs and line breaks",
    ),
]
Emoji = Annotated[str, BeforeValidator(checked_emoji), Field(min_length=1, max_length=64)]


class Action(StrEnum):
    """The actions of commands, each a route of the WebSocket API."""

    SEND_MESSAGE = "sendMessage"
    EDIT_MESSAGE = "editMessage"
    DELETE_MESSAGE = "deleteMessage"
    ADD_REACTION = "addReaction"
    REMOVE_REACTION = "removeReaction"
    START_TYPING = "startTyping"
    PING = "ping"


class Command(Shape, extra="forbid"):
    """A frame from a client. Unknown fields are refused, not ignored."""


class SendMessage(Command):
    """Send a message to a channel."""

    action: Literal["sendMessage"]
    client_message_id: ClientMessageId
    channel_id: ChannelId
    text: Text


class EditMessage(Command):
    """Change the text of the caller's own message."""

    action: Literal["editMessage"]
    channel_id: ChannelId
    seq: Seq
    text: Text


class DeleteMessage(Command):
    """Delete the caller's own message, or any message as the channel's owner."""

    action: Literal["deleteMessage"]
    channel_id: ChannelId
    seq: Seq


class AddReaction(Command):
    """Add the caller's reaction to a message."""

    action: Literal["addReaction"]
    channel_id: ChannelId
    seq: Seq
    emoji: Emoji


class RemoveReaction(Command):
    """Remove the caller's reaction from a message."""

    action: Literal["removeReaction"]
    channel_id: ChannelId
    seq: Seq
    emoji: Emoji


class StartTyping(Command):
    """Show the caller as typing in a channel. It ends after a few seconds."""

    action: Literal["startTyping"]
    channel_id: ChannelId


class Ping(Command):
    """Keep the connection open. API Gateway answers without a function."""

    action: Literal["ping"]


ChangeMessage = EditMessage | DeleteMessage | AddReaction | RemoveReaction

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
    """Parse the text of a frame into one of the commands that a route accepts.

    Raises InvalidFrameError, UnknownActionError or TextTooLongError, with a message that names the field.
    """
    fields = parse_object(body)
    action = fields.get("action")
    if not isinstance(action, str):
        raise InvalidFrameError(f"The frame has no 'action'. Use one of: {', '.join(COMMANDS)}.")
    if action not in COMMANDS:
        raise UnknownActionError(
            f"The action '{_printable(action)}' is unknown. Use one of: {', '.join(COMMANDS)}."
        )
    for command in expected:
        if COMMANDS[action] is command:
            return _validated(command, fields)
    raise InvalidFrameError(
        f"The action '{action}' did not reach its route. Send 'action' once, as a string without escapes."
    )


def _validated(command: type[CommandT], fields: dict[str, Any]) -> CommandT:
    try:
        return command.model_validate(fields)
    except ValidationError as refusal:
        raise InvalidFrameError(first_fault(refusal, whole="frame")) from None


def parse_object(body: str | None) -> dict[str, Any]:
    """Parse the text of a frame as a JSON object. Raises InvalidFrameError."""
    try:
        fields = json.loads(body or "")
    except (ValueError, RecursionError):
        raise InvalidFrameError("The frame is not valid JSON. Send one JSON object.") from None
    if not isinstance(fields, dict):
        raise InvalidFrameError("The frame is not a JSON object. Send one JSON object.")
    return fields


def first_fault(refusal: ValidationError, *, whole: str) -> str:
    """Return the first validation error as a sentence that names the field or `whole`, never with the value.

    Raises TextTooLongError if that is the first error.
    """
    fault = refusal.errors(include_url=False, include_input=False)[0]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, TextTooLongError):
        raise cause
    field = _printable(".".join(str(part) for part in fault["loc"])) or whole
    match fault["type"]:
        case "missing":
            return f"The field '{field}' is missing."
        case "extra_forbidden":
            return f"The field '{field}' is not allowed here. Remove it."
        case _:
            return f"The field '{field}' is invalid: {fault['msg'].removeprefix('Value error, ')}."


def _printable(name: str) -> str:
    """Shorten a name chosen by a client and replace unprintable characters, such as half a surrogate pair."""
    return "".join(character if character.isprintable() else "?" for character in name[:40])
