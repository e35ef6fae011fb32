"""The queue `status`: recompute what the updates hint at, and tell each connection once per batch.

Presence is what the table of connections says now, never what an event said then, so order does not matter.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.aws import clients, connections, observability, sockets, tracing
from functions.aws.clock import now_ms
from functions.aws.concurrency import map_concurrently
from functions.aws.observability import logger
from functions.chat.presence import furthest_reads, latest_typing, presence_frames
from functions.contract.events import (
    ChannelRead,
    Envelope,
    TypingStarted,
    UserConnected,
    UserDisconnected,
    read_event,
)
from functions.contract.frames import Frame, TypingFrame
from functions.contract.model import Shape
from functions.logic import presence
from functions.logic.disconnection import prune
from functions.settings import BroadcastStatusSettings

clients.prepare(clients.dynamodb, clients.event_bridge, clients.connections_api)


@dataclass(frozen=True)
class Update:
    """A status update and the record that brought it. `again` after a batch that could not tell it."""

    record: str
    envelope: Envelope[Any]
    again: bool

    @property
    def data(self) -> Any:
        """The fact itself."""
        return self.envelope.data


@tracing.traced
def handler(event: dict[str, Any], _context: Any) -> PartialItemFailureResponse:
    """Only the records that failed are delivered again; the poisoned end in the queue's DLQ."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    updates: list[Update] = []

    def read(record: SQSRecord) -> None:
        again = int(record.attributes.approximate_receive_count or 1) > 1
        updates.append(Update(record.message_id, read_event(record.json_body), again))

    started = now_ms() / 1000
    with processor(records=event["Records"], handler=read):
        processor.process()
    with tracing.step("broadcast", updates=len(updates)):
        failed = _broadcast(BroadcastStatusSettings.from_env(), updates)
    _join_traces(event["Records"], {update.record: update.envelope for update in updates}, started)
    observability.flush()
    response = processor.response()
    response["batchItemFailures"] += [{"itemIdentifier": message_id} for message_id in failed]
    logger.info("broadcast", extra={"updates": len(updates), "failed": len(response["batchItemFailures"])})
    return response


def _join_traces(records: Iterable[dict[str, Any]], updates: dict[str, Envelope[Any]], started: float) -> None:
    """Show each update's own trace that it waited in the queue, and was broadcast with others."""
    ended = now_ms() / 1000
    for record in records:
        envelope = updates.get(record["messageId"])
        if envelope is None:
            continue
        queued = int(record.get("attributes", {}).get("SentTimestamp", started * 1000)) / 1000
        tracing.join(
            envelope.metadata.trace_header,
            "broadcast_status",
            steps=[("wait in the queue", min(queued, started), started), ("broadcast", started, ended)],
            annotations={
                "userId": envelope.metadata.actor,
                "channelId": getattr(envelope.data, "channel_id", None),
                "connectionId": getattr(envelope.data, "connection_id", None),
                "eventId": envelope.metadata.event_id,
            },
        )


def _broadcast(settings: BroadcastStatusSettings, updates: Sequence[Update]) -> list[str]:
    """Tell everyone concerned. Returns the records of the kinds of update that could not be told."""
    failed: list[str] = []
    now = now_ms()
    for kinds, tell in BROADCASTS.items():
        concerned = [update for update in updates if isinstance(update.data, kinds)]
        if not concerned:
            continue
        try:
            tell(settings, concerned, now)
        except Exception:
            logger.exception("a broadcast failed", extra={"broadcast": tell.__name__})
            failed += [update.record for update in concerned]
    return failed


def _tell_presence(settings: BroadcastStatusSettings, updates: Sequence[Update], now: int) -> None:
    # What an earlier batch stored but could not tell is no news to the table, and news to everybody else.
    untold = {update.data.user_id for update in updates if update.again}
    users = sorted({update.data.user_id for update in updates})
    settled = map_concurrently(lambda user_id: presence.settle(settings, user_id, untold=user_id in untold), users)
    changes = [change for change in settled if change]
    audiences = presence.audiences(settings, [change.user_id for change in changes], now_ms=now)
    owners = {connection: owner for audience in audiences.values() for connection, owner in audience.items()}
    _post(
        settings,
        [
            (frame, {connection: owners[connection] for connection in recipients})
            for recipients, frame in presence_frames(changes, audiences).items()
        ],
    )


def _tell_typing(settings: BroadcastStatusSettings, updates: Sequence[Update], now: int) -> None:
    frames = latest_typing(update.data for update in updates)

    def others(frame: TypingFrame) -> dict[str, str]:
        subscribers = connections.subscribers(settings.subscriptions_table, frame.channel_id, now_ms=now)
        return _owners(subscriber for subscriber in subscribers if subscriber.user_id != frame.user_id)

    _post(settings, list(zip(frames, map_concurrently(others, frames), strict=True)))


def _tell_read_markers(settings: BroadcastStatusSettings, updates: Sequence[Update], now: int) -> None:
    reads = furthest_reads(update.data for update in updates)

    def own(read: tuple[str, Frame]) -> dict[str, str]:
        return _owners(connections.of_user(settings.connections_table, read[0], now_ms=now))

    owners = map_concurrently(own, reads)
    _post(settings, [(frame, owners_of_frame) for (_, frame), owners_of_frame in zip(reads, owners, strict=True)])


def _owners(found: Iterable[connections.Connection]) -> dict[str, str]:
    return {connection.connection_id: connection.user_id for connection in found}


def _post(settings: BroadcastStatusSettings, frames: Sequence[tuple[Frame, dict[str, str]]]) -> None:
    """Post each frame to its connections, and forget those that are gone.

    An update that got lost is replaced by the next.
    """

    def post(told: tuple[Frame, dict[str, str]]) -> dict[str, str]:
        frame, owners = told
        return {connection: owners[connection] for connection in sockets.post(frame.encode(), tuple(owners)).gone}

    def disconnect(gone: tuple[str, str]) -> None:
        connection_id, user_id = gone
        prune(
            settings, user_id=user_id, connection_id=connection_id, correlation_id=connection_id, now_ms=now_ms()
        )

    gone = {connection: owner for found in map_concurrently(post, frames) for connection, owner in found.items()}
    map_concurrently(disconnect, list(gone.items()))


BROADCASTS: dict[tuple[type[Shape], ...], Callable[[BroadcastStatusSettings, Sequence[Update], int], None]] = {
    (UserConnected, UserDisconnected): _tell_presence,
    (TypingStarted,): _tell_typing,
    (ChannelRead,): _tell_read_markers,
}
