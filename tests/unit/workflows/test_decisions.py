"""The decisions of `deliver`, as a table in JSON.

The UI's simulation has a model of the workflow, which is tested with the same table
(ui/tests/simulation/deliverModel.test.ts), so a difference between the two fails one of the tests.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from sfnx.testing import Call, Failure

from tests.events import bus_event, envelope, message_sent
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver

DECISIONS: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[2] / "workflow_decisions.json").read_text(encoding="utf-8")
)
SENDER = "u-1"
KEPT = ("messageId", "text", "editedAt", "deletedAt")


@pytest.mark.parametrize("case", DECISIONS, ids=lambda case: str(case["name"]))
def test_the_workflow_decides_as_the_table_says(deliver: Deliver, case: dict[str, Any]):
    """Which tasks run, what is stored, how often the frame is posted, and whether there is a dead letter."""
    prepare(deliver, case["before"])
    faults = Faults(deliver, case.get("faults", []))
    run = deliver.run(event_of(case["event"]), fault=faults)

    ends = case["ends"]
    assert (run.status, run.error) == (ends["status"], ends.get("error"))
    assert (run.output or {}).get("outcome") == ends.get("outcome")
    assert len(deliver.posts) == ends["posted"]
    if "tasks" in case:
        assert faults.tasks == case["tasks"]
    assert stored(deliver) == {"ids": {}, "messages": {}, **case["after"]}
    assert len(deliver.dead_letters()) == sum(
        task in ("SendToDeadLetterQueue", "KeepUndelivered") for task in faults.tasks
    )


class Faults:
    """Fails the tasks of a case, as often as it says: before the task, or after it was performed."""

    def __init__(self, deliver: Deliver, faults: list[dict[str, Any]]) -> None:
        self._deliver = deliver
        self._left = [dict(fault) for fault in faults]
        self.tasks: list[str] = []
        """The tasks that were called, in order."""

    def __call__(self, call: Call) -> None:
        self.tasks.append(call.state)
        for fault in self._left:
            if fault["task"] == call.state and fault["times"] > 0:
                fault["times"] -= 1
                if fault.get("performed"):
                    self._deliver.engine._perform(call)
                raise Failure(fault["error"], fault.get("cause", "injected"))


def prepare(deliver: Deliver, before: dict[str, Any]) -> None:
    """Store what a case has before the run, and subscribe one connection."""
    deliver.stage.put("channels", channelId=CHANNEL_ID, kind="private", name="tea", lastSeq=before["lastSeq"])
    for message_id, seq in before.get("ids", {}).items():
        deliver.stage.put("messageIds", messageId=message_id, channelId=CHANNEL_ID, seq=seq)
    for seq, row in before.get("messages", {}).items():
        deliver.stage.put("messages", channelId=CHANNEL_ID, seq=int(seq), senderId=SENDER, **row)
    deliver.subscribe("a")


def event_of(event: dict[str, Any]) -> dict[str, Any]:
    """The event of a case, as EventBridge delivers it."""
    detail_type, changed_at = event["detailType"], event.get("changedAt")
    data: dict[str, Any] = {
        "channelId": CHANNEL_ID,
        **{key: event[key] for key in ("messageId", "seq", "text") if key in event},
    }
    match detail_type:
        case "MessageSent":
            return message_sent(CHANNEL_ID, messageId=event["messageId"], text=event["text"])
        case "MessageEdited":
            data |= {"editedBy": SENDER, "editedAt": changed_at}
        case "MessageDeleted":
            data |= {"deletedBy": SENDER, "deletedAt": changed_at}
    return bus_event(detail_type, envelope(data))


def stored(deliver: Deliver) -> dict[str, Any]:
    """What is stored, in the form of the table."""
    [channel] = deliver.stage.rows("channels")
    return {
        "lastSeq": int(channel["lastSeq"]),
        "ids": {str(row["messageId"]): int(row["seq"]) for row in deliver.stage.rows("messageIds")},
        "messages": {
            str(row["seq"]): {key: row[key] for key in KEPT if key in row}
            for row in deliver.stage.rows("messages")
        },
    }
