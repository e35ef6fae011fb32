"""The two calls of every frame, to DynamoDB and EventBridge, without boto3.

They were three quarters of the processor time of `send_message`, most of it for what they do not need, such as the
choice of an endpoint (ADR 35). Here a call is made once. Only a success, or a condition that is false, is its
result: after anything else boto3 makes the call, with its retries, and raises its errors.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from functions.aws import deadline, tracing
from functions.aws.clients import IN_LAMBDA, credentials, dynamodb, event_bridge
from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS
from functions.aws.observability import logger
from functions.aws.signed_requests import LostRequestError, SignedRequests
from functions.aws.transactions import is_condition_failure

ROWS = ("Key", "ExpressionAttributeValues", "Attributes")
"""The parameters and results whose values are those of DynamoDB, none of them binary."""


def call(method: Callable[..., Any], **request: Any) -> Any:
    """Call a method of a client, or of a table of boto3's resource, with the result that boto3 returns.

    Outside Lambda, boto3 makes the call, and checks the request. Raises botocore's errors.
    """
    if not IN_LAMBDA:
        return method(**request)
    owner: Any = method.__self__  # type: ignore[attr-defined] # it is a method
    if isinstance(owner, BaseClient):
        answer = direct_calls(owner).call(method.__name__, request)
    else:
        table_request = {"TableName": owner.name, **converted(request, _serialised)}
        answer = direct_calls(owner.meta.client).call(method.__name__, table_request)
        answer = answer and converted(answer, _deserialised)
    return method(**request) if answer is None else answer


class DirectCalls:
    """Calls of one service, whose requests and responses are JSON. It has the endpoint of boto3's client."""

    def __init__(self, client: Any, signing: Credentials) -> None:
        model = client.meta.service_model
        self._client = client
        self._target = model.metadata["targetPrefix"]
        self._content_type = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        self._requests = SignedRequests(
            endpoint=client.meta.endpoint_url,
            service=model.signing_name,
            region=client.meta.region_name,
            credentials=signing,
        )

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Make one attempt. Return the response, or None if boto3 must make the call.

        Raises ClientError if a condition was false, and OutOfTimeError if the invocation ends too soon.
        """
        deadline.check(CONNECT_SECONDS + READ_SECONDS)
        operation = self._client.meta.method_to_api_mapping[method]
        try:
            return tracing.call_of_aws(self._client, operation, request, self._attempt)
        except ClientError as refusal:
            if is_condition_failure(refusal):
                raise
            error = refusal.response["Error"]["Code"]
        except LostRequestError as fault:
            error = str(fault)
        logger.warning("a call is repeated", extra={"operation": operation, "errorCode": error})
        return None

    def close(self) -> None:
        """Close the connections to the service."""
        self._requests.close()

    def _attempt(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        headers = {"content-type": self._content_type, "x-amz-target": f"{self._target}.{operation}"}
        trace = {"x-amzn-trace-id": header} if (header := tracing.trace_header()) else {}
        answer = self._requests.post("/", json.dumps(request).encode(), headers, unsigned=trace)
        found = _object_in(answer.body)
        response = found or {}
        response["ResponseMetadata"] = {
            "RequestId": answer.headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": answer.status,
        }
        if answer.status == HTTPStatus.OK and found is not None:
            return response
        code = str(response.get("__type", answer.status)).rpartition("#")[2]
        response["Error"] = {"Code": code, "Message": response.get("message", "")}
        raise ClientError(response, operation)  # type: ignore[arg-type] # its type has no other fields


@cache
def direct_calls(client: Any) -> DirectCalls:
    """The calls of the service of a client, which is kept for the process."""
    return DirectCalls(client, credentials())


def to_dynamodb() -> DirectCalls:
    """The calls of DynamoDB."""
    return direct_calls(dynamodb().meta.client)


def to_event_bridge() -> DirectCalls:
    """The calls of EventBridge."""
    return direct_calls(event_bridge())


def converted(fields: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    """A request or response whose rows have other values."""
    return {
        name: {key: convert(value) for key, value in field.items()} if name in ROWS else field
        for name, field in fields.items()
    }


_serialised = TypeSerializer().serialize
_deserialised = TypeDeserializer().deserialize


def _object_in(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer, or None if it has none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
