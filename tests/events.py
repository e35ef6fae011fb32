"""Builds events in the wire format, as producers publish them and as EventBridge delivers them, for every tier."""

import json
from typing import Any
from uuid import uuid4

from functions.contract.events import SOURCE
from tests.local_stage import TestStage

AT = "2026-11-24T09:30:00.000Z"


def message_data(channel_id: str, **changes: Any) -> dict[str, Any]:
    """The data of a MessageSent with new ids."""
    return {
        "messageId": str(uuid4()),
        "clientMessageId": str(uuid4()),
        "channelId": channel_id,
        "sender": {"userId": "u-1", "displayName": "Dora"},
        "text": "Hello, World",
        "sentAt": AT,
        **changes,
    }


def envelope(data: dict[str, Any], *, actor: str = "u-1", occurred_at: str = AT) -> dict[str, Any]:
    """An event's detail: `{metadata, data}`."""
    metadata = {
        "eventId": str(uuid4()),
        "occurredAt": occurred_at,
        "schemaVersion": 1,
        "actor": actor,
        "correlationId": "r-1",
    }
    return {"metadata": metadata, "data": data}


def bus_event(detail_type: str, detail: dict[str, Any], *, event_id: str | None = None) -> dict[str, Any]:
    """An event with this detail, as EventBridge delivers it to the targets of a rule."""
    return {
        "version": "0",
        "id": event_id or str(uuid4()),
        "detail-type": detail_type,
        "source": SOURCE,
        "account": "000000000000",
        "time": "2026-11-24T09:30:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def message_sent(channel_id: str, **changes: Any) -> dict[str, Any]:
    """A MessageSent as EventBridge delivers it; changes: those of its data."""
    return bus_event("MessageSent", envelope(message_data(channel_id, **changes)))


def publish(stage: TestStage, detail_type: str, *details: dict[str, Any]) -> None:
    """Publish an event for each detail on the stage's bus."""
    entries = [
        {
            "EventBusName": stage.output("Events", "EventBusName"),
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
        }
        for detail in details
    ]
    bus = stage.client("events")
    for first in range(0, len(entries), 10):
        assert bus.put_events(Entries=entries[first : first + 10])["FailedEntryCount"] == 0
