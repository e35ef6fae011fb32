"""Under enforced IAM policies every function works with its role, and fails when one of its rights is removed.

The emulator enforces the policies of functions. tests/stacks/test_rights.py compares the workflow's with its
states, and tests/stacks/test_needed_rights.py finds superfluous rights.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.chat_client import ChatClient, Socket
from tests.guarantees.clients import create_private_channel, signed_in_users
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS

PROMISE = 8
pytestmark = pytest.mark.anyio

REMOVED = {
    "SendMessage": "events:PutEvents",
    "ChangeMessage": "dynamodb:GetItem",
    "StartTyping": "dynamodb:UpdateItem",
    "Authorize": "dynamodb:DeleteItem",
    "Connect": "dynamodb:BatchWriteItem",
    "PostToConnections": "execute-api:ManageConnections",
    "ApiFunction": "dynamodb:Query",
}


async def use_every_route(dora: ChatClient, emil: ChatClient, *, stop_at_failure: bool = False) -> list[str]:
    """Use every route and every function once. Returns the failures; with `stop_at_failure` only the first."""
    failures: list[str] = []

    async def attempt(name: str, request: Any) -> Any:
        if failures and stop_at_failure:
            request.close()
            return None
        try:
            return await asyncio.wait_for(request, DEADLINE_SECONDS)
        except Exception as failure:
            failures.append(f"{name}: {type(failure).__name__} {failure}"[:300])
            return None

    async def acknowledged(socket: Socket, action: str, **fields: object) -> None:
        since = len(socket.frames)
        await socket.send(action=action, **fields)
        frame = await socket.wait_for(
            lambda frame: frame["type"] in {"ack", "error"} and frame.get("action") == action, since=since
        )
        assert frame["type"] == "ack", frame

    async def sent() -> int:
        ack = await dora.send_message("hello", channel_id=channel_id)
        assert ack["type"] == "ack", ack
        frame = await emil.sockets[-1].wait_for_type("message", messageId=ack["messageId"])
        return int(frame["seq"])

    channel_id = await attempt("create and add", create_private_channel(dora, emil))
    first = await attempt("connect", dora.open_socket())
    second = await attempt("connect", emil.open_socket())
    if not (channel_id and first and second):
        return failures
    dora.sockets, emil.sockets = [first], [second]
    seq = await attempt("send and deliver", sent())
    place = {"channelId": channel_id, "seq": seq or 1}
    await attempt("edit", acknowledged(first, "editMessage", **place, text="better"))
    await attempt("react", acknowledged(second, "addReaction", **place, emoji="👍"))
    await attempt("type", acknowledged(first, "startTyping", channelId=channel_id))
    await attempt("status", second.wait_for_type("typing", userId=dora.user_id))
    for path in (
        "/me",
        "/users",
        "/channels",
        f"/channels/{channel_id}/messages",
        f"/channels/{channel_id}/members",
    ):
        await attempt(f"GET {path}", dora.api.get(path))
    await attempt("discover", dora.api.get("/channels", scope="discover"))
    await attempt("read", emil.api.put(f"/channels/{channel_id}/read-marker", {"seq": 1}))
    await attempt("rename", dora.api.put("/me", {"displayName": "Dora"}))
    await attempt("direct", dora.api.post("/direct-messages", {"userId": emil.user_id}))
    await attempt("leave", emil.api.delete(f"/channels/{channel_id}/members/me"))
    await attempt("sign out", emil.api.post("/sign-out"))
    await attempt("closed after the sign-out", second.wait_until_closed())
    return failures


@pytest.mark.thorough
async def test_all_functions_work_under_enforced_policies(stage: TestStage, record: Record, faults: Faults):
    """Every route works with exactly the rights that the stacks grant."""
    async with signed_in_users(stage, "dora", "emil") as (dora, emil):
        with faults.enforced_policies():
            assert await use_every_route(dora, emil) == []
    record.tried("every route and function under enforced policies")


@pytest.mark.thorough
async def test_a_removed_right_breaks_its_function(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Removing one right makes a route fail, which shows that the test above can fail."""
    if not is_long:
        pytest.skip("runs with --long only")
    for function, action in REMOVED.items():
        async with signed_in_users(stage, "dora", "emil") as (dora, emil):
            with removed_right(stage, function, action), faults.enforced_policies():
                failures = await use_every_route(dora, emil, stop_at_failure=True)
                assert failures, f"{function} does not need {action}"
    record.tried("functions with one right removed, each of which failed", len(REMOVED))


@contextmanager
def removed_right(stage: TestStage, function: str, action: str) -> Iterator[None]:
    """Remove an action from a function's role until the block ends."""
    iam, functions = stage.client("iam"), stage.client("lambda")
    names = [
        listed["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for listed in page["Functions"]
    ]
    [name] = [name for name in names if f"-{function}" in name]
    role = functions.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    restore = []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        restore.append((policy, document))
        iam.put_role_policy(
            RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(without_action(document, action))
        )
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    detached = [policy["PolicyArn"] for policy in attached if action.startswith("execute-api")]
    for arn in detached:
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    try:
        yield
    finally:
        for policy, document in restore:
            iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
        for arn in detached:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def without_action(document: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy without an action."""
    kept = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [name for name in actions if name != action]:
            kept.append({**statement, "Action": left})
    return {**document, "Statement": kept}
