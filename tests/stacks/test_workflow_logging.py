"""What the Step Functions console and `parley` need to show an Express run state by state."""

import json
from typing import Any

import pytest

from tests.stacks.conftest import Synthesised, named


def machine(stage: Synthesised) -> dict[str, Any]:
    (found,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def log_group(stage: Synthesised) -> dict[str, Any]:
    """The log group of the workflow."""
    (destination,) = machine(stage)["LoggingConfiguration"]["Destinations"]
    arn = json.dumps(destination["CloudWatchLogsLogGroup"]["LogGroupArn"])
    groups = stage.resources("AWS::Logs::LogGroup", "Delivery")
    (found,) = [group for key, group in groups.items() if f'"{key.partition(".")[2]}"' in arn]
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_every_state_of_a_run_is_logged_with_its_data(dev: Synthesised) -> None:
    """An Express run has no stored history: the console shows it only from logs of level ALL with data."""
    logging = machine(dev)["LoggingConfiguration"]
    assert (machine(dev)["StateMachineType"], logging["Level"]) == ("EXPRESS", "ALL")
    assert logging["IncludeExecutionData"] is True


def test_production_logs_no_message_texts(prod: Synthesised) -> None:
    """It logs only failures, without data; the commands of `parley` report that."""
    logging = machine(prod)["LoggingConfiguration"]
    assert logging["Level"] == "ERROR"
    assert logging["IncludeExecutionData"] is False


def test_the_log_groups_name_is_one_for_vended_logs(stage: Synthesised) -> None:
    """Names under /aws/vendedlogs/ share one entry of the account's resource policy, whose size is limited."""
    name = named(log_group(stage)["LogGroupName"])
    assert name.startswith(f"/aws/vendedlogs/states/Parley-{stage.stage}-deliver")
    assert len(name) <= 512
    assert log_group(stage)["RetentionInDays"] >= 1


def test_the_workflow_may_deliver_logs(stage: Synthesised) -> None:
    """The delivery of vended logs is set up with the role of the workflow."""
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
    # The workflow is created after its rights, or its creation fails.
    (workflow,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    assert any("DeliverObserve" in name for name in workflow["DependsOn"])


def test_runs_are_traced(stage: Synthesised) -> None:
    """Without this, runs are missing in traces."""
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
def test_ops_finds_every_resource_by_outputs(stage: Synthesised, stack: str, name: str) -> None:
    """`parley --stage NAME` reads nothing else."""
    assert name in stage.outputs(stack)
