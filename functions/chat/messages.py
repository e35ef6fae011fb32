"""Messages: their identity, the events that create and change them, and who may change them."""

from uuid import UUID, uuid5

from functions.chat.mentions import mentioned_usernames
from functions.contract.commands import AddReaction, ChangeMessage, DeleteMessage, EditMessage, SendMessage
from functions.contract.errors import ForbiddenError, NotFoundError
from functions.contract.events import MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved
from functions.contract.model import Person
from functions.contract.resources import Message, ReactionCount

# Never change this: message ids follow from it, so a retry of a send is the same message.
MESSAGE_NAMESPACE = UUID("5f0c6d58-35c5-4c2e-9a7a-6e2c8d0b7f11")

MessageChange = MessageEdited | MessageDeleted | ReactionAdded | ReactionRemoved


def message_id(user_id: str, client_message_id: str) -> str:
    """Return the id of a message: the same for every retry of a send, and different for each user."""
    return str(uuid5(MESSAGE_NAMESPACE, user_id + client_message_id))


def sent(command: SendMessage, sender: Person, sent_at: str) -> MessageSent:
    """Return the event of an admitted `sendMessage`."""
    return MessageSent(
        message_id=message_id(sender.user_id, command.client_message_id),
        client_message_id=command.client_message_id,
        channel_id=command.channel_id,
        sender=sender,
        text=command.text,
        mentions=mentioned_usernames(command.text) or None,
        sent_at=sent_at,
    )


def changed(
    command: ChangeMessage, message: Message | None, *, user_id: str, is_owner: bool, at: str
) -> MessageChange:
    """Return the event of a change to a message by a member of its channel.

    Raises NotFoundError (the message is missing or deleted) or ForbiddenError (the user may not change it).
    """
    if message is None or message.deleted_at is not None:
        raise NotFoundError("This message does not exist in the channel, or it was deleted.")
    is_author = message.sender.user_id == user_id
    position = {"message_id": message.message_id, "channel_id": command.channel_id, "seq": command.seq}
    if isinstance(command, EditMessage):
        if not is_author:
            raise ForbiddenError("Only the author of a message can edit it.")
        mentions = mentioned_usernames(command.text) or None
        return MessageEdited(**position, text=command.text, mentions=mentions, edited_by=user_id, edited_at=at)
    if isinstance(command, DeleteMessage):
        if not (is_author or is_owner):
            raise ForbiddenError("Only the author of a message or the channel's owner can delete it.")
        return MessageDeleted(**position, deleted_by=user_id, deleted_at=at)
    reaction = ReactionAdded if isinstance(command, AddReaction) else ReactionRemoved
    return reaction(**position, emoji=command.emoji, user_id=user_id, reacted_at=at)


def count_reactions(reactions: list[tuple[int, str, str]]) -> dict[int, tuple[ReactionCount, ...]]:
    """Group (seq, emoji, userId) by seq and emoji. Emoji and users keep the order of the list."""
    grouped: dict[int, dict[str, list[str]]] = {}
    for seq, emoji, user_id in reactions:
        grouped.setdefault(seq, {}).setdefault(emoji, []).append(user_id)
    return {
        seq: tuple(ReactionCount(emoji=emoji, user_ids=tuple(user_ids)) for emoji, user_ids in emojis.items())
        for seq, emojis in grouped.items()
    }
