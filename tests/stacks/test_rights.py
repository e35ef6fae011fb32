"""Least privilege, read from the templates: exact actions on exact resources."""

import re
from collections.abc import Iterator
from typing import Any

from tests.stacks.conftest import Synthesised, named

# The only statements that may say "*", each because AWS knows no resources for its actions.
UNBOUND_ACTIONS = re.compile(
    r"xray:|logs:\w+(LogDelivery|LogDeliveries|ResourcePolicy|ResourcePolicies|LogGroups)$"
)
WRITING = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
# What the CDK grants to its own functions.
NOT_OURS = re.compile(r"CDKBucketDeployment|S3AutoDeleteObjects")


def statements_of(stage: Synthesised) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of our roles and policies, with where it stands."""
    for key, resource in stage.all_resources():
        properties = resource.get("Properties", {})
        documents = []
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        if resource["Type"] == "AWS::IAM::Role":
            documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if NOT_OURS.search(key):
            continue
        for document in documents:
            for statement in document["Statement"]:
                yield key, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_right_is_a_wildcard_of_actions(stage: Synthesised) -> None:
    """Each action is named in full."""
    for key, statement in statements_of(stage):
        assert not [action for action in listed(statement["Action"]) if "*" in action], key


def test_resources_are_exact_but_where_they_cannot_be(stage: Synthesised) -> None:
    """A star stands for connection ids, and for what X-Ray and log delivery have no resources for."""
    for key, statement in statements_of(stage):
        for resource in map(named, listed(statement["Resource"])):
            if resource == "*":
                assert all(UNBOUND_ACTIONS.match(action) for action in listed(statement["Action"])), key
            elif "*" in resource:
                assert resource.endswith("/socket/POST/@connections/*"), key
                assert statement["Action"] == "execute-api:ManageConnections", key


def test_no_function_of_ours_has_a_managed_policy_of_aws(stage: Synthesised) -> None:
    """AWS's own are broader than what any function here does."""
    for key, role in stage.resources("AWS::IAM::Role").items():
        if NOT_OURS.search(key) or "ApiGatewayLogsRole" in key:
            continue
        policies = [named(policy) for policy in role["Properties"].get("ManagedPolicyArns", [])]
        assert all("MayPost" in policy for policy in policies), key


def test_only_those_that_post_may_post(stage: Synthesised) -> None:
    """Of all roles, two carry the right to post frames."""
    posting = [
        key
        for key, role in stage.resources("AWS::IAM::Role").items()
        if any("MayPost" in named(policy) for policy in role["Properties"].get("ManagedPolicyArns", []))
    ]
    assert len(posting) == 2
    assert all(re.search(r"PostToConnections|BroadcastStatus", key) for key in posting)


def test_only_the_workflow_writes_messages(stage: Synthesised) -> None:
    """A message is persisted in one place: whoever could write elsewhere could break the order."""
    writers = {
        key.split(".")[1]
        for key, statement in statements_of(stage)
        for resource in map(named, listed(statement["Resource"]))
        if re.search(r"GetAttMessages[0-9A-F]{8}Arn", resource) and WRITING & set(listed(statement["Action"]))
    }
    assert len(writers) == 1
    assert writers.pop().startswith("DeliverSteps")


def test_nobody_scans(stage: Synthesised) -> None:
    """Recipients, history and people are found by key, always."""
    for key, statement in statements_of(stage):
        assert "dynamodb:Scan" not in listed(statement["Action"]), key
