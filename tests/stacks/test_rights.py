"""Least privilege in the templates: exact actions on exact resources."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.stacks.conftest import Synthesised, named

# The only actions whose resource may be "*", because they support no resource.
UNBOUND_ACTIONS = re.compile(
    r"xray:|cloudwatch:DescribeAlarms$|logs:\w+(LogDelivery|LogDeliveries|ResourcePolicy|ResourcePolicies|LogGroups)$"
)
WRITING = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
# What the CDK grants to its own functions.
NOT_OURS = re.compile(r"CDKBucketDeployment|S3AutoDeleteObjects")


def statements_of(stage: Synthesised) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of our roles and policies, with the resource that contains it."""
    statements = []
    for key, resource in stage.all_resources():
        properties = resource.get("Properties", {})
        documents = []
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        if resource["Type"] == "AWS::IAM::Role":
            documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if NOT_OURS.search(key):
            continue
        statements += [(key, statement) for document in documents for statement in document["Statement"]]
    assert statements
    return statements


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_action_is_a_wildcard(stage: Synthesised) -> None:
    """Actions are listed in full."""
    for key, statement in statements_of(stage):
        assert not [action for action in listed(statement["Action"]) if "*" in action], key


def test_resources_are_exact_where_possible(stage: Synthesised) -> None:
    """A star is used for connection ids, for actions of X-Ray and log delivery that support no resource, and as in
    AWS's own policy for CodeDeploy.
    """
    for key, statement in statements_of(stage):
        for resource in map(named, listed(statement["Resource"])):
            if resource == "*":
                assert all(UNBOUND_ACTIONS.match(action) for action in listed(statement["Action"])), key
            elif "*" in resource:
                assert re.search(r"/socket/(POST|DELETE)/@connections/\*$", resource), key
                assert statement["Action"] == "execute-api:ManageConnections", key


def test_functions_have_no_managed_policies_of_aws(stage: Synthesised) -> None:
    """They are broader than what any function needs."""
    for key, role in stage.resources("AWS::IAM::Role").items():
        if NOT_OURS.search(key) or "ApiGatewayLogsRole" in key:
            continue
        policies = [named(policy) for policy in role["Properties"].get("ManagedPolicyArns", [])]
        assert all("MayPost" in policy or "MayClose" in policy for policy in policies), key


POSTING = {"PostToConnections", "BroadcastStatus", "SendMessage", "ChangeMessage", "StartTyping", "DefaultRoute"}
CLOSING = {"SendMessage", "ChangeMessage", "StartTyping", "DefaultRoute", "ApiFunction", "PostToConnections"}


def test_only_functions_that_post_or_close_may_do_so(stage: Synthesised) -> None:
    """Two functions post events, one closes slow clients; routes post a last frame and close; so does sign-out."""
    for policy, expected in (("MayPost", POSTING), ("MayClose", CLOSING)):
        holders = {
            re.sub(r"Role[0-9A-F]{8}$", "", key.split(".")[1])
            for key, role in stage.resources("AWS::IAM::Role").items()
            if any(policy in named(arn) for arn in role["Properties"].get("ManagedPolicyArns", []))
        }
        assert holders == expected


def test_only_the_workflow_writes_messages(stage: Synthesised) -> None:
    """Other writers could break the order of messages."""
    writers = {
        key.split(".")[1]
        for key, statement in statements_of(stage)
        for resource in map(named, listed(statement["Resource"]))
        if re.search(r"GetAttMessages[0-9A-F]{8}Arn", resource) and WRITING & set(listed(statement["Action"]))
    }
    assert len(writers) == 1
    assert writers.pop().startswith("DeliverSteps")


def test_no_role_may_scan(stage: Synthesised) -> None:
    """Recipients, history and users are always read by key."""
    for key, statement in statements_of(stage):
        assert "dynamodb:Scan" not in listed(statement["Action"]), key


STEP_ACTIONS = {
    "dynamodb:getItem": "dynamodb:GetItem",
    "dynamodb:putItem": "dynamodb:PutItem",
    "dynamodb:updateItem": "dynamodb:UpdateItem",
    "aws-sdk:dynamodb:query": "dynamodb:Query",
    "lambda:invoke": "lambda:InvokeFunction",
    "sqs:sendMessage": "sqs:SendMessage",
}
TRANSACTION_ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def tasks_of(states: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every task of a workflow, including those in a Map."""
    for state in states.values():
        if state["Type"] == "Task":
            yield state
        if "ItemProcessor" in state:
            yield from tasks_of(state["ItemProcessor"]["States"])


def needed_by(task: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The (action, placeholder) pairs that a task of the workflow needs."""
    call = task["Resource"].removeprefix("arn:aws:states:::")
    if call == "aws-sdk:dynamodb:transactWriteItems":
        for item in task["Arguments"]["TransactItems"]:
            for kind, write in item.items():
                yield TRANSACTION_ACTIONS[kind], write["TableName"].strip("${}")
        return
    for placeholder in set(re.findall(r"\$\{(\w+)\}", json.dumps(task["Arguments"]))):
        yield STEP_ACTIONS[call], placeholder


def test_the_workflow_has_exactly_the_rights_of_its_states(stage: Synthesised) -> None:
    """Compares its role with its file, because the emulator does not enforce the role."""
    (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    definition = json.loads(machine["Properties"]["DefinitionString"])
    needed = {need for task in tasks_of(definition["States"]) for need in needed_by(task)}
    granted = {
        (action, substitution_for(named(resource)))
        for key, statement in statements_of(stage)
        if key.startswith("Delivery.DeliverSteps")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    assert granted == needed


def substitution_for(arn: str) -> str:
    """The placeholder of the workflow for the resource of an ARN."""
    if table := re.search(r"GetAtt([A-Za-z]+?)[0-9A-F]{8}Arn", arn):
        kind = table.group(1)
        return "DeliveryDeadLetterQueueUrl" if kind == "DeliveryDeadLetters" else f"{kind}Table"
    return "PostToConnectionsFunctionArn" if arn.startswith("<PostToConnections") else arn
