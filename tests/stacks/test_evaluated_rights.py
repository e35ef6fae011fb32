"""A second opinion on the rights: two IAM evaluators decide on every call of every role.

tests/stacks/test_needed_rights.py and test_rights.py compare the policies with the code as text. Here the policies
are evaluated as AWS evaluates them, by moto's evaluator and by the emulator's, which know nothing of each other
and of Parley. Both must allow each call that the code makes, and no other call of a large set: each action on each
table, index, queue, bus and socket, also on those of other applications whose names begin the same.
"""

import json
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from moto.iam.access_control import IAMPolicy, PermissionResult

from tests.stacks.aws_calls import Need, calls_of
from tests.stacks.conftest import Synthesised, named
from tests.stacks.test_needed_rights import HANDLERS, policies_of, resource_name
from tests.stacks.test_rights import listed, needed_by, statements_of, substitution_for, tasks_of

ACCOUNT = "us-east-1:123456789012"
TABLES = (
    "channels",
    "connections",
    "members",
    "messageIds",
    "messages",
    "rates",
    "reactions",
    "subscriptions",
    "textKeys",
    "tickets",
    "users",
)
INDEXES = ("byChannel", "byKind", "byMention", "directory")
DYNAMODB_ACTIONS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "DeleteTable",
    "GetItem",
    "PartiQLUpdate",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
OTHER_ACTIONS = (
    "events:PutEvents",
    "events:PutRule",
    "execute-api:Invoke",
    "execute-api:ManageConnections",
    "iam:PassRole",
    "lambda:InvokeFunction",
    "s3:GetObject",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "states:StartExecution",
)
DEAD_LETTERS, POSTING_FUNCTION = "DeliveryDeadLetterQueueUrl", "PostToConnectionsFunctionArn"


def arn_of(resource: str) -> str:
    """Return the ARN of what the code calls `members`, `members/byChannel`, `bus` or `POST`."""
    if resource == "bus":
        return f"arn:aws:events:{ACCOUNT}:event-bus/bus"
    if resource in ("POST", "DELETE"):
        return f"arn:aws:execute-api:{ACCOUNT}:api/socket/{resource}/@connections/*"
    if resource == DEAD_LETTERS:
        return f"arn:aws:sqs:{ACCOUNT}:{resource}"
    if resource == POSTING_FUNCTION:
        return f"arn:aws:lambda:{ACCOUNT}:function:{resource}"
    table, _, index = resource.partition("/")
    return f"arn:aws:dynamodb:{ACCOUNT}:table/{table}" + (f"/index/{index}" if index else "")


def requested(resource: str) -> str:
    """Return the ARN that a call has: a connection in place of all of them."""
    return arn_of(resource).replace("/*", "/L0SM9cOFvHcCIhw=")


FOREIGN = (
    f"arn:aws:sqs:{ACCOUNT}:other",
    f"arn:aws:lambda:{ACCOUNT}:function:other",
    f"arn:aws:states:{ACCOUNT}:stateMachine:other",
    f"arn:aws:iam::{ACCOUNT.split(':')[1]}:role/other",
    "arn:aws:s3:::other/key",
    f"arn:aws:events:{ACCOUNT}:event-bus/default",
    f"arn:aws:events:{ACCOUNT}:event-bus/bus-other",
    f"arn:aws:execute-api:{ACCOUNT}:other/socket/POST/@connections/L0SM9cOFvHcCIhw=",
    f"arn:aws:execute-api:{ACCOUNT}:api/other/POST/@connections/L0SM9cOFvHcCIhw=",
    f"arn:aws:execute-api:{ACCOUNT}:api/socket/GET/@connections/L0SM9cOFvHcCIhw=",
)


def requests() -> set[Need]:
    """Return (action, ARN) of every call that is decided on."""
    actions = [f"dynamodb:{action}" for action in DYNAMODB_ACTIONS]
    tables = [*TABLES, *(f"{table}Copy" for table in TABLES), *(f"{t}/{i}" for t, i in product(TABLES, INDEXES))]
    others = [requested(name) for name in ("bus", "POST", "DELETE", DEAD_LETTERS, POSTING_FUNCTION)]
    return {(action, requested(table)) for action, table in product(actions, tables)} | set(
        product(OTHER_ACTIONS, (*others, *FOREIGN, requested("messages")))
    )


def by_moto(document: dict[str, Any], action: str, arn: str) -> bool:
    """Whether moto's evaluator allows a call."""
    return IAMPolicy(json.dumps(document)).is_action_permitted(action, arn) is PermissionResult.PERMITTED


def by_the_emulator(document: dict[str, Any], action: str, arn: str) -> bool:
    """Whether the emulator's evaluator allows a call."""
    context = EvalContext(
        principal_arn="arn:aws:sts::123456789012:assumed-role/role/session",
        principal_type="AssumedRole",
        principal_account="123456789012",
        action=action,
        resource_arn=arn,
        region="us-east-1",
    )
    return bool(evaluate(context, [parse_policy_document(document)]).decision == "Allow")


EVALUATORS = {"moto": by_moto, "the emulator": by_the_emulator}


def document(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a policy with statements whose resources are ARNs."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def assert_allows_exactly(policy: dict[str, Any], needed: set[Need]) -> None:
    """Both evaluators allow these calls and no other one."""
    assert needed <= requests(), f"not decided on: {sorted(needed - requests())}"
    for name, allows in EVALUATORS.items():
        allowed = {request for request in requests() if allows(policy, *request)}
        assert allowed == needed, (
            f"{name}: denied: {sorted(needed - allowed)}; allowed, not needed: {sorted(allowed - needed)}"
        )


@pytest.mark.parametrize("handler", HANDLERS)
def test_evaluators_allow_exactly_the_calls_of_a_function(stage: Synthesised, handler: str) -> None:
    """Its calls on its tables, its bus and its sockets, and nothing else."""
    statements = [
        {
            "Effect": statement["Effect"],
            "Action": statement["Action"],
            "Resource": [arn_of(resource_name(named(resource))) for resource in listed(statement["Resource"])],
        }
        for statement in policies_of(stage, handler)
        if not any(action.startswith(("logs:", "xray:", "sqs:")) for action in listed(statement["Action"]))
    ]
    needed = {(action, requested(resource)) for action, resource in calls_of(f"functions.handlers.{handler}")}
    assert_allows_exactly(document(statements), needed)


def test_evaluators_allow_exactly_the_calls_of_the_workflow(stage: Synthesised) -> None:
    """The tasks of its states, and nothing else."""
    (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    states = json.loads(machine["Properties"]["DefinitionString"])["States"]
    needed = {
        (action, requested(resource_of(placeholder)))
        for task in tasks_of(states)
        for action, placeholder in needed_by(task)
    }
    statements = [
        {
            "Effect": statement["Effect"],
            "Action": statement["Action"],
            "Resource": [
                arn_of(resource_of(substitution_for(named(resource))))
                for resource in listed(statement["Resource"])
            ],
        }
        for key, statement in statements_of(stage)
        if key.startswith("Delivery.DeliverSteps")
    ]
    assert_allows_exactly(document(statements), needed)


def resource_of(placeholder: str) -> str:
    """Return the resource of a placeholder of the workflow: `messageIds` for `MessageIdsTable`."""
    table = placeholder.removesuffix("Table")
    return table[0].lower() + table[1:] if table != placeholder else placeholder
