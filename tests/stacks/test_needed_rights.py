"""Every function may do exactly what its code does: the calls that it can reach are its policy, no more, no less.

An emulator that enforces policies shows a missing right (tests/guarantees); only this shows one too many.
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
# Every function's own log, and what Lambda does in its name when it polls a queue.
NOT_CALLED = re.compile(r"(logs|xray|sqs):")


def policies_of(stage: Synthesised, handler: str) -> Iterator[dict[str, Any]]:
    """The statements of everything attached to the role that a handler runs with."""
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
    """The statements of a managed policy of ours, of this stack or another."""
    name = named(reference)
    for template in stage.templates.values():
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] == "AWS::IAM::ManagedPolicy" and logical_id in name:
                yield from resource["Properties"]["PolicyDocument"]["Statement"]


def granted(stage: Synthesised, handler: str) -> set[Need]:
    """The (action, resource) pairs of a handler's policies, resources as the code calls them."""
    return {
        (action, resource_name(named(resource)))
        for statement in policies_of(stage, handler)
        for action in listed(statement["Action"])
        if not NOT_CALLED.match(action)
        for resource in listed(statement["Resource"])
    }


def resource_name(arn: str) -> str:
    """`members`, `members/byChannel`, `bus`, `POST`: what an ARN of a template stands for."""
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
def test_a_function_may_do_what_it_does_and_nothing_else(stage: Synthesised, handler: str) -> None:
    """By its code on the one side and its synthesised policies on the other."""
    needed, given = calls_of(f"functions.handlers.{handler}"), granted(stage, handler)
    assert given == needed, f"missing: {sorted(needed - given)}; needless: {sorted(given - needed)}"
