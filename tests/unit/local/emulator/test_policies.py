"""The ARNs that policies name for calls whose resources MiniStack does not know, and the actions of batches."""

from typing import Any

import pytest

from local.emulator.policies import named_resource, right_for


@pytest.mark.parametrize(
    ("service", "fields", "resource"),
    [
        ("events", {"ArchiveName": "a"}, "archive/a"),
        ("events", {"ReplayName": "r"}, "replay/r"),
        ("events", {"ReplayName": "r", "EventSourceArn": "arn:aws:events:x:1:archive/a"}, "archive/a"),
        ("events", {"Rule": "tail", "EventBusName": "bus"}, "rule/bus/tail"),
        ("events", {"Rule": "tail"}, "rule/default/tail"),
        ("events", {"Name": "tail", "EventBusName": "bus"}, ""),
        ("monitoring", {"DashboardName": "d"}, "dashboard/d"),
        ("monitoring", {"MetricDataQueries": []}, ""),
    ],
)
def test_the_resource_of_a_call(service: str, fields: dict[str, Any], resource: str):
    """As the service authorization reference has it; empty: MiniStack's own."""
    assert named_resource(service, fields) == resource


@pytest.mark.parametrize(
    ("action", "right"),
    [
        ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
        ("sqs:changemessagevisibilitybatch", "sqs:changemessagevisibility"),
        ("sqs:ReceiveMessage", "sqs:ReceiveMessage"),
        ("glue:GetJobsBatch", "glue:GetJobsBatch"),
        (None, None),
    ],
)
def test_a_batch_needs_the_right_of_one_message(action: str | None, right: str | None):
    """IAM has no actions for the batches of SQS."""
    assert right_for(action) == right
