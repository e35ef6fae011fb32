"""The queue `status`: broadcast a batch of status updates."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.aws import clients, deadline, direct_calls, observability, tracing
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.contract.events import STATUS_UPDATE_AGE_SECONDS, MalformedEventError, read_event
from functions.contract.model import milliseconds
from functions.logic.broadcast import Update, broadcast
from functions.settings import BroadcastStatusSettings

clients.prepare(clients.dynamodb, direct_calls.to_event_bridge, clients.connection_posts)


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    """Report only the records that failed, so that only they are received again; malformed ones end in the DLQ."""
    logger.append_keys(correlationId=context.aws_request_id)
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    updates: list[Update] = []
    started_ms = now_ms()
    with processor(records=event["Records"], handler=lambda record: updates.append(_parse(record, started_ms))):
        processor.process()
    with tracing.step("broadcast", updates=len(updates)):
        failed = broadcast(BroadcastStatusSettings.from_env(), updates, correlation_id=context.aws_request_id)
    observability.count("StatusUpdates", len(updates))
    _join_traces(updates, started_ms)
    observability.flush()
    response = processor.response()
    response["batchItemFailures"] += [{"itemIdentifier": record_id} for record_id in failed]
    logger.info("broadcast", extra={"updates": len(updates), "failed": len(response["batchItemFailures"])})
    return response


def _parse(record: SQSRecord, started_ms: int) -> Update:
    attributes = record.attributes
    try:
        envelope = read_event(record.json_body)
    except Exception as refusal:
        # The batch processor logs nothing. What the record says may be a user's text.
        fault = str(refusal) if isinstance(refusal, MalformedEventError) else type(refusal).__name__
        logger.error("malformed status update", extra={"recordId": record.message_id, "fault": fault})
        raise
    sent_ms = int(attributes.get("SentTimestamp") or 0)
    # A dead letter that was redriven is a new message of the queue: its batches failed too.
    is_redriven = sent_ms - milliseconds(envelope.metadata.occurred_at) > STATUS_UPDATE_AGE_SECONDS * 1000
    return Update(
        record_id=record.message_id,
        envelope=envelope,
        queued_ms=sent_ms or started_ms,
        is_retry=is_redriven or int(attributes.approximate_receive_count or 1) > 1,
    )


def _join_traces(updates: Sequence[Update], started_ms: int) -> None:
    """Add the wait in the queue and the broadcast to the trace of each update."""
    started, ended = started_ms / 1000, now_ms() / 1000
    for update in updates:
        tracing.join(
            update.envelope.metadata.trace_header,
            "broadcast_status",
            steps=[
                ("wait in the queue", min(update.queued_ms / 1000, started), started),
                ("broadcast", started, ended),
            ],
            annotations={
                "userId": update.envelope.metadata.actor,
                "channelId": getattr(update.data, "channel_id", None),
                "connectionId": getattr(update.data, "connection_id", None),
                "eventId": update.envelope.metadata.event_id,
            },
        )
