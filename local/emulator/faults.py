"""Inject faults on request, for tests of the chat's guarantees. Without rules, nothing is changed.

`POST /_parley/faults` with a list of rules replaces the rules in force, and returns the old ones with the number
of times that each struck; `GET` returns the rules in force in that form. `POST /_parley/clock` moves the
connection clock forward (`advance`, seconds). `POST /_parley/metrics` makes all values of metrics, and the
messages in queues, older (by `age` seconds), so that alarms look at later periods. `POST
/_parley/policies` switches the enforcement of the functions' IAM policies (`enforced`), as MiniStack's AUTH does.
A rule states where it strikes, and what happens there:

| where | `only`: part of | what |
|---|---|---|
| `request` | target or path: `DynamoDB_20120810.PutItem` | `throttle`, `error`, `hang`, `lost` (done, then 500), |
| | | `ignored` (200, and nothing done), `cancel` (a transaction, for its `reason`) |
| `task` | the state's name | `throttle`, `error`, `hang`, `lost`, `cancel` for the workflow, with the names that |
| | | errors have there; `fail` with an `error` and a `cause`; `crash`: the run stops there and starts again |
| `function` | the function's name | `error` (raises), `timeout` (never answers), `lost` (ran, then timed out), |
| | | `hang`: it takes longer |
| `frame` | the frame's text | the connection is closed: `cut-before` it is handled, `cut-after` it, or |
| | | `cut-answered` |
| `api` | method and path: `GET /…/api/me`, | the client's request is answered with `status`, a 5xx: |
| | `UPGRADE /…/socket` | `error` (nothing done), `lost` (done) |
| `client` | the authorizer's context | `slow`: it reads nothing, and a post is refused (429) |
| | | while `buffer` frames wait |
| `run` | the execution's input | `duplicate` (it is started twice), `delay` (up to `seconds`) |

A rule may strike by `chance` (with a `seed`), at most `times` times, and only after `skip` matches. A `hang` lasts
for `seconds`, or until the rules are replaced; `slow` lasts until then. The classes below, and `FaultyApis`,
extend those of the emulator at the points where rules strike.
"""

import asyncio
import contextvars
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.emulator import patching
from local.emulator.apigateway.websocket_connection import Connection
from local.emulator.apigateway.websocket_sessions import WebSocketSessions
from local.emulator.lambda_.function_invocations import FunctionInvocations
from local.emulator.persistence.durability import Durability
from local.emulator.settings import EmulatorSettings
from local.emulator.stepfunctions.history_logs import Execution
from local.emulator.stepfunctions.workflow_executions import WorkflowExecutions, dynamodb_error

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

THROTTLED = {"request": "ThrottlingException", "lambda": "Lambda.TooManyRequestsException"}
FAILED = {"request": "InternalServerError", "lambda": "Lambda.ServiceException"}
CANCELLED = "TransactionCanceledException"
HANG_STEP_SECONDS = 0.02


class FaultRule(BaseModel):
    """One fault: where, what, and how often."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(pattern="^(request|task|function|frame|run|api|client)$")
    what: str
    only: str = ""
    body: str = ""
    """Strike only where this text is: in the frame of a post or of a `client`, in a request that names its target
    (the name of a table, for example), or in the arguments of a task."""
    chance: float = 1.0
    times: int | None = None
    skip: int = 0
    seconds: float = 0.5
    seed: int = 0
    status: Literal[500, 502, 503, 504] = 502
    """What a client of the API is answered."""
    buffer: int = Field(default=0, ge=0)
    """How many frames wait for a slow client before posts to it are refused."""
    error: str = ""
    cause: str = "a fault was asked for"
    reason: str = "TransactionConflict"
    """Why DynamoDB cancels the transaction: its first action's reason."""


RULES = TypeAdapter(list[FaultRule])


class RunCrashedError(BaseException):
    """The host of an execution crashed; only the code that starts the execution again catches this."""


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[FaultRule, random.Random]] = []
        self._matched: list[int] = []
        self._struck: list[int] = []

    def replace(self, body: bytes) -> list[dict[str, Any]]:
        """Replace the rules and return the previous ones, described. Raises ValueError for an invalid rule."""
        rules = RULES.validate_json(body or b"[]")
        with self._lock:
            before = self._describe()
            self._rules = [(rule, random.Random(rule.seed)) for rule in rules]  # noqa: S311
            self._matched = [0] * len(rules)
            self._struck = [0] * len(rules)
        return before

    @property
    def are_in_force(self) -> bool:
        """Whether there are any rules."""
        return bool(self._rules)

    def describe(self) -> list[dict[str, Any]]:
        """The rules, each with the number of times that it struck as `struck`."""
        with self._lock:
            return self._describe()

    def _describe(self) -> list[dict[str, Any]]:
        return [
            {**rule.model_dump(), "struck": struck}
            for (rule, _), struck in zip(self._rules, self._struck, strict=True)
        ]

    def pauses(self, rule: FaultRule) -> Iterator[float]:
        """The durations, in seconds, of the sleeps of a `hang`; they end after its `seconds`, or with the rule."""
        end = time.monotonic() + rule.seconds
        while (left := end - time.monotonic()) > 0 and any(current is rule for current, _ in self._rules):
            yield min(left, HANG_STEP_SECONDS)

    def holds(self, where: str, subject: str, *, body: str = "") -> Iterator[float]:
        """The durations, in seconds, of sleeps that end when no rule is for this place. They are no strikes."""
        while any(
            rule.where == where and rule.only in subject and rule.body in body for rule, _ in list(self._rules)
        ):
            yield HANG_STEP_SECONDS

    def strike(self, where: str, subject: str, *kinds: str, body: str = "") -> FaultRule | None:
        """The rule that strikes now at this place, counted as a strike; None when no rule does.

        `subject` is the text that `only` is looked for in, `body` the one for a rule's `body`. With `kinds`, only
        rules with one of them as their `what` are considered.
        """
        if not self._rules:
            return None
        with self._lock:
            for number, (rule, dice) in enumerate(self._rules):
                if rule.where != where or rule.only not in subject or (kinds and rule.what not in kinds):
                    continue
                if rule.body not in body:
                    continue
                self._matched[number] += 1
                if self._matched[number] <= rule.skip:
                    continue
                if rule.times is not None and self._struck[number] >= rule.times:
                    continue
                if dice.random() >= rule.chance:
                    continue
                self._struck[number] += 1
                return rule
        return None


class FaultyRequests:
    """An ASGI application that delays, rejects or loses the requests that a rule matches."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]], faults: Faults) -> None:
        self._application = application
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or apply the rule that strikes."""
        rule = None
        if scope["type"] == "http" and self._faults.are_in_force:
            target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
            subject, body = target.decode("latin-1") or str(scope["path"]), b""
            if target or "/@connections/" in subject:
                body, receive = await read_ahead(receive)
            rule = self._faults.strike("request", subject, body=body.decode(errors="replace"))
        if rule is None:
            await self._application(scope, receive, send)
        elif rule.what == "hang":
            for seconds in self._faults.pauses(rule):
                await asyncio.sleep(seconds)
            await self._application(scope, receive, send)
        elif rule.what == "lost":
            await self._application(scope, receive, discard)
            await send_error(send, 500, FAILED["request"])
        elif rule.what == "ignored":
            await send_json(send, 200, {})
        elif rule.what == "cancel":
            reasons = [{"Code": rule.reason}, {"Code": "None"}]
            error = {"__type": CANCELLED, "message": cancellation(rule), "CancellationReasons": reasons}
            await send_json(send, 400, error, (b"x-amzn-errortype", CANCELLED.encode()))
        else:
            is_throttle = rule.what == "throttle"
            # DynamoDB answers 400 where other services answer 429; SDKs look at the error type only.
            await send_error(send, 429 if is_throttle else 500, (THROTTLED if is_throttle else FAILED)["request"])


async def read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """The body of a request, and a `receive` that delivers it again."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive_again() -> dict[str, Any]:
        message = next(messages, None)
        return await receive() if message is None else message

    return body, receive_again


async def discard(_message: dict[str, Any]) -> None:
    """An ASGI `send` that drops every message."""


async def send_error(send: Send, status: int, error_type: str) -> None:
    """Send an error in the form of AWS's JSON services."""
    body = {"__type": error_type, "message": "a fault was asked for"}
    await send_json(send, status, body, (b"x-amzn-errortype", error_type.encode()))


def cancellation(rule: FaultRule) -> str:
    """The message of a cancelled transaction of two actions."""
    reasons = f"[{rule.reason}, None]"
    return f"Transaction cancelled, please refer cancellation reasons for specific reasons {reasons}"


async def send_json(send: Send, status: int, body: dict[str, Any], *headers: tuple[bytes, bytes]) -> None:
    """Send a response in JSON."""
    all_headers = [(b"content-type", b"application/x-amz-json-1.0"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


class FaultyExecutions(WorkflowExecutions):
    """Executions whose tasks fail, or which crash between states, start twice, or start late."""

    def __init__(self, kept_executions: int, durability: Durability, faults: Faults) -> None:
        self._faults = faults
        self._state: contextvars.ContextVar[str] = contextvars.ContextVar("parley_state", default="")
        super().__init__(kept_executions, durability)
        service = "services.stepfunctions"
        self._task = patching.replace(service, "_execute_task", self.execute_task)

    def start(self, data: dict[str, Any]) -> Any:
        """Start an execution; twice when a `duplicate` rule strikes."""
        if self._faults.strike("run", str(data.get("input", "")), "duplicate"):
            super().start(data)
        return super().start(data)

    def run(self, execution_arn: str) -> None:
        """Run an execution; late when a `delay` rule strikes, and again after a crash."""
        execution = self._workflows._executions.get(execution_arn) or {}
        delay = self._faults.strike("run", str(execution.get("input", "")), "delay")
        if delay:
            time.sleep(random.uniform(0, delay.seconds))  # noqa: S311
        while True:
            try:
                super().run(execution_arn)
            except RunCrashedError:
                continue
            return

    def execute_task(self, state: dict[str, Any], data: Any, execution: Execution, context: dict[str, Any]) -> Any:
        """Run a task, with the name of its state set for `invoke_resource`."""
        self._state.set(str(context["State"]["Name"]))
        return self._task(state, data, execution, context)

    def invoke_resource(self, resource: str, task_input: Any) -> Any:
        """One attempt of a task."""
        rule = None
        if self._faults.are_in_force:
            arguments = json.dumps(task_input, ensure_ascii=False)
            rule = self._faults.strike("task", self._state.get(), body=arguments)
        if rule is None:
            return super().invoke_resource(resource, task_input)
        if rule.what == "crash":
            raise RunCrashedError
        if rule.what == "hang":
            for seconds in self._faults.pauses(rule):
                time.sleep(seconds)
            return super().invoke_resource(resource, task_input)
        if rule.what == "lost":
            super().invoke_resource(resource, task_input)
        raise self._workflows._ExecutionError(*task_error(resource, rule))


def task_error(resource: str, rule: FaultRule) -> tuple[str, str]:
    """The name and cause of the error by which a task fails, as Step Functions gives them."""
    if rule.what == "fail":
        return rule.error, rule.cause
    if ":lambda:" in resource:
        return (THROTTLED if rule.what == "throttle" else FAILED)["lambda"], rule.cause
    if ":sqs:" in resource:
        return "SQS.SdkClientException", rule.cause
    # Error names begin with DynamoDB for the optimised integration, with DynamoDb for the SDK's.
    service = "DynamoDb" if "aws-sdk:" in resource else "DynamoDB"
    if rule.what == "cancel":
        return dynamodb_error(f"{service}.{CANCELLED}", cancellation(rule))
    code = THROTTLED["request"] if rule.what == "throttle" else FAILED["request"]
    return dynamodb_error(f"{service}.{code}", rule.cause)


class FaultyFunctions(FunctionInvocations):
    """Functions that fail, time out or take longer when a rule strikes."""

    def __init__(self, settings: EmulatorSettings, faults: Faults) -> None:
        self._faults = faults
        super().__init__(settings)

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Run one invocation, or apply the rule that strikes."""
        config = func.get("config") or func
        rule = self._faults.strike("function", str(config["FunctionName"]), "error", "timeout", "lost")
        if rule is None:
            return super().execute(func, event, request_id)
        if rule.what == "lost":
            super().execute(func, event, request_id)
        if rule.what in ("timeout", "lost"):
            time.sleep(rule.seconds)
            error = {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out: a fault was asked for"}
        else:
            error = {"errorType": "RuntimeError", "errorMessage": "a fault was asked for"}
        return {"body": error, "error": True, "log": "", "log_source": "parley"}

    def begin(self, config: dict[str, Any]) -> None:
        """Wait when a `hang` rule strikes."""
        rule = self._faults.strike("function", str(config["FunctionName"]), "hang")
        for seconds in self._faults.pauses(rule) if rule else ():
            time.sleep(seconds)

    def restart(self) -> None:
        """Stop all environments; the next ones get the credentials of their roles, if policies are enforced."""
        self._pools.stop()


class FaultySessions(WebSocketSessions):
    """Connections that are closed before or after a frame is handled, and clients that read nothing for a time."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        super().__init__()

    async def _handle_frame(self, connection: Connection, text: str) -> None:
        rule = self._faults.strike("frame", text)
        if rule is None:
            await super()._handle_frame(connection, text)
            return
        if rule.what == "cut-after":
            request_id = str(patching.module("core.responses").new_uuid())
            await self._reply(connection, text, request_id)
        if rule.what == "cut-answered":
            await super()._handle_frame(connection, text)
        connection.close(1001, "a fault was asked for")

    def post(self, connection: Connection, text: str) -> bool:
        """Queue a frame for a client; False when the buffer of a slow client is full."""
        if self._faults.are_in_force:
            rule = self._faults.strike("client", client_of(connection), body=text)
            if rule is not None and connection.outbox.qsize() >= rule.buffer:
                return False
        return super().post(connection, text)

    async def _write(self, connection: Connection, send: Send) -> None:
        async def send_when_read(message: dict[str, Any]) -> None:
            if self._faults.are_in_force:
                text = str(message.get("text", ""))
                for seconds in self._faults.holds("client", client_of(connection), body=text):
                    await asyncio.sleep(seconds)
            await send(message)

        await super()._write(connection, send_when_read)

    async def _flush(self, connection: Connection, send: Send) -> None:
        # A client that does not read gets no frame before its connection is closed either.
        if next(self._faults.holds("client", client_of(connection)), None) is None:
            await super()._flush(connection, send)


def client_of(connection: Connection) -> str:
    """The text that a rule's `only` is looked for in: what the authorizer returned about the client."""
    return json.dumps(connection.authorizer or {})
