"""Publish the metrics of the services in use: SQS, Lambda, Step Functions and API Gateway.

On AWS, each service publishes its metrics every minute. MiniStack publishes some of Lambda's, for each function
only, a throttled call twice, and none of the other services. The other additions call this one when something
happens; the depths of queues are read when metrics are. The names and dimensions are those of AWS's documents.
What Parley does not read is left out, such as SQS's NumberOfMessagesSent.
"""

import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch import metric_store

EXECUTE_API = "/_aws/execute-api/"
ENDINGS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_lock = threading.Lock()
_running = 0


def install() -> None:
    """Leave Lambda's metrics to `function_ended`, and count the calls that MiniStack refuses before they begin."""
    patching.replace("services.lambda_svc", "_emit_lambda_metrics", lambda *_arguments, **_keywords: None)
    acquire = patching.original("services.lambda_svc", "_acquire_execution_slot")

    def acquire_or_count(function: Any, config: dict[str, Any]) -> Any:
        slot, limit = acquire(function, config)
        if slot is None:
            dimensions = {"FunctionName": str(config["FunctionName"])}
            _function_called(dimensions, {}, duration_ms=0, failed=False, throttled=True)
        return slot, limit

    patching.replace("services.lambda_svc", "_acquire_execution_slot", acquire_or_count)


def function_started() -> None:
    """Count a running invocation. No stage here reserves concurrency, which AWS would add."""
    global _running
    with _lock:
        _running += 1
        metric_store.add("AWS/Lambda", "ClaimedAccountConcurrency", _running)


def function_ended(
    name: str,
    *,
    version: str,
    aliases: Sequence[str],
    duration_ms: float,
    failed: bool,
    throttled: bool,
) -> None:
    """Publish the metrics of an invocation. A throttled one did not run.

    They are published for the function, for the account, and for the version that an alias called.
    """
    global _running
    with _lock:
        _running -= 1
    executed = {"FunctionName": name, "ExecutedVersion": version}
    by_alias = [executed | {"Resource": f"{name}:{alias}"} for alias in aliases]
    _function_called(
        {"FunctionName": name}, {}, *by_alias, duration_ms=duration_ms, failed=failed, throttled=throttled
    )


def _function_called(
    *every_dimensions: Mapping[str, str], duration_ms: float, failed: bool, throttled: bool
) -> None:
    for dimensions in every_dimensions:
        metric_store.add("AWS/Lambda", "Throttles", float(throttled), dimensions=dimensions)
        if not throttled:
            metric_store.add("AWS/Lambda", "Invocations", 1, dimensions=dimensions)
            metric_store.add("AWS/Lambda", "Errors", float(failed), dimensions=dimensions)
            metric_store.add(
                "AWS/Lambda", "Duration", round(duration_ms), unit="Milliseconds", dimensions=dimensions
            )


def execution_started(machine_arn: str) -> None:
    """Count a started execution."""
    metric_store.add("AWS/States", "ExecutionsStarted", 1, dimensions={"StateMachineArn": machine_arn})


def execution_ended(machine_arn: str, status: str, duration_ms: float) -> None:
    """Count an ended execution, and record its duration."""
    dimensions = {"StateMachineArn": machine_arn}
    for ending, name in ENDINGS.items():
        metric_store.add("AWS/States", name, float(status == ending), dimensions=dimensions)
    metric_store.add("AWS/States", "ExecutionTime", round(duration_ms), unit="Milliseconds", dimensions=dimensions)


def integration_failed(api_id: str, stage: str) -> None:
    """Count a frame whose integration failed."""
    metric_store.add("AWS/ApiGateway", "IntegrationError", 1, dimensions={"ApiId": api_id, "Stage": stage})


def read_queues() -> None:
    """Publish the number of visible messages of every queue, and the age of its oldest one."""
    now = time.time()
    for _scope, queue in list(patching.module("services.sqs")._queues.all_items()):
        name = str(queue["url"]).rpartition("/")[2]
        messages = list(queue["messages"])
        visible = sum(1 for message in messages if message.get("visible_at", 0) <= now)
        oldest = min((message.get("sent_at", now) for message in messages), default=now)
        gauges = {
            "ApproximateNumberOfMessagesVisible": (visible, "Count"),
            "ApproximateNumberOfMessagesNotVisible": (len(messages) - visible, "Count"),
            "ApproximateAgeOfOldestMessage": (int(now - oldest), "Seconds"),
        }
        for metric, (value, unit) in gauges.items():
            metric_store.set_gauge("AWS/SQS", metric, value, unit=unit, dimensions={"QueueName": name})


def age(seconds: float) -> None:
    """Let seconds pass for metrics, alarms and queues: values and messages get older, and visible again."""
    read_queues()
    metric_store.age(seconds)
    for _scope, queue in list(patching.module("services.sqs")._queues.all_items()):
        for message in list(queue["messages"]):
            message["sent_at"] = message.get("sent_at", time.time()) - seconds
            message["visible_at"] = message.get("visible_at", 0) - seconds
    read_queues()


class ApiMetrics:
    """An ASGI application that publishes the metrics of the requests to APIs, and of the handshakes of sockets."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and record its status and its time."""
        path = str(scope.get("path", ""))
        if not path.startswith(EXECUTE_API) or "/@connections/" in path or scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        api_id, _, rest = path.removeprefix(EXECUTE_API).partition("/")
        stage, started = rest.partition("/")[0], time.perf_counter()
        record = _record_handshake if scope["type"] == "websocket" else _record_request

        async def send_and_record(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                record(api_id, stage, int(message["status"]), (time.perf_counter() - started) * 1000)
            elif message["type"] == "websocket.accept":
                record(api_id, stage, 101, 0)
            await send(message)

        await self._application(scope, receive, send_and_record)


def _record_request(api_id: str, stage: str, status: int, milliseconds: float) -> None:
    api = patching.module("services.apigateway_v1")._rest_apis.get(api_id)
    if api is None:
        return
    name = str(api.get("name"))
    for dimensions in ({"ApiName": name}, {"ApiName": name, "Stage": stage}):
        metric_store.add("AWS/ApiGateway", "Count", 1, dimensions=dimensions)
        metric_store.add("AWS/ApiGateway", "4XXError", float(400 <= status < 500), dimensions=dimensions)
        metric_store.add("AWS/ApiGateway", "5XXError", float(status >= 500), dimensions=dimensions)
        metric_store.add(
            "AWS/ApiGateway", "Latency", round(milliseconds), unit="Milliseconds", dimensions=dimensions
        )


def _record_handshake(api_id: str, stage: str, status: int, _milliseconds: float) -> None:
    dimensions = {"ApiId": api_id, "Stage": stage}
    metric_store.add("AWS/ApiGateway", "ConnectCount", float(status == 101), dimensions=dimensions)
    metric_store.add("AWS/ApiGateway", "ClientError", float(400 <= status < 500), dimensions=dimensions)
    metric_store.add("AWS/ApiGateway", "ExecutionError", float(status >= 500), dimensions=dimensions)
