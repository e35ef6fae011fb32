"""Convert a persisted channel event to the frame that its recipients get."""

from typing import Any

from functions.contract import events, frames
from functions.contract.model import Shape


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
