"""The AWS calls, posts and rows of one change, counted as the number of connections grows. Needs no stage.

The functions' own code and the definition of the workflow run on mocked tables whose rows are written directly.
Each call that they make is counted; a post is counted and answered at once. Counts do not depend on the machine.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from moto import mock_aws

from functions.aws import clients
from functions.aws.clock import now_ms
from functions.aws.connection_posts import Answer, ConnectionPosts
from functions.aws.observability import logger
from functions.contract.events import ChannelKind, TypingStarted, UserConnected
from functions.contract.model import timestamp
from functions.handlers import api, broadcast_status
from tests.unit.builders import LambdaContext, bus_event, facts, rest_event, sqs_event
from tests.unit.stage import Stage
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver

MEMBERS = (1_000, 10_000)
"""The largest channel whose members get each other's presence and typing, and one that is larger."""
ONLINE = (100, 300, 1_000)
RECIPIENTS = (500, 1_000, 2_000, 10_000)
PERSON = "u00000"
"""The member who connects, types, and requests the list of members."""
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_METRICS_NAMESPACE": "Parley",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


@dataclass
class Calls:
    """The calls since the last reset."""

    names: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    """The rows that the queries read."""

    def reset(self) -> None:
        """Start again from zero."""
        self.names.clear()
        self.rows = 0


@dataclass(frozen=True, kw_only=True)
class Count:
    """What one change costs."""

    what: str
    members: int
    """Of the channel; 0 where only the connections count."""
    connections: int
    """The open connections of the channel's members."""
    calls: int
    """All calls of AWS but the posts."""
    posts: int
    rows: int
    states: int = 0
    """The states that a run of the workflow enters, including those of its batches."""


def measure_counts() -> list[Count]:
    """Count on mocked AWS with the sizes of the suite."""
    with _mocked_aws() as stage, counted_calls() as calls:
        return [
            *(count for size in MEMBERS for count in count_status(stage, calls, members=size, online=ONLINE)),
            *count_messages(stage, calls, recipients=RECIPIENTS),
        ]


def count_status(stage: Stage, calls: Calls, *, members: int, online: Sequence[int]) -> list[Count]:
    """Count presence, typing and a page of the list of members, with a number of the members online."""
    stage.clear()
    _add_members(stage, members)
    now = now_ms()
    connected = UserConnected(user_id=PERSON, connection_id="c0", connected_at=timestamp(now))
    typing = TypingStarted(channel_id=CHANNEL_ID, user_id=PERSON, until=timestamp(now + 6_000))
    changes: dict[str, Callable[[], None]] = {
        "presence of one person": lambda: _broadcast(connected),
        "typing of one person": lambda: _broadcast(typing),
        "a page of the list of members": lambda: _page_of_members(min(100, members)),
    }
    found = []
    for number in online:
        _open_connections(stage, number)
        _set_offline(stage)
        for what, act in changes.items():
            calls.reset()
            act()
            found.append(_count(calls, what, members=members, connections=number))
    return found


def count_messages(stage: Stage, calls: Calls, *, recipients: Sequence[int]) -> list[Count]:
    """Count a run of the workflow with a number of recipients. Its batches are counted as posted."""
    deliver, found = Deliver(stage), []
    for number in recipients:
        stage.clear()
        stage.put("channels", channelId=CHANNEL_ID, kind="private", name="tea", lastSeq=0)
        _subscribe(stage, number)
        deliver.posts.clear()
        deliver.engine.calls.clear()
        calls.reset()
        event = bus_event(facts()["MessageSent"])
        run = deliver.run({"id": "b-1", "detail-type": event["detail-type"], "detail": event["detail"]})
        posts = sum(len(batch) for batch in deliver.posts)
        if run.status != "SUCCEEDED" or posts != number:
            raise RuntimeError(f"the run {run.status} with {posts} posts to {number} connections: {run.error}")
        found.append(
            Count(
                what="a message",
                members=0,
                connections=number,
                calls=len(deliver.engine.calls),
                posts=posts,
                rows=calls.rows,
                states=len(run.states),
            )
        )
    return found


def growth(counts: Sequence[Count]) -> list[dict[str, Any]]:
    """How much a hundred further connections add to each kind of change, between the fewest and the most."""
    rows = []
    for what, members in dict.fromkeys((count.what, count.members) for count in counts):
        own = [count for count in counts if (count.what, count.members) == (what, members)]
        first, last = own[0], own[-1]
        hundreds = (last.connections - first.connections) / 100
        rows.append(
            {
                "what": what,
                "members": members,
                "connections": f"{first.connections} to {last.connections}",
                **{
                    name: round((getattr(last, name) - getattr(first, name)) / hundreds, 2)
                    for name in ("calls", "posts", "rows", "states")
                },
            }
        )
    return rows


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Count the calls of all clients. A post is answered at once, without a call."""
    calls, call = Calls(), BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        calls.names[operation] += 1
        answer = call(client, operation, parameters)
        calls.rows += answer.get("ScannedCount", 0)
        return answer

    def posted(_posts: ConnectionPosts, _connection_id: str, _data: bytes) -> Answer:
        calls.names["PostToConnection"] += 1
        return Answer(status=200, error_code="", retries=0)

    with (
        patch.object(BaseClient, "_make_api_call", counted),
        patch.object(ConnectionPosts, "post_to_connection", posted),
    ):
        yield calls


@contextmanager
def _mocked_aws() -> Iterator[Stage]:
    """Mocked AWS with the tables and the bus, and without the functions' log lines and metrics."""
    for client in (clients.dynamodb, clients.event_bridge):
        # One that was created before would call AWS itself.
        client.cache_clear()
    handler: Any = logger.registered_handler
    before = handler.setStream(StringIO())
    try:
        with patch.dict(os.environ, ENVIRONMENT), mock_aws(), redirect_stdout(StringIO()):
            stage = Stage()
            stage.create()
            with patch.dict(os.environ, stage.environment):
                yield stage
    finally:
        handler.setStream(before)


def _add_members(stage: Stage, size: int) -> None:
    """Put a channel with a number of members into the tables."""
    stage.put(
        "channels",
        channelId=CHANNEL_ID,
        kind=ChannelKind.PUBLIC,
        name="tea",
        lastSeq=0,
        memberCount=size,
        createdAt=timestamp(0),
        createdBy=PERSON,
        announced=True,
    )
    with stage.dynamodb.Table("members").batch_writer() as batch:
        for index in range(size):
            batch.put_item(
                Item={
                    "userId": _user(index),
                    "channelId": CHANNEL_ID,
                    "role": "member",
                    "joinedAt": timestamp(0),
                }
            )
    with stage.dynamodb.Table("users").batch_writer() as batch:
        for index in range(size):
            batch.put_item(
                Item={
                    "userId": _user(index),
                    "username": _user(index),
                    "displayName": _user(index),
                    "createdAt": timestamp(0),
                    "directory": "everyone",
                    "isOnline": False,
                }
            )


def _open_connections(stage: Stage, number: int) -> None:
    """Give the first members a connection each, subscribed to the channel."""
    with stage.dynamodb.Table("connections").batch_writer() as batch:
        for index in range(number):
            batch.put_item(
                Item={
                    "userId": _user(index),
                    "connectionId": f"c{index}",
                    "sessionId": "s-1",
                    "expiresAt": now_ms() // 1000 + 3_600,
                    "openedAt": 0,
                }
            )
    _subscribe(stage, number)


def _subscribe(stage: Stage, number: int) -> None:
    with stage.dynamodb.Table("subscriptions").batch_writer() as batch:
        for index in range(number):
            batch.put_item(
                Item={
                    "channelId": CHANNEL_ID,
                    "connectionId": f"c{index}",
                    "userId": _user(index),
                    # The second engine has the machine's time, tests have their own: later than both.
                    "expiresAt": now_ms() // 1000 + 10_000_000,
                }
            )


def _set_offline(stage: Stage) -> None:
    """So that the next update of the person's presence is a change."""
    stage.dynamodb.Table("users").update_item(
        Key={"userId": PERSON},
        UpdateExpression="SET isOnline = :no REMOVE onlineUntil",
        ExpressionAttributeValues={":no": False},
    )


def _broadcast(update: UserConnected | TypingStarted) -> None:
    answer = broadcast_status.handler(sqs_event(bus_event(update)), LambdaContext())
    if answer["batchItemFailures"]:
        raise RuntimeError("an update was not broadcast")


def _page_of_members(expected: int) -> None:
    path = f"/channels/{CHANNEL_ID}/members"
    answer = api.handler(rest_event("GET", path, user_id=PERSON, query={"limit": "100"}), LambdaContext())
    if answer["statusCode"] != 200 or len(json.loads(answer["body"])["items"]) != expected:
        raise RuntimeError(f"the list of members: {answer['statusCode']} {answer['body'][:200]}")


def _count(calls: Calls, what: str, *, members: int, connections: int) -> Count:
    posts = calls.names["PostToConnection"]
    return Count(
        what=what,
        members=members,
        connections=connections,
        calls=calls.names.total() - posts,
        posts=posts,
        rows=calls.rows,
    )


def _user(index: int) -> str:
    return f"u{index:05}"
