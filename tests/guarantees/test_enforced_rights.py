"""The chat where IAM decides: every function works with its own role, and without one of its rights it does not.

The emulator enforces the policies of functions; those of the workflow are compared with its states in
tests/stacks/test_rights.py, and rights too many are found by tests/stacks/test_needed_rights.py.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ops.chat_client import ChatClient, Socket
from tests.guarantees.crowd import private_channel, signed_in
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


async def use_everything(dora: ChatClient, emil: ChatClient, *, until_wrong: bool = False) -> list[str]:
    """Every route and every function once; what did not work, or the first of it."""
    wrong: list[str] = []

    async def works(name: str, doing: Any) -> Any:
        if wrong and until_wrong:
            doing.close()
            return None
        try:
            return await asyncio.wait_for(doing, DEADLINE_SECONDS)
        except Exception as failure:
            wrong.append(f"{name}: {type(failure).__name__} {failure}"[:300])
            return None

    async def acknowledged(socket: Socket, action: str, **fields: object) -> None:
        since = len(socket.frames)
        await socket.send(action=action, **fields)
        frame = await socket.wait_for(
            lambda each: each["type"] in {"ack", "error"} and each.get("action") == action, since=since
        )
        assert frame["type"] == "ack", frame

    async def said() -> int:
        ack = await dora.send_message("with rights", channel_id=channel_id)
        assert ack["type"] == "ack", ack
        frame = await emil.sockets[-1].wait_for_type("message", messageId=ack["messageId"])
        return int(frame["seq"])

    channel_id = await works("create and add", private_channel(dora, emil))
    first = await works("connect", dora.open_socket())
    second = await works("connect", emil.open_socket())
    if not (channel_id and first and second):
        return wrong
    dora.sockets, emil.sockets = [first], [second]
    seq = await works("send and deliver", said())
    place = {"channelId": channel_id, "seq": seq or 1}
    await works("edit", acknowledged(first, "editMessage", **place, text="better"))
    await works("react", acknowledged(second, "addReaction", **place, emoji="👍"))
    await works("type", acknowledged(first, "startTyping", channelId=channel_id))
    await works("status", second.wait_for_type("typing", userId=dora.user_id))
    for path in (
        "/me",
        "/users",
        "/channels",
        f"/channels/{channel_id}/messages",
        f"/channels/{channel_id}/members",
    ):
        await works(f"GET {path}", dora.api.get(path))
    await works("discover", dora.api.get("/channels", scope="discover"))
    await works("read", emil.api.put(f"/channels/{channel_id}/read-marker", {"seq": 1}))
    await works("rename", dora.api.put("/me", {"displayName": "Dora"}))
    await works("direct", dora.api.post("/direct-messages", {"userId": emil.user_id}))
    await works("leave", emil.api.delete(f"/channels/{channel_id}/members/me"))
    await works("sign out", emil.api.post("/sign-out"))
    await works("closed", second.wait_closed(DEADLINE_SECONDS))
    if second.is_open:
        wrong.append("sign out: the socket is open")
    return wrong


@pytest.mark.thorough
async def test_the_chat_works_where_policies_are_enforced(stage: TestStage, record: Record, faults: Faults):
    """Every function does all of its work with the rights that the stacks give it."""
    async with signed_in(stage, "dora", "emil") as (dora, emil):
        with faults.enforced_policies():
            assert await use_everything(dora, emil) == []
    record.tried("every route and function under enforced policies")


@pytest.mark.thorough
async def test_a_right_taken_away_is_missed(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """So that the test above means something: without one right, something of it fails."""
    if not is_long:
        pytest.skip("a part of the long form")
    for function, action in REMOVED.items():
        async with signed_in(stage, "dora", "emil") as (dora, emil):
            with without(stage, function, action), faults.enforced_policies():
                missed = await use_everything(dora, emil, until_wrong=True)
                assert missed, f"{function} does without {action}"
    record.tried("functions with one right taken away, each missed", len(REMOVED))


@contextmanager
def without(stage: TestStage, function: str, action: str) -> Iterator[None]:
    """A function's role without an action, until the block ends."""
    iam, functions = stage.client("iam"), stage.client("lambda")
    names = [
        each["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for each in page["Functions"]
    ]
    (name,) = [each for each in names if f"-{function}" in each]
    role = functions.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    restore = []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        restore.append((policy, document))
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(lacking(document, action)))
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    detached = [each["PolicyArn"] for each in attached if action.startswith("execute-api")]
    for arn in detached:
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    try:
        yield
    finally:
        for policy, document in restore:
            iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
        for arn in detached:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def lacking(document: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy without an action."""
    kept = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [each for each in actions if each != action]:
            kept.append({**statement, "Action": left})
    return {**document, "Statement": kept}
