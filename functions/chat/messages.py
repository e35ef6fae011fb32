"""What a message is: its identity, the events that make and change it, and who may change it."""

from uuid import UUID, uuid5

from functions.contract.commands import AddReaction, ChangeMessage, DeleteMessage, EditMessage, SendMessage
from functions.contract.errors import ForbiddenError, NotFoundError
from functions.contract.events import MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved
from functions.contract.model import Person
from functions.contract.resources import Message, ReactionCount

# Never change this: it is what makes a retry of the same send the same message.
MESSAGE_NAMESPACE = UUID("5f0c6d58-35c5-4c2e-9a7a-6e2c8d0b7f11")

MessageChange = MessageEdited | MessageDeleted | ReactionAdded | ReactionRemoved


def message_id(user_id: str, client_message_id: str) -> str:
    """The same for every retry of the same send, and for nobody else's."""
    return str(uuid5(MESSAGE_NAMESPACE, user_id + client_message_id))


def sent(command: SendMessage, sender: Person, sent_at: str) -> MessageSent:
    """The fact that follows from an admitted `sendMessage`."""
    return MessageSent(
        message_id=message_id(sender.user_id, command.client_message_id),
        client_message_id=command.client_message_id,
        channel_id=command.channel_id,
        sender=sender,
        text=command.text,
        sent_at=sent_at,
    )


def changed(
    command: ChangeMessage, message: Message | None, *, user_id: str, is_owner: bool, at: str
) -> MessageChange:
    """The fact that follows from a change to a message by a member of its channel.

    Raises NotFoundError (the message is missing or deleted) or ForbiddenError (the user may not change it).
    """
    if message is None or message.deleted_at is not None:
        raise NotFoundError("There is no such message in this channel.")
    is_author = message.sender.user_id == user_id
    place = {"message_id": message.message_id, "channel_id": command.channel_id, "seq": command.seq}
    if isinstance(command, EditMessage):
        if not is_author:
            raise ForbiddenError("Only its author may edit a message.")
        return MessageEdited(**place, text=command.text, edited_by=user_id, edited_at=at)
    if isinstance(command, DeleteMessage):
        if not (is_author or is_owner):
            raise ForbiddenError("Only its author, or the channel's owner, may delete a message.")
        return MessageDeleted(**place, deleted_by=user_id, deleted_at=at)
    reaction = ReactionAdded if isinstance(command, AddReaction) else ReactionRemoved
    return reaction(**place, emoji=command.emoji, user_id=user_id, reacted_at=at)


def count_reactions(reactions: list[tuple[int, str, str]]) -> dict[int, tuple[ReactionCount, ...]]:
    """Group (seq, emoji, userId), in the order of the first of each emoji."""
    grouped: dict[int, dict[str, list[str]]] = {}
    for seq, emoji, user_id in reactions:
        grouped.setdefault(seq, {}).setdefault(emoji, []).append(user_id)
    return {
        seq: tuple(ReactionCount(emoji=emoji, user_ids=tuple(people)) for emoji, people in emojis.items())
        for seq, emojis in grouped.items()
    }
