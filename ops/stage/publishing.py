"""Publish events on a stage's bus, as the functions do."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from functions.contract.events import SOURCE, detail_type, envelope
from functions.contract.model import Shape, timestamp
from ops import times
from ops.errors import OpsError
from ops.stage.stage import Stage
from ops.wording import counted

MAX_ENTRIES = 10
"""https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""


class PublishError(OpsError):
    """The bus did not accept every event. It may have accepted some."""


def publish(stage: Stage, facts: Sequence[Shape], *, actor: str) -> None:
    """Put at most MAX_ENTRIES events on the bus in one call. Raises PublishError, or botocore's ClientError."""
    answer = stage.client("events").put_events(Entries=[_entry(stage, fact, actor) for fact in facts])
    if answer["FailedEntryCount"]:
        reasons = sorted({_reason(entry) for entry in answer["Entries"] if "ErrorCode" in entry})
        raise PublishError(
            f"EventBridge refused {counted(answer['FailedEntryCount'], 'event')}: {', '.join(reasons)}."
        )


def _reason(entry: Any) -> str:
    return f"{entry['ErrorCode']} ({entry.get('ErrorMessage') or 'no reason'})"


def _entry(stage: Stage, fact: Shape, actor: str) -> Any:
    detail: Any = envelope(
        fact,
        actor=actor,
        event_id=str(uuid4()),
        occurred_at=timestamp(times.now()),
        correlation_id=f"parley-{uuid4()}",
        trace_header=None,
    )
    return {
        "EventBusName": stage.output("Events", "EventBusName"),
        "Source": SOURCE,
        "DetailType": detail_type(fact),
        "Detail": detail.model_dump_json(by_alias=True, exclude_none=True),
    }
