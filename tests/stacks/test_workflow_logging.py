"""What the Step Functions console, and `parley`, need to show an Express run state by state."""

import json
from typing import Any

import pytest

from tests.stacks.conftest import Synthesised, named


def machine(stage: Synthesised) -> dict[str, Any]:
    (found,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def log_group(stage: Synthesised) -> dict[str, Any]:
    """The log group that the workflow writes to."""
    (destination,) = machine(stage)["LoggingConfiguration"]["Destinations"]
    arn = json.dumps(destination["CloudWatchLogsLogGroup"]["LogGroupArn"])
    groups = stage.resources("AWS::Logs::LogGroup", "Delivery")
    (found,) = [group for key, group in groups.items() if f'"{key.partition(".")[2]}"' in arn]
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_every_state_of_a_run_is_logged_with_its_data(dev: Synthesised) -> None:
    """Express keeps no history: the console draws a run from level ALL with execution data, or not at all."""
    logging = machine(dev)["LoggingConfiguration"]
    assert (machine(dev)["StateMachineType"], logging["Level"]) == ("EXPRESS", "ALL")
    assert logging["IncludeExecutionData"] is True


def test_production_keeps_chat_text_out_of_the_log(prod: Synthesised) -> None:
    """It logs failures alone and without data; the commands say so when they find it."""
    logging = machine(prod)["LoggingConfiguration"]
    assert logging["Level"] == "ERROR"
    assert logging["IncludeExecutionData"] is False


def test_the_log_group_is_one_that_vended_logs_reach(stage: Synthesised) -> None:
    """Names under /aws/vendedlogs/ need no entry each in the account's resource policy, which is small."""
    name = named(log_group(stage)["LogGroupName"])
    assert name.startswith(f"/aws/vendedlogs/states/Parley-{stage.stage}-deliver")
    assert len(name) <= 512
    assert log_group(stage)["RetentionInDays"] >= 1


def test_the_workflow_may_write_that_log(stage: Synthesised) -> None:
    """The delivery of vended logs is set up with the workflow's own role."""
    needed = {
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    }
    policies = stage.resources("AWS::IAM::Policy", "Delivery")
    (observe,) = [policy for key, policy in policies.items() if "DeliverObserve" in key]
    allowed = {
        action
        for statement in observe["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert needed <= allowed
    # The workflow waits for its rights, or its creation is refused.
    (workflow,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    assert any("DeliverObserve" in each for each in workflow["DependsOn"])


def test_runs_are_traced(stage: Synthesised) -> None:
    """Without this the run is a hole in the trace."""
    assert machine(stage)["TracingConfiguration"] == {"Enabled": True}


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        ("Delivery", "DeliverStateMachineArn"),
        ("Delivery", "DeliverLogGroupName"),
        ("Delivery", "PostToConnectionsFunctionName"),
        ("Delivery", "PostToConnectionsLogGroupName"),
        ("Events", "EventBusName"),
        ("Events", "ArchiveName"),
        ("Events", "ReplayQueueUrl"),
        ("Events", "DeliveryDeadLetterQueueUrl"),
        ("Events", "StatusDeadLetterQueueUrl"),
        ("Events", "ReplayDeadLetterQueueUrl"),
        ("Observability", "DashboardName"),
    ],
)
def test_operators_find_everything_by_outputs(stage: Synthesised, stack: str, name: str) -> None:
    """`parley --stage NAME` knows nothing else of a stage."""
    assert name in stage.outputs(stack)
