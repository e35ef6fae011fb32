"""The workflow's task: turn a persisted event into its frame and post it to a batch of connections.

Throttled posts are retried one by one, gone connections are forgotten, and what is given up is reported.
"""

from collections.abc import Sequence
from typing import Any

from functions.aws import clients, connections, observability, sockets, tracing
from functions.aws.clock import now_ms
from functions.aws.concurrency import map_concurrently
from functions.aws.observability import logger
from functions.chat.delivery import frame_for
from functions.contract.events import Envelope, MessageSent, read_event
from functions.contract.model import milliseconds
from functions.logic.disconnection import prune
from functions.settings import PostToConnectionsSettings

clients.prepare(clients.dynamodb, clients.event_bridge, clients.connections_api)


@tracing.traced
def handler(task: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{event, seq, connectionIds}` → `{delivered, gone, undelivered: [connectionId]}`.

    Raises MalformedEventError.
    """
    settings = PostToConnectionsSettings.from_env()
    envelope = read_event(task["event"])
    frame = frame_for(envelope, task.get("seq"))
    _annotate(envelope)
    with tracing.step("post frames", connections=len(task["connectionIds"])):
        posted = sockets.post(frame.encode(), task["connectionIds"])
    _measure(envelope, len(posted.delivered))
    if posted.gone:
        with tracing.step("forget gone connections", connections=len(posted.gone)):
            _forget_gone(settings, envelope, posted.gone)
    logger.info(
        "posted",
        extra={
            "frameType": frame.model_dump()["type"],
            "messageId": getattr(envelope.data, "message_id", None),
            "channelId": envelope.data.channel_id,
            "delivered": posted.delivered,
            "gone": posted.gone,
            "undelivered": posted.undelivered,
            "retries": posted.retries,
        },
    )
    observability.flush()
    return {
        "delivered": len(posted.delivered),
        "gone": len(posted.gone),
        "undelivered": list(posted.undelivered),
    }


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


def _forget_gone(settings: PostToConnectionsSettings, envelope: Envelope[Any], gone: Sequence[str]) -> None:
    channel_id = envelope.data.channel_id

    def forget(connection_id: str) -> None:
        user_id = connections.subscriber(settings.subscriptions_table, channel_id, connection_id)
        if user_id and prune(
            settings,
            user_id=user_id,
            connection_id=connection_id,
            correlation_id=envelope.metadata.correlation_id,
            now_ms=now_ms(),
        ):
            # Somebody who left the channel meanwhile keeps no subscription either.
            connections.unsubscribe(settings.subscriptions_table, [channel_id], [connection_id])

    map_concurrently(forget, gone)
