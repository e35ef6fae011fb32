"""Publish events on a stage's bus, as the functions do."""

from typing import Any
from uuid import uuid4

from functions.contract.events import SOURCE, detail_type, envelope
from functions.contract.model import Shape, timestamp
from ops import times
from ops.errors import OpsError
from ops.stage.stage import Stage


class PublishError(OpsError):
    """The bus did not accept an event."""


def publish(stage: Stage, fact: Shape, *, actor: str) -> None:
    """Put one event on the bus. Raises PublishError, or botocore's ClientError."""
    detail: Any = envelope(
        fact,
        actor=actor,
        event_id=str(uuid4()),
        occurred_at=timestamp(times.now()),
        correlation_id=f"parley-{uuid4()}",
        trace_header=None,
    )
    answer = stage.client("events").put_events(
        Entries=[
            {
                "EventBusName": stage.output("Events", "EventBusName"),
                "Source": SOURCE,
                "DetailType": detail_type(fact),
                "Detail": detail.model_dump_json(by_alias=True, exclude_none=True),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise PublishError(f"The bus refused the event: {answer['Entries'][0].get('ErrorMessage', 'no reason')}.")
