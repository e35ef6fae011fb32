"""Every function has exactly the rights that its code needs: the calls that it can make are those of its policies.

The emulator enforces policies, so it finds a missing right (tests/guarantees); only this finds an unneeded one.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stacks.aws_calls import Need, calls_of
from tests.stacks.conftest import Synthesised, named
from tests.stacks.test_rights import listed

HANDLERS = [
    "authorize",
    "connect",
    "disconnect",
    "send_message",
    "change_message",
    "start_typing",
    "default",
    "post_to_connections",
    "broadcast_status",
    "api",
]
# Rights for the function's logs and traces, and for Lambda to poll a queue.
NOT_CALLED = re.compile(r"(logs|xray|sqs):")


def policies_of(stage: Synthesised, handler: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of all policies of the role of a handler."""
    for stack, template in stage.templates.items():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if properties.get("Handler") != f"functions.handlers.{handler}.handler":
                continue
            role_id = properties["Role"]["Fn::GetAtt"][0]
            role = template["Resources"][role_id]["Properties"]
            for policy in template["Resources"].values():
                if policy["Type"] == "AWS::IAM::Policy" and {"Ref": role_id} in policy["Properties"]["Roles"]:
                    yield from policy["Properties"]["PolicyDocument"]["Statement"]
            for managed in role.get("ManagedPolicyArns", []):
                yield from managed_statements(stage, stack, managed)


def managed_statements(stage: Synthesised, stack: str, reference: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements of a managed policy, of this stack or another."""
    name = named(reference)
    for template in stage.templates.values():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == "AWS::IAM::ManagedPolicy" and logical_id in name:
                yield from resource["Properties"]["PolicyDocument"]["Statement"]


def granted(stage: Synthesised, handler: str) -> set[Need]:
    """Return the (action, resource) pairs of a handler's policies, with resources as the code names them."""
    return {
        (action, resource_name(named(resource)))
        for statement in policies_of(stage, handler)
        for action in listed(statement["Action"])
        if not NOT_CALLED.match(action)
        for resource in listed(statement["Resource"])
    }


def resource_name(arn: str) -> str:
    """Return what an ARN of a template stands for: `members`, `members/byChannel`, `bus`, `POST`."""
    if managing := re.search(r"/socket/(POST|DELETE)/@connections/\*$", arn):
        return managing.group(1)
    if re.search(r"Bus[0-9A-F]{8}", arn):
        return "bus"
    table = re.search(r"GetAtt([A-Z][A-Za-z]*?)[0-9A-F]{8}Arn", arn)
    index = re.search(r"/index/(\w+)", arn)
    assert table, arn
    name = table.group(1)
    return name[0].lower() + name[1:] + (f"/{index.group(1)}" if index else "")


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_has_exactly_the_rights_it_needs(stage: Synthesised, handler: str) -> None:
    """Compares its code with its synthesised policies."""
    needed, rights = calls_of(f"functions.handlers.{handler}"), granted(stage, handler)
    assert rights == needed, f"missing: {sorted(needed - rights)}; not needed: {sorted(rights - needed)}"
