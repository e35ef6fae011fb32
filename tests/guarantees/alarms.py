"""Which alarms of a stage each incident raises, and why the others are raised by none.

Alarms look at periods of five minutes. The emulator evaluates them whenever they are described, and a test makes
what was measured older (`Faults.age_metrics`), as if periods without traffic had passed. The states are those that
the emulator finds then: no test sets one.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from ops.metrics import dashboard
from ops.stage.stage import Stage
from tests.local_stage import TestStage

PERIOD_SECONDS = 300
OVER_SECONDS = 4 * PERIOD_SECONDS
"""After this time, no alarm looks at what was measured before."""
STATED_NAME = re.compile(r"-(\w+)Alarm[0-9A-F]{8}(-|$)")
ONLY_METRIC = {
    "WorkflowTimedOut": "no run reaches the time limit, because the longest ends 30 s before."
    " `tests/unit/local/emulator/cloudwatch/test_metrics.py` counts one",
    "BroadcastStatusDuration": "a call would have to take 24 s; it is defined as for the functions of both APIs",
    "PostToConnectionsDuration": "a call would have to take 44 s; it is defined as for the functions of both APIs",
    "WorkflowStarts": "the emulator has no quota of starts, so it repeats none. Each event adds a 0",
    "Concurrency": "it is raised at 800 calls at once, more than one machine runs. Each call adds the number of"
    " those that run",
}
"""The alarms whose metric has values in `tests/integration/test_metrics.py`, and which no incident raises: why."""


class RaisesAlarms(Protocol):
    """An incident."""

    @property
    def fault(self) -> str:
        """What is wrong."""

    @property
    def alarms(self) -> tuple[str, ...]:
        """The names of the alarms that it raises."""


def raised(stage: Stage) -> set[str]:
    """The names of the alarms that are raised now, as in the runbook."""
    return {short_name(alarm.name) for alarm in dashboard.alarms(stage) if alarm.state == "ALARM"}


def empty_dead_letter_queues(stage: TestStage) -> None:
    """Remove the dead letters that other tests left."""
    for queue in ("Delivery", "Status", "Replay"):
        stage.client("sqs").purge_queue(QueueUrl=stage.output("Events", f"{queue}DeadLetterQueueUrl"))


def short_name(name: str) -> str:
    """The name of an alarm in the runbook, from the one that CloudFormation chose, or a composite one's."""
    found = STATED_NAME.search(name)
    return found[1] if found else name.rpartition("-")[2]


def table(incidents: Iterable[RaisesAlarms]) -> str:
    """The table of alarms in docs/incidents.md."""
    by_alarm: dict[str, list[str]] = {}
    for incident in incidents:
        for alarm in incident.alarms:
            by_alarm.setdefault(alarm, []).append(incident.fault)
    rows = [f"| `{alarm}` | {'; '.join(faults)} |" for alarm, faults in sorted(by_alarm.items())]
    rows += [
        f"| `{alarm}` | none, only its metric is checked: {reason} |" for alarm, reason in ONLY_METRIC.items()
    ]
    return "\n".join(["| alarm | raised by |", "|---|---|", *rows])
