"""The event bus: publish events, all of them or an error."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from functions.aws import direct_calls, tracing
from functions.aws.clients import event_bridge
from functions.contract.events import SOURCE, detail_type, envelope
from functions.contract.model import Shape, timestamp

MAX_ENTRIES_PER_CALL = 10


class PublishError(Exception):
    """The bus did not accept every event. It may have accepted some; consumers are idempotent."""


def publish(bus_name: str, facts: Sequence[Shape], *, actor: str, correlation_id: str, now_ms: int) -> None:
    """Put events on the bus, ten per call. Raises PublishError."""
    with tracing.step("publish"):
        entries = [_entry(bus_name, fact, actor, correlation_id, now_ms) for fact in facts]
        for start in range(0, len(entries), MAX_ENTRIES_PER_CALL):
            batch = entries[start : start + MAX_ENTRIES_PER_CALL]
            answer = direct_calls.call(event_bridge().put_events, Entries=batch)
            if answer["FailedEntryCount"]:
                codes = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
                raise PublishError(
                    f"EventBridge rejected {answer['FailedEntryCount']} of {len(batch)} events: {', '.join(codes)}"
                )


def _entry(bus_name: str, fact: Shape, actor: str, correlation_id: str, now_ms: int) -> Any:
    header = tracing.trace_header()
    detail = envelope(
        fact,
        actor=actor,
        event_id=str(uuid4()),
        occurred_at=timestamp(now_ms),
        correlation_id=correlation_id,
        trace_header=header,
    )
    entry = {
        "EventBusName": bus_name,
        "Source": SOURCE,
        "DetailType": detail_type(fact),
        "Detail": detail.model_dump_json(by_alias=True, exclude_none=True),
    }
    return {**entry, "TraceHeader": header} if header else entry
