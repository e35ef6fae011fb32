"""Operators' commands publish events as the functions do."""

import json
from typing import Any

import pytest
from botocore.stub import ANY

from functions.contract.events import UserRenamed, read_event
from ops import times
from ops.stage import publishing
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage, stubbed

NOW_MS = 1_795_000_000_000
FACTS = [
    UserRenamed(user_id=user_id, display_name="x", renamed_at=times.iso(NOW_MS)) for user_id in ("u-1", "u-2")
]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(times, "now", lambda: NOW_MS)
    return deployed_stage()


def test_events_are_put_on_the_bus_in_one_call(stage: Stage):
    """Their readers understand them. Each has its own ids."""
    entries: list[dict[str, Any]] = []
    stage.client("events").meta.events.register(
        "provide-client-params.events.PutEvents", lambda params, **_: entries.extend(params["Entries"])
    )
    with stubbed(stage, "events") as bus:
        bus.add_response("put_events", {"FailedEntryCount": 0, "Entries": []}, {"Entries": ANY})
        publishing.publish(stage, FACTS, actor="u-1")
        bus.assert_no_pending_responses()
    assert [(entry["EventBusName"], entry["Source"]) for entry in entries] == [("bus", "parley")] * 2
    read = [
        read_event({"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])})
        for entry in entries
    ]
    assert [envelope.data for envelope in read] == FACTS
    assert {(envelope.metadata.actor, envelope.metadata.occurred_at) for envelope in read} == {
        ("u-1", times.iso(NOW_MS))
    }
    assert len({envelope.metadata.event_id for envelope in read}) == 2
    assert all(envelope.metadata.correlation_id.startswith("parley-") for envelope in read)


def test_refused_events_are_an_error(stage: Stage):
    """With their number and the reasons, also if the bus accepted the others."""
    refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
    with stubbed(stage, "events") as bus:
        bus.add_response(
            "put_events", {"FailedEntryCount": 1, "Entries": [{"EventId": "e-1"}, refused]}, {"Entries": ANY}
        )
        with pytest.raises(
            publishing.PublishError,
            match=r"^EventBridge refused 1 event: ThrottlingException \(Rate exceeded\)\.$",
        ):
            publishing.publish(stage, FACTS, actor="u-1")
