"""Builds the events that API Gateway, SQS and EventBridge send to functions, and the facts in them."""

import json
from dataclasses import dataclass
from typing import Any

from functions.aws.tickets import TicketHolder
from functions.chat.channels import ChannelRecord, Membership
from functions.contract import events
from functions.contract.model import Person, Shape, timestamp
from tests import events as wire_events

NOW_MS = 1_795_000_000_123
"""The time of every test until it advances the clock: 2026-11-18T11:06:40.123Z."""

AT = timestamp(NOW_MS)
HOUR_MS = 3_600_000
SIGNED_IN_AT = NOW_MS // 1000 - 60
"""When the sessions of the tests began (seconds since the epoch)."""
CLIENT_MESSAGE_ID = "4f6c2a53-7c0e-4b8f-9d3a-1f2e3d4c5b6a"
SECRET = "the secret of the tests"
"""The text of messages in handler tests, which check that it is not logged."""

CHANNEL = ChannelRecord(
    channel_id="c-1", kind=events.ChannelKind.PUBLIC, name="tea", created_at=AT, created_by="alice"
)
ALICE = Person(user_id="alice", display_name="Alice")


@dataclass(frozen=True)
class LambdaContext:
    """The context object that Lambda passes to a function."""

    function_name: str = "parley"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:parley"
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out: all of them, because the time of tests stands still."""
        return 90_000


def member(user_id: str = "alice", channel_id: str = "c-1", role: str = "member", **more: Any) -> Membership:
    """A membership."""
    return Membership(user_id=user_id, channel_id=channel_id, role=role, joined_at=AT, **more)


def facts() -> dict[str, Shape]:
    """One fact of each kind, by its detail-type."""
    place = {"message_id": "m-1", "channel_id": "c-1", "seq": 7}
    membership = {"channel_id": "c-1", "channel": CHANNEL.summary, "changed_at": AT}
    all_facts: list[Shape] = [
        events.MessageSent(
            message_id="m-1",
            client_message_id=CLIENT_MESSAGE_ID,
            channel_id="c-1",
            sender=ALICE,
            text=SECRET,
            sent_at=AT,
        ),
        events.MessageEdited(**place, text=SECRET, edited_by="alice", edited_at=AT),
        events.MessageDeleted(**place, deleted_by="alice", deleted_at=AT),
        events.ReactionAdded(**place, emoji="👍", user_id="bob", reacted_at=AT),
        events.ReactionRemoved(**place, emoji="👍", user_id="bob", reacted_at=AT),
        events.ChannelCreated(**membership, user_id="alice", first_member_ids=("alice",)),
        events.MemberJoined(**membership, user_id="bob", display_name="Bob", changed_by="alice"),
        events.MemberLeft(**membership, user_id="bob", changed_by="alice"),
        events.UserConnected(user_id="alice", connection_id="a1", connected_at=AT),
        events.UserDisconnected(user_id="alice", connection_id="a1", disconnected_at=AT, reason="closed"),
        events.UserRenamed(user_id="alice", display_name=SECRET, renamed_at=AT),
        events.TypingStarted(channel_id="c-1", user_id="alice", until=timestamp(NOW_MS + 6000)),
        events.ChannelRead(channel_id="c-1", user_id="alice", read_seq=7),
    ]
    return {type(fact).__name__: fact for fact in all_facts}


def enveloped(fact: Shape, *, trace_header: str | None = None) -> events.Envelope[Any]:
    """A fact in its envelope."""
    return events.envelope(
        fact,
        actor="alice",
        event_id="e-1",
        occurred_at=AT,
        correlation_id="r-1",
        trace_header=trace_header,
    )


def bus_event(fact: Shape, **more: Any) -> dict[str, Any]:
    """A fact as EventBridge delivers it to a rule's targets."""
    detail = enveloped(fact, **more).model_dump(mode="json", by_alias=True, exclude_none=True)
    return wire_events.bus_event(events.detail_type(fact), detail, event_id="b-1")


def sqs_event(*bodies: Any) -> dict[str, Any]:
    """A batch from a queue. A body that is no string is encoded as JSON. The records' ids are m0, m1, …"""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:status",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def socket_event(
    body: Any = None,
    *,
    user_id: str = "alice",
    connection_id: str = "a1",
    session_expires_at_ms: int = NOW_MS + HOUR_MS,
    route: str = "sendMessage",
) -> dict[str, Any]:
    """A frame as the WebSocket API's proxy integration sends it to a route's function."""
    return {
        "requestContext": {
            "routeKey": route,
            "eventType": {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE"),
            "connectionId": connection_id,
            "requestId": "request-1",
            "apiId": "socketapi",
            "stage": "socket",
            "authorizer": {
                "principalId": user_id,
                "userId": user_id,
                "displayName": user_id.title(),
                "sessionId": "s-1",
                "sessionExpiresAt": str(session_expires_at_ms),
                "signedInAt": str(SIGNED_IN_AT),
            },
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def holder(**changes: Any) -> TicketHolder:
    """The user to whom a ticket was issued: Alice, without an origin, as a program requests it."""
    alice: dict[str, Any] = {
        "user_id": "alice",
        "display_name": "Alice",
        "session_id": "s-1",
        "session_expires_at_ms": NOW_MS + HOUR_MS,
        "signed_in_at": SIGNED_IN_AT,
        "origin": None,
    }
    return TicketHolder(**{**alice, **changes})


def connect_event(ticket: str | None, *, origin: str | None = None) -> dict[str, Any]:
    """A request to open a socket, as the WebSocket API's REQUEST authorizer receives it."""
    return {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:socketapi/socket/$connect",
        "headers": {"Host": "socket.example.com"} | ({"Origin": origin} if origin else {}),
        "queryStringParameters": {"ticket": ticket} if ticket is not None else None,
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": "a1"},
    }


def rest_event(
    method: str,
    path: str,
    *,
    user_id: str = "alice",
    body: Any = None,
    query: dict[str, str] | None = None,
    resource: str | None = None,
    origin: str | None = None,
    request_id: str = "request-1",
) -> dict[str, Any]:
    """A request as the REST API's proxy integration sends it, after the Cognito authorizer."""
    return {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": {"Host": "api.example.com", "Content-Type": "application/json"}
        | ({"origin": origin} if origin else {}),
        "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id,
            "httpMethod": method,
            "resourcePath": resource or path,
            "stage": "api",
            "authorizer": {
                "claims": {
                    "sub": user_id,
                    "cognito:username": f"{user_id}.name",
                    "name": user_id.title(),
                    "origin_jti": "s-1",
                    "exp": "Wed Nov 18 12:06:40 UTC 2026",
                    "auth_time": str(SIGNED_IN_AT),
                }
            },
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
