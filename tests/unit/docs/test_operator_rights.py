"""The table of rights in docs/operations.md lists exactly the IAM actions of the calls in `ops`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "operations.md"
ACTION = re.compile(r"`([a-z-]+:[A-Z]\w+)`")

SERVICES = {
    "cloudformation": "cloudformation", "sts": "sts", "lambda": "lambda", "apigateway": "apigateway",
    "service-quotas": "servicequotas", "sesv2": "ses", "xray": "xray", "events": "events", "sqs": "sqs",
    "cloudwatch": "cloudwatch", "logs": "logs", "stepfunctions": "states", "cognito-idp": "cognito-idp",
    "dynamodb": "dynamodb", "apigatewaymanagementapi": "execute-api",
}  # fmt: skip
"""The prefix of the actions of each boto3 service that `ops` uses."""
SPECIAL = {
    "apigateway:GetAccount": ("apigateway:GET",),
    "dynamodb:TransactWriteItems": ("dynamodb:PutItem", "dynamodb:UpdateItem"),
    "sqs:DeleteMessageBatch": ("sqs:DeleteMessage",),
    "sqs:ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
    # One right for posting and closing; a policy names the method in its resource.
    "execute-api:DeleteConnection": ("execute-api:ManageConnections",),
    # With a session in place of AWS credentials, these need no right.
    "cognito-idp:AssociateSoftwareToken": (),
    "cognito-idp:VerifySoftwareToken": (),
    "sts:GetCallerIdentity": (),
    "servicequotas:GetAwsDefaultServiceQuota": ("servicequotas:GetAWSDefaultServiceQuota",),
}
"""Actions that are not named after the operation. https://docs.aws.amazon.com/service-authorization/latest/reference/"""


def operations() -> dict[str, dict[str, str]]:
    """The operations of each service by their Python names."""
    session = botocore.session.get_session()
    return {
        service: {xform_name(name): name for name in session.get_service_model(service).operation_names}
        for service in SERVICES
    }


def calls(tree: ast.Module) -> Iterator[str]:
    """The names of attributes, and the first arguments of `get_paginator`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get_paginator"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def services(tree: ast.Module) -> set[str]:
    """The services that a module names as text, and DynamoDB, whose tables are passed as objects."""
    texts = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = texts & SERVICES.keys()
    source = ast.unparse(tree)
    found |= {"dynamodb"} if "tables." in source or "Table" in source else set()
    found |= {"logs"} if "CloudWatchLogsClient" in source else set()
    found |= {"stepfunctions"} if "synchronous_runs" in source else set()
    return found | ({"cognito-idp"} if "CognitoIdentityProviderClient" in source else set())


def used() -> set[str]:
    """The actions of all calls in `ops`."""
    known = operations()
    actions: set[str] = set()
    for path in (ROOT / "ops").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = set(calls(tree))
        actions |= {"dynamodb:BatchWriteItem"} if "batch_writer" in names else set()
        for service in services(tree):
            for name in names & known[service].keys():
                action = f"{SERVICES[service]}:{known[service][name]}"
                actions |= set(SPECIAL.get(action, (action,)))
    return actions


def listed() -> set[str]:
    """The actions in the table of the page."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("## Rights") :]
    return set(ACTION.findall(section))


def test_the_page_lists_exactly_the_actions_of_the_tools():
    """A role with these rights can run every command."""
    assert listed() == used()
