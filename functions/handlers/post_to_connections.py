"""The task of the workflow `deliver`: post the frame of a persisted event to a batch of connections."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.aws import (
    clients,
    connections,
    deadline,
    direct_calls,
    messages,
    observability,
    sealed_texts,
    sockets,
    tracing,
)
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.chat.delivery import current, frame_for
from functions.contract.events import Envelope, MalformedEventError, MemberLeft, MessageSent, read_event
from functions.contract.frames import Frame, MessageEditedFrame, MessageFrame
from functions.contract.model import milliseconds
from functions.logic.disconnection import prune_subscribers
from functions.logic.slow_clients import close_slow_clients
from functions.settings import PostToConnectionsSettings

clients.prepare(clients.dynamodb, direct_calls.to_event_bridge, clients.connection_posts)


@tracing.traced
@deadline.bounded
def handler(task: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{event, seq, connectionIds, isLate, isRepeated}` → `{delivered, gone, slow, undelivered: [connectionId]}`.

    The first three of the result are numbers. Throttled posts are retried per connection, stale connections are
    pruned, and the connections of slow clients are closed.
    If `isLate`, the message may have been changed since: what is stored now is posted, or nothing.
    If `isRepeated`, members may have left since: connections without a subscription are left out.
    Raises MalformedEventError, and LookupError if the key of a text is missing.
    """
    settings, envelope = PostToConnectionsSettings.from_env(), read_event(task["event"])
    connection_ids = _connection_ids(task)
    _annotate(envelope)
    seq = task.get("seq")
    opened = sealed_texts.opened_event(settings.text_keys_table, envelope, seq, now_ms=now_ms())
    frame: Frame | None = frame_for(opened, seq)
    if task.get("isLate") and isinstance(frame, MessageFrame | MessageEditedFrame):
        stored = messages.get_opened(
            settings.messages_table, settings.text_keys_table, frame.channel_id, frame.seq
        )
        frame = current(frame, stored)
    if frame is None:
        logger.info("superseded", extra={"channelId": envelope.data.channel_id})
        return {"delivered": 0, "gone": 0, "slow": 0, "undelivered": []}
    if task.get("isRepeated") and not isinstance(envelope.data, MemberLeft):
        # The connections of a member who left have no subscription, and get the frame of the leaving.
        channel_id = envelope.data.channel_id
        connection_ids = connections.subscribed(settings.subscriptions_table, channel_id, connection_ids)
    started_ms = now_ms()
    with tracing.step("post frames", connections=len(connection_ids)):
        posted = sockets.post(frame.encode(), connection_ids)
    _measure(envelope, posted, started_ms)
    if posted.gone:
        channel_id, correlation_id = envelope.data.channel_id, envelope.metadata.correlation_id
        prune_subscribers(settings, channel_id, posted.gone, correlation_id=correlation_id)
    slow, limited = close_slow_clients(posted)
    undelivered = (*posted.undelivered, *limited)
    outcomes = {"delivered": posted.delivered, "gone": posted.gone, "slow": slow, "undelivered": undelivered}
    _log(envelope, frame.model_dump()["type"], outcomes, posted.retries)
    observability.flush()
    return {
        "delivered": len(posted.delivered),
        "gone": len(posted.gone),
        "slow": len(slow),
        "undelivered": list(undelivered),
    }


def _connection_ids(task: dict[str, Any]) -> list[str]:
    """The connections to post to. A text would be taken for a list of its characters."""
    connection_ids = task.get("connectionIds")
    if not isinstance(connection_ids, list) or not all(isinstance(item, str) for item in connection_ids):
        raise MalformedEventError("connectionIds: must be a list of texts")
    return connection_ids


def _annotate(envelope: Envelope[Any]) -> None:
    tracing.annotate(
        messageId=getattr(envelope.data, "message_id", None),
        channelId=envelope.data.channel_id,
        userId=envelope.metadata.actor,
    )
    tracing.note_origin(envelope.metadata.trace_header)


def _measure(envelope: Envelope[Any], posted: sockets.Posted, started_ms: int) -> None:
    """Record how far the message was posted, and the time of each hop until then."""
    observability.count("FanOut", posted.total)
    if isinstance(envelope.data, MessageSent) and posted.delivered:
        sent_ms, ended_ms = milliseconds(envelope.data.sent_at), now_ms()
        observability.count("MessagesDelivered", len(posted.delivered))
        observability.duration("WorkflowLatency", max(0, started_ms - sent_ms))
        observability.duration("PostLatency", ended_ms - started_ms)
        observability.duration("DeliveryLatency", ended_ms - sent_ms)


def _log(
    envelope: Envelope[Any], frame_type: str, outcomes: Mapping[str, Sequence[str]], retries: Mapping[str, int]
) -> None:
    """Log the connection ids by outcome: `parley follow` reads this line."""
    logger.info(
        "posted",
        extra={
            "frameType": frame_type,
            "messageId": getattr(envelope.data, "message_id", None),
            "channelId": envelope.data.channel_id,
            **outcomes,
            "retries": retries,
        },
    )
