"""Convert a persisted channel event to the frame that its recipients get."""

from typing import Any

from functions.contract import events, frames
from functions.contract.model import Shape
from functions.contract.resources import Message


def frame_for(envelope: events.Envelope[Any], seq: int | None) -> frames.Frame:
    """Return the frame of a channel event. `seq` was assigned to a MessageSent; other events contain theirs.

    Raises MalformedEventError for any other event.
    """
    data: Shape = envelope.data
    match data:
        case events.MessageSent():
            return frames.MessageFrame(
                **data.model_dump(), seq=seq, trace_id=events.trace_id(envelope.metadata.trace_header)
            )
        case events.MessageEdited():
            return frames.MessageEditedFrame(**data.model_dump())
        case events.MessageDeleted():
            return frames.MessageDeletedFrame(**data.model_dump())
        case events.ReactionAdded():
            return frames.ReactionFrame(change="added", **data.model_dump())
        case events.ReactionRemoved():
            return frames.ReactionFrame(change="removed", **data.model_dump())
        case events.ChannelCreated():
            return frames.ChannelFrame(change="created", changed_by=data.user_id, **data.model_dump())
        case events.MemberJoined():
            return frames.ChannelFrame(change="joined", **data.model_dump())
        case events.MemberLeft():
            return frames.ChannelFrame(change="left", **data.model_dump())
        case _:
            raise events.MalformedEventError(f"{events.detail_type(data)} is not a channel event")


def current(frame: frames.MessageFrame | frames.MessageEditedFrame, stored: Message | None) -> frames.Frame | None:
    """Return the frame with what is stored of its message now.

    None: the message was deleted or lost, or a later edit has replaced the edit of this frame.
    """
    if stored is None or stored.message_id != frame.message_id or stored.deleted_at is not None:
        return None
    if isinstance(frame, frames.MessageFrame):
        return frame.model_copy(
            update={"text": stored.text, "mentions": stored.mentions, "edited_at": stored.edited_at}
        )
    return frame if stored.edited_at is None or stored.edited_at <= frame.edited_at else None
