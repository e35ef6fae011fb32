"""What a report and the log say about runs that are not logged."""

from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from ops.follow.message_report import problems
from ops.models import StoredMessage
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import at

DEFINITION = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'


class StageWithLevel:
    """A stage with nothing but a workflow, created in moto."""

    def __init__(self, level: str) -> None:
        # One name per level: moto's account is shared, and an existing state machine keeps its first level.
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
    ("level", "message"), [("ALL", None), ("ERROR", "logs ERROR only"), ("OFF", "logs OFF only")]
)
def test_the_omission_names_the_log_level(level: str, message: str | None):
    """With the level ALL, every run is logged and there is no omission."""
    omission = RunLog(cast(Stage, StageWithLevel(level))).omission
    assert (omission is None) if message is None else (omission and message in omission)


def test_a_message_without_runs_has_the_log_s_omission_as_its_problem():
    """Without an omission: the run is older than the log's retention, or was never started."""
    fields: dict[str, Any] = {
        "message": StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0)),
        "runs": [],
        "run_posts": [],
        "queues": [],
        "found_traces": [],
    }
    assert problems(**fields, omission="logs ERROR only") == ["logs ERROR only"]
    [reason] = problems(**fields, omission=None)
    assert "older than the log's retention" in reason
