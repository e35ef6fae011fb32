"""What is said where the workflow's log cannot tell."""

from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from ops.follow.message_report import problems
from ops.models import StoredMessage
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from tests.unit.ops.run_builders import at

DEFINITION = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'


class StageWithLevel:
    """As much of a stage as its workflow: real calls, to moto."""

    def __init__(self, level: str) -> None:
        # A name of its own: within the mocked account of all tests, a name once taken keeps its first level.
        log_group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/deliver:*"
        logging = {
            "level": level,
            "includeExecutionData": level == "ALL",
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": log_group}}],
        }
        self.workflows = boto3.client("stepfunctions", region_name="us-east-1")
        self.arn = self.workflows.create_state_machine(
            name=f"deliver-{level}",
            definition=DEFINITION,
            roleArn="arn:aws:iam::123456789012:role/deliver",
            type="EXPRESS",
            loggingConfiguration=cast(Any, logging),
        )["stateMachineArn"]

    def client(self, _service: str) -> Any:
        return self.workflows

    def output(self, _stack: str, _name: str) -> str:
        return self.arn


@mock_aws
@pytest.mark.parametrize(
    ("level", "said"), [("ALL", None), ("ERROR", "logs ERROR only"), ("OFF", "logs OFF only")]
)
def test_a_log_says_what_it_leaves_out(level: str, said: str | None):
    """Nobody looks for a run that was never logged."""
    omission = RunLog(cast(Stage, StageWithLevel(level))).omission
    assert (omission is None) if said is None else (omission and said in omission)


def test_a_message_without_runs_is_told_with_the_log_s_own_reason():
    """The level, where it is the reason; else age, or that none was started."""
    known: dict[str, Any] = {
        "message": StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0)),
        "runs": [],
        "run_posts": [],
        "queues": [],
        "found_traces": [],
    }
    assert problems(**known, omission="logs ERROR only") == ["logs ERROR only"]
    [reason] = problems(**known, omission=None)
    assert "older than the log's retention" in reason
