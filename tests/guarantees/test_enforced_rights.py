"""Under enforced IAM policies every function works with its role, and fails when one of its rights is removed.

The emulator enforces the policies of functions. tests/stacks/test_rights.py compares the workflow's with its
states, and tests/stacks/test_needed_rights.py finds superfluous rights.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from functions.contract.commands import COMMANDS
from functions.contract.routes import ROUTES
from tests.chat_client import ChatClient, Frame, Socket
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
    """Use every route, command and function. Returns the failures; with `stop_at_failure` only the first.

    A route or command of the contract that was not used is a failure too.
    """
    failures: list[str] = []
    used: set[str] = set()

    async def note_route(request: httpx.Request) -> None:
        used.add(route_of(request, base_path=dora.api.http.base_url.path))

    for client in (dora, emil):
        client.api.http.event_hooks["request"].append(note_route)

    async def attempt(name: str, request: Any) -> Any:
        if failures and stop_at_failure:
            request.close()
            return None
        try:
            return await asyncio.wait_for(request, DEADLINE_SECONDS)
        except Exception as failure:
            failures.append(f"{name}: {type(failure).__name__} {failure}"[:300])
            return None

    async def answer(socket: Socket, kind: str, action: str, **fields: object) -> Frame:
        used.add(action)
        since = len(socket.frames)
        await socket.send(action=action, **fields)
        frame = await socket.wait_for(
            lambda frame: (
                frame["type"] == "pong" or (frame["type"] in {"ack", "error"} and frame.get("action") == action)
            ),
            since=since,
        )
        assert frame["type"] == kind, frame
        return frame

    async def change(socket: Socket, action: str, frame_type: str, **fields: object) -> None:
        await answer(socket, "ack", action, **fields)
        # The other member's frame: the workflow has stored and posted the change.
        expected = {"change": "removed"} if action == "removeReaction" else {}
        await second.wait_for_type(frame_type, seq=seq, **expected)

    async def unknown_action() -> None:
        assert (await answer(first, "error", "fly"))["code"] == "UNKNOWN_ACTION"

    async def sent() -> int:
        used.add("sendMessage")
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
    place = {"channelId": channel_id, "seq": seq}
    path = f"/channels/{channel_id}"
    await attempt("edit", change(first, "editMessage", "messageEdited", **place, text="better"))
    await attempt("react", change(second, "addReaction", "reaction", **place, emoji="👍"))
    await attempt("take back", change(second, "removeReaction", "reaction", **place, emoji="👍"))
    await attempt("type", answer(first, "ack", "startTyping", channelId=channel_id))
    await attempt("status", second.wait_for_type("typing", userId=dora.user_id))
    await attempt("ping", answer(first, "pong", "ping"))
    await attempt("unknown frame", unknown_action())
    for resource in ("/me", "/users", "/channels", "/mentions", path, f"{path}/messages", f"{path}/members"):
        await attempt(f"GET {resource}", dora.api.get(resource))
    await attempt("search", dora.api.get(f"{path}/messages", search="better"))
    await attempt("discover", dora.api.get("/channels", scope="discover"))
    await attempt("read", emil.api.put(f"{path}/read-marker", {"seq": 1}))
    await attempt("read marker", second.wait_for_type("readMarker", channelId=channel_id))
    await attempt("rename", dora.api.put("/me", {"displayName": "Dora"}))
    await attempt("direct", dora.api.post("/direct-messages", {"userId": emil.user_id}))
    await attempt("delete", change(first, "deleteMessage", "messageDeleted", **place))
    public = await attempt("create", dora.api.post("/channels", {"name": f"rights {uuid4().hex[:8]}"}))
    if public:
        members = f"/channels/{public['channelId']}/members"
        await attempt("join", emil.api.put(f"{members}/me"))
        await attempt("joined", first.wait_for_type("channel", change="joined", userId=emil.user_id))
        await attempt("leave", emil.api.delete(f"{members}/me"))
    await attempt("remove", dora.api.delete(f"{path}/members/{emil.user_id}"))
    await attempt("removed", second.wait_for_type("channel", change="left", changedBy=dora.user_id))
    await attempt("sign out", emil.api.post("/sign-out"))
    await attempt("closed after the sign-out", second.wait_until_closed())
    # The last effect of all: the members of the direct channel see that the user is offline.
    await attempt("offline", first.wait_for(lambda frame: shows_offline(frame, emil.user_id)))
    contract = {f"{route.method} {route.path}" for route in ROUTES} | set(COMMANDS)
    if not failures and contract - used:
        failures.append(f"not used: {sorted(contract - used)}")
    return failures


def route_of(request: httpx.Request, *, base_path: str) -> str:
    """The method and path of a request's route, as the contract writes them."""
    path = request.url.path.removeprefix(base_path.rstrip("/"))
    routes = [
        route.path
        for route in ROUTES
        if route.method == request.method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), path)
    ]
    return f"{request.method} {routes[0] if routes else path}"


def shows_offline(frame: Frame, user_id: str) -> bool:
    """Whether a frame shows that a user is offline."""
    changes = frame["changes"] if frame["type"] == "presence" else []
    return any((change["userId"], change["status"]) == (user_id, "offline") for change in changes)


@pytest.mark.thorough
async def test_all_functions_work_under_enforced_policies(stage: TestStage, record: Record, faults: Faults):
    """Every route works with exactly the rights that the stacks grant, and no call of a function is denied."""
    async with signed_in_users(stage, "dora", "emil") as (dora, emil):
        with faults.enforced_policies():
            assert await use_every_route(dora, emil) == []
            assert faults.denied_actions() == []
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
