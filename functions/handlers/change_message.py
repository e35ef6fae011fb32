"""Routes `editMessage`, `deleteMessage`, `addReaction`, `removeReaction`: check the right to do it and publish."""

from typing import cast

from functions.aws import bus, clients, direct_calls, members, messages, rates, sealed_texts, tracing
from functions.chat.messages import changed
from functions.chat.rate import RateLimit, reactions_to
from functions.contract.commands import (
    AddReaction,
    ChangeMessage,
    DeleteMessage,
    EditMessage,
    RemoveReaction,
    parse_command,
)
from functions.contract.errors import ForbiddenError
from functions.contract.events import MessageEdited, ReactionAdded, ReactionRemoved
from functions.contract.frames import Ack, Frame
from functions.contract.model import Role, timestamp
from functions.handlers.websocket import Caller, socket_route
from functions.settings import ChangeMessageSettings

clients.prepare(direct_calls.to_dynamodb, direct_calls.to_event_bridge)


@socket_route
def handler(caller: Caller, body: str | None, now_ms: int) -> Frame:
    """Acknowledge when the event is on the bus.

    What the user may do is checked here. When the workflow persists an edit, it checks the author again; of a
    deletion it checks the message's id only, and of a reaction nothing about the message.
    """
    settings = ChangeMessageSettings.from_env()
    command = cast(ChangeMessage, parse_command(body, EditMessage, DeleteMessage, AddReaction, RemoveReaction))
    limit = RateLimit(per_second=settings.messages_per_second, burst=settings.message_burst)
    with tracing.step("admit"):
        members.admit(settings.members_table, caller.user_id, command.channel_id, limit, now_ms=now_ms)
        membership = members.get(settings.members_table, caller.user_id, command.channel_id)
    with tracing.step("find the message"):
        message = messages.get(settings.messages_table, command.channel_id, command.seq)
    event = changed(
        command,
        message,
        user_id=caller.user_id,
        is_owner=membership is not None and membership.role == Role.OWNER,
        at=timestamp(now_ms),
    )
    if isinstance(event, ReactionAdded | ReactionRemoved):
        _count_reaction(settings, caller.user_id, event.message_id, now_ms)
    if isinstance(event, MessageEdited):
        event = sealed_texts.sealed(settings.text_keys_table, event, author_id=caller.user_id, now_ms=now_ms)
    tracing.annotate(messageId=event.message_id, channelId=event.channel_id)
    bus.publish(
        settings.bus_name, [event], actor=caller.user_id, correlation_id=caller.correlation_id, now_ms=now_ms
    )
    return Ack(action=command.action, message_id=event.message_id)


def _count_reaction(settings: ChangeMessageSettings, user_id: str, message_id: str, now_ms: int) -> None:
    """Count a change of a user's reactions to a message. Raises ForbiddenError if there were too many."""
    with tracing.step("count the reaction"):
        if rates.count(settings.rates_table, user_id, reactions_to(message_id), now_ms=now_ms):
            raise ForbiddenError(
                "You have changed your reactions to this message too often. Try again in an hour."
            )
