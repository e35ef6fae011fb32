"""Faults on request, for tests of what the chat promises: off unless somebody on this machine asks for them.

`POST /_parley/faults` with a list of rules replaces those in force and says how often each of those had struck;
`GET` says so of the rules in force. `POST /_parley/clock` moves the connection clock forward (`advance`, seconds),
`POST /_parley/policies` has IAM policies of functions enforced, as MiniStack's AUTH does. A rule says where it
strikes, and what happens:

| where | `only`: part of | what |
|---|---|---|
| `request` | target or path: `DynamoDB_20120810.PutItem` | `throttle`, `error`, `hang`, `lost` (done, then 500), |
| | | `ignored` (200, and nothing done) |
| `task` | the state's name | the first four for the workflow; `crash`: the run dies there and begins again |
| `function` | the function's name | `error` (raises), `timeout` (never answers), `lost` (ran, then timed out) |
| `frame` | the frame's text | `cut-before` or `cut-after` it is handled, or `cut-answered` |
| `run` | the execution's input | `duplicate` (it is started twice), `delay` (up to `seconds`) |

Rules may strike by `chance` (with a `seed`), a number of `times`, after a number `skip` of those that matched. A
`hang` lasts for `seconds`, or until other rules are put in force. The classes below are the emulator's own with
the places where rules strike put in; without rules they do the same.
"""

import asyncio
import contextvars
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.emulator import patching
from local.emulator.apigateway.websocket_sessions import Connection, WebSocketSessions
from local.emulator.lambda_.function_invocations import FunctionInvocations
from local.emulator.persistence.durability import Durability
from local.emulator.settings import EmulatorSettings
from local.emulator.stepfunctions.workflow_executions import Execution, WorkflowExecutions

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

THROTTLED = {"request": "ThrottlingException", "lambda": "Lambda.TooManyRequestsException"}
FAILED = {"request": "InternalServerError", "lambda": "Lambda.ServiceException"}
HANG_STEP_SECONDS = 0.02


class FaultRule(BaseModel):
    """One fault: where, what, and how often."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(pattern="^(request|task|function|frame|run)$")
    what: str
    only: str = ""
    chance: float = 1.0
    times: int | None = None
    skip: int = 0
    seconds: float = 0.5
    seed: int = 0


RULES = TypeAdapter(list[FaultRule])


class RunDiedError(BaseException):
    """The host of an execution died: nothing catches this but whoever starts it again."""


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[FaultRule, random.Random]] = []
        self._matched: list[int] = []
        self._struck: list[int] = []

    def replace(self, body: bytes) -> list[dict[str, Any]]:
        """Put other rules in force. Returns those before, with how often each struck.

        Raises ValueError for what is no rule.
        """
        rules = RULES.validate_json(body or b"[]")
        with self._lock:
            before = self._describe()
            self._rules = [(rule, random.Random(rule.seed)) for rule in rules]  # noqa: S311
            self._matched = [0] * len(rules)
            self._struck = [0] * len(rules)
        return before

    @property
    def are_in_force(self) -> bool:
        """Whether there are any."""
        return bool(self._rules)

    def describe(self) -> list[dict[str, Any]]:
        """The rules, and how often each struck."""
        with self._lock:
            return self._describe()

    def _describe(self) -> list[dict[str, Any]]:
        return [
            {**rule.model_dump(), "struck": struck}
            for (rule, _), struck in zip(self._rules, self._struck, strict=True)
        ]

    def pauses(self, rule: FaultRule) -> Iterator[float]:
        """The short sleeps that a `hang` is made of: they end with its seconds, or with the rule."""
        end = time.monotonic() + rule.seconds
        while (left := end - time.monotonic()) > 0 and any(each is rule for each, _ in self._rules):
            yield min(left, HANG_STEP_SECONDS)

    def strike(self, where: str, subject: str, *whats: str) -> FaultRule | None:
        """The rule that strikes here and now, if any does."""
        if not self._rules:
            return None
        with self._lock:
            for number, (rule, dice) in enumerate(self._rules):
                if rule.where != where or rule.only not in subject or (whats and rule.what not in whats):
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
    """An application whose answers are lost, late, or refused where a rule says so."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]], faults: Faults) -> None:
        self._application = application
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or what a fault makes of it."""
        rule = None
        if scope["type"] == "http" and self._faults.are_in_force:
            target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
            rule = self._faults.strike("request", target.decode("latin-1") or str(scope["path"]))
        if rule is None:
            await self._application(scope, receive, send)
        elif rule.what == "hang":
            for seconds in self._faults.pauses(rule):
                await asyncio.sleep(seconds)
            await self._application(scope, receive, send)
        elif rule.what == "lost":
            await self._application(scope, receive, swallow)
            await refuse(send, 500, FAILED["request"])
        elif rule.what == "ignored":
            await answer(send, 200, {})
        else:
            is_throttle = rule.what == "throttle"
            # DynamoDB says 400 where other services say 429; SDKs go by the name.
            await refuse(send, 429 if is_throttle else 500, (THROTTLED if is_throttle else FAILED)["request"])


async def swallow(_message: dict[str, Any]) -> None:
    """An answer that nobody gets."""


async def refuse(send: Send, status: int, kind: str) -> None:
    """An error as AWS's JSON services send it."""
    await answer(
        send, status, {"__type": kind, "message": "a fault was asked for"}, (b"x-amzn-errortype", kind.encode())
    )


async def answer(send: Send, status: int, body: dict[str, str], *headers: tuple[bytes, bytes]) -> None:
    """An answer in JSON."""
    all_headers = [(b"content-type", b"application/x-amz-json-1.0"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


class FaultyExecutions(WorkflowExecutions):
    """Executions whose tasks fail, which die between states, start twice, or start late."""

    def __init__(self, kept_executions: int, durability: Durability, faults: Faults) -> None:
        self._faults = faults
        self._state: contextvars.ContextVar[str] = contextvars.ContextVar("parley_state", default="")
        super().__init__(kept_executions, durability)
        place = "services.stepfunctions"
        self._task = patching.replace(place, "_execute_task", self.execute_task)
        self._invoke = patching.replace(place, "_invoke_resource", self.invoke_resource)

    def start(self, data: dict[str, Any]) -> Any:
        """Start an execution, or the same one twice."""
        if self._faults.strike("run", str(data.get("input", "")), "duplicate"):
            super().start(data)
        return super().start(data)

    def run(self, execution_arn: str) -> None:
        """Run an execution, late where a rule says so, and again where it died."""
        execution = self._workflows._executions.get(execution_arn) or {}
        late = self._faults.strike("run", str(execution.get("input", "")), "delay")
        if late:
            time.sleep(random.uniform(0, late.seconds))  # noqa: S311
        while True:
            try:
                super().run(execution_arn)
            except RunDiedError:
                continue
            return

    def execute_task(self, state: dict[str, Any], data: Any, execution: Execution, context: dict[str, Any]) -> Any:
        """A task, its state's name kept for the attempts below."""
        self._state.set(str(context["State"]["Name"]))
        return self._task(state, data, execution, context)

    def invoke_resource(self, resource: str, given: Any) -> Any:
        """One attempt of a task."""
        rule = self._faults.strike("task", self._state.get())
        if rule is None:
            return self._invoke(resource, given)
        if rule.what == "crash":
            raise RunDiedError
        if rule.what == "hang":
            for seconds in self._faults.pauses(rule):
                time.sleep(seconds)
            return self._invoke(resource, given)
        if rule.what == "lost":
            self._invoke(resource, given)
        raise self._workflows._ExecutionError(self._error_of(resource, rule.what), "a fault was asked for")

    def _error_of(self, resource: str, what: str) -> str:
        if ":lambda:" in resource:
            return THROTTLED["lambda"] if what == "throttle" else FAILED["lambda"]
        # The optimised integration writes DynamoDB, the SDK's DynamoDb.
        service = "DynamoDb" if "aws-sdk:" in resource else "DynamoDB"
        return (
            f"{service}.ThrottlingException" if what == "throttle" else f"{service}.InternalServerErrorException"
        )


class FaultyFunctions(FunctionInvocations):
    """Functions that raise, or never answer."""

    def __init__(self, settings: EmulatorSettings, faults: Faults) -> None:
        self._faults = faults
        super().__init__(settings)

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """One invocation."""
        config = func.get("config") or func
        rule = self._faults.strike("function", str(config["FunctionName"]))
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

    def enforce_policies(self, enforced: bool) -> None:
        """Have IAM decide, or not; functions begin anew, with the credentials of their roles."""
        patching.original("app", "AUTH")
        patching.module("app").AUTH = enforced
        self._pools.forget(lambda _arn: False)


class FaultySessions(WebSocketSessions):
    """Connections that are cut before or after a frame is handled, or after it is answered."""

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
