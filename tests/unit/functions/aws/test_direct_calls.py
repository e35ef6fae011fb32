"""A direct call is what boto3 would send, and has boto3's result. What does not succeed, boto3 repeats."""

import json
import select
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from functions.aws import clients, deadline, direct_calls
from functions.aws.deadline import ANSWER_SECONDS, CONNECT_SECONDS, READ_SECONDS, OutOfTimeError
from tests.unit.functions.aws.api_server import CLOSES, Api, Clock, api, clock
from tests.unit.functions.handlers.conftest import Logs, logs

__all__ = ["api", "clock", "logs"]

ENTRY: Any = {"EventBusName": "bus", "Source": "tests", "DetailType": "Tested", "Detail": '{"text": "Grüße"}'}
ACCEPTED = {"FailedEntryCount": 0, "Entries": [{"EventId": "e-1"}]}
UPDATE: Any = {
    "Key": {"userId": "alice", "channelId": "c-1"},
    "UpdateExpression": "SET restedAt = :value",
    "ConditionExpression": "restedAt <= :now",
    "ExpressionAttributeValues": {":value": 12, ":now": 11},
    "ReturnValues": "UPDATED_NEW",
}
UPDATED = {"Attributes": {"restedAt": {"N": "12"}, "role": {"S": "member"}}}
FALSE = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message": "The conditional request failed",
    "Item": {"userId": {"S": "alice"}},
}
THROTTLED = {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Slow down"}


class Boto:
    """boto3's clients of a server, whose calls are made directly or not."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        session = boto3.Session("AKID", "secret", "token", "eu-west-1")
        config = Config(retries={"mode": "standard", "max_attempts": 1})
        options: Any = {"endpoint_url": api.endpoint.removesuffix("/socket"), "config": config}
        self.events = session.client("events", **options)
        self.table = session.resource("dynamodb", **options).Table("members")
        monkeypatch.setattr(direct_calls, "credentials", session.get_credentials)
        monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))

    def close(self) -> None:
        """Close all connections."""
        self.events.close()
        self.table.meta.client.close()
        for client in (self.events, self.table.meta.client):
            direct_calls.direct_calls(client).close()
        direct_calls.direct_calls.cache_clear()


@pytest.fixture
def boto(api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boto]:
    """The clients of one test, in Lambda."""
    monkeypatch.setattr(direct_calls, "IN_LAMBDA", True)
    boto = Boto(api, monkeypatch)
    yield boto
    boto.close()


def encoded(answer: dict[str, Any], status: int = 200) -> tuple[int, bytes]:
    """An answer in a plan."""
    return status, json.dumps(answer).encode()


def update(boto: Boto) -> Any:
    """Update a row directly."""
    return direct_calls.call(boto.table.update_item, **UPDATE)


def test_the_request_is_the_one_of_boto3(api: Api, boto: Boto):
    """Its body, its operation, and what is signed of it apart from the number of the attempt."""
    boto.events.put_events(Entries=[ENTRY])
    direct_calls.call(boto.events.put_events, Entries=[ENTRY])
    boto.table.update_item(**UPDATE)
    update(boto)
    for (path, headers, body), (own_path, own_headers, own_body) in (api.requests[:2], api.requests[2:]):
        assert (own_path, json.loads(own_body)) == (path, json.loads(body))
        for name in ("x-amz-target", "content-type", "x-amz-security-token", "host"):
            assert own_headers[name] == headers[name]
        scope = headers["authorization"].partition(",")[0]
        assert own_headers["authorization"].startswith(
            f"{scope}, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
        )


def test_the_result_is_the_one_of_boto3(api: Api, boto: Boto):
    """With Python's values of a row."""
    api.plan = [encoded(UPDATED), encoded(UPDATED), encoded(ACCEPTED)]
    by_boto3 = boto.table.update_item(**UPDATE)
    own = update(boto)
    assert own["Attributes"] == by_boto3["Attributes"] == {"restedAt": Decimal(12), "role": "member"}
    for name in ("RequestId", "HTTPStatusCode"):
        assert own["ResponseMetadata"][name] == by_boto3["ResponseMetadata"][name]
    assert direct_calls.call(boto.events.put_events, Entries=[ENTRY]).items() > ACCEPTED.items()


def test_a_false_condition_raises_what_boto3_raises(api: Api, boto: Boto):
    """It is no failure, so the call is not repeated."""
    api.plan = [encoded(FALSE, 400)] * 2
    with pytest.raises(ClientError) as by_boto3:
        boto.table.update_item(**UPDATE)
    with pytest.raises(ClientError) as own:
        update(boto)
    for name in ("Error", "Item"):
        assert dict(own.value.response)[name] == dict(by_boto3.value.response)[name]
    assert str(own.value) == str(by_boto3.value)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "failure", [CLOSES, 500, (503, b"<html>"), (200, b"not JSON"), encoded(THROTTLED, 400), (400, b"")]
)
def test_what_fails_is_repeated_by_boto3(api: Api, boto: Boto, logs: Logs, failure: int | tuple[int, bytes]):
    """With its pauses and retries. An operator finds the failure in the log."""
    api.plan = [failure, 500, encoded(UPDATED)]
    assert update(boto)["Attributes"]["restedAt"] == 12
    assert len(api.requests) == 3
    [line] = logs.lines
    assert (line["message"], line["operation"]) == ("a call is repeated", "UpdateItem")
    assert line["errorCode"]


def test_what_stays_an_error_raises_boto3s(api: Api, boto: Boto):
    """With the class of the client."""
    missing = encoded({"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}, 400)
    api.plan = [missing] * 2
    with pytest.raises(boto.table.meta.client.exceptions.ResourceNotFoundException):
        update(boto)


def test_without_time_for_an_attempt_nothing_is_sent(api: Api, boto: Boto):
    """As with boto3's clients."""
    seconds = CONNECT_SECONDS + READ_SECONDS + ANSWER_SECONDS - 0.1
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: round(seconds * 1000))
    with pytest.raises(OutOfTimeError):
        deadline.bounded(lambda _event, _context: update(boto))({}, context)
    assert api.requests == []


def test_the_connection_is_kept(api: Api, boto: Boto):
    """Opening one takes a handshake of TLS."""
    for _ in range(3):
        update(boto)
    assert len(api.clients) == 1


def test_a_connection_that_the_server_closed_is_opened_again(api: Api, boto: Boto, logs: Logs):
    """Lambda keeps an environment for longer than a service keeps an idle connection."""
    api.closes_connections = True
    for _ in range(3):
        update(boto)
        [connection] = direct_calls.direct_calls(boto.table.meta.client)._requests._connections
        assert select.select([connection.sock], [], [], 30)[0], "the server did not close the connection"
    assert (len(api.clients), logs.lines) == (3, [])


def test_outside_lambda_boto3_makes_the_call(api: Api, boto: Boto, monkeypatch: pytest.MonkeyPatch):
    """It checks the request."""
    monkeypatch.setattr(direct_calls, "IN_LAMBDA", False)
    with pytest.raises(ParamValidationError):
        direct_calls.call(boto.events.put_events, Entries=[{"NoSuchField": "x"}])
    assert api.requests == []


def test_the_clients_of_the_functions_are_used(stage: Any):
    """With their endpoints."""
    for calls, client in (
        (direct_calls.to_dynamodb(), clients.dynamodb().meta.client),
        (direct_calls.to_event_bridge(), clients.event_bridge()),
    ):
        assert calls is direct_calls.direct_calls(client)
        calls.close()
