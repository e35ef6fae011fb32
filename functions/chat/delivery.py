"""From an event, persisted, to the frame that its recipients get."""

from typing import Any

from functions.chat import events, frames
from functions.chat.model import Shape


def frame_for(envelope: events.Envelope[Any], seq: int | None) -> frames.Frame:
    """The frame of a channel event. `seq` is the place that a MessageSent got; other events bring their own.

    Raises MalformedEvent for an event that nobody is told of.
    """
    data: Shape = envelope.data
    match data:
        case events.MessageSent():
            return frames.MessageFrame(
                **data.model_dump(), seq=seq, trace_id=trace_id(envelope.metadata.trace_header)
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
            raise events.MalformedEvent(f"{events.detail_type(data)} is not a channel event")


def trace_id(trace_header: str | None) -> str | None:
    """The root of an X-Ray trace header: `1-67891233-abcdef012345678912345678`."""
    parts = dict(part.split("=", 1) for part in (trace_header or "").split(";") if "=" in part)
    return parts.get("Root")
