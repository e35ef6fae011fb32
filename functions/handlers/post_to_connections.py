"""The task of the workflow `deliver`: post the frame of a persisted event to a batch of connections."""

from typing import Any

from functions.aws import clients, observability, sockets, tracing
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.chat.delivery import frame_for
from functions.contract.events import Envelope, MessageSent, read_event
from functions.contract.model import milliseconds
from functions.logic.disconnection import prune_subscribers
from functions.settings import PostToConnectionsSettings

clients.prepare(clients.dynamodb, clients.event_bridge, clients.connections_api)


@tracing.traced
def handler(task: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{event, seq, connectionIds}` → `{delivered: count, gone: count, undelivered: [connectionId]}`.

    Throttled posts are retried per connection, and connections that are gone are pruned. Raises
    MalformedEventError.
    """
    settings, envelope = PostToConnectionsSettings.from_env(), read_event(task["event"])
    frame = frame_for(envelope, task.get("seq"))
    _annotate(envelope)
    with tracing.step("post frames", connections=len(task["connectionIds"])):
        posted = sockets.post(frame.encode(), task["connectionIds"])
    _measure(envelope, len(posted.delivered))
    if posted.gone:
        channel_id, correlation_id = envelope.data.channel_id, envelope.metadata.correlation_id
        prune_subscribers(settings, channel_id, posted.gone, correlation_id=correlation_id)
    _log(envelope, frame.model_dump()["type"], posted)
    observability.flush()
    return {"delivered": len(posted.delivered), "gone": len(posted.gone), "undelivered": list(posted.undelivered)}


def _annotate(envelope: Envelope[Any]) -> None:
    tracing.annotate(
        messageId=getattr(envelope.data, "message_id", None),
        channelId=envelope.data.channel_id,
        userId=envelope.metadata.actor,
    )
    tracing.note_origin(envelope.metadata.trace_header)


def _measure(envelope: Envelope[Any], delivered: int) -> None:
    if isinstance(envelope.data, MessageSent) and delivered:
        observability.count("MessagesDelivered", delivered)
        observability.duration("DeliveryLatency", now_ms() - milliseconds(envelope.data.sent_at))


def _log(envelope: Envelope[Any], frame_type: str, posted: sockets.Posted) -> None:
    logger.info(
        "posted",
        extra={
            "frameType": frame_type,
            "messageId": getattr(envelope.data, "message_id", None),
            "channelId": envelope.data.channel_id,
            "delivered": posted.delivered,
            "gone": posted.gone,
            "undelivered": posted.undelivered,
            "retries": posted.retries,
        },
    )
