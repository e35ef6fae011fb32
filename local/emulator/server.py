"""The ASGI application around MiniStack's: it adds trace headers, X-Ray's API, and the paths below `/_parley/`.

| path | does |
|---|---|
| `/_parley/health` | return the process id, the trace port and the number of open connections |
| `/_parley/warm` | start an environment of every function; return the names of those that failed |
| `/_parley/not-emulated` | list what was deployed without effect |
| `/_parley/save` | save the state |
| `/_parley/faults`, `/_parley/clock`, `/_parley/policies`, `/_parley/metrics` | for tests, see `faults` |
"""

import asyncio
import gc
import json
import logging
import os
from typing import Any

from local.emulator import loopback, not_emulated, patching
from local.emulator.apigateway.connection_posts import ConnectionPosts
from local.emulator.apigateway.faulty_apis import FaultyApis
from local.emulator.asgi import Receive, Scope, Send, read_body
from local.emulator.cloudformation.resource_types import AcceptedTypes
from local.emulator.cloudwatch import service_metrics
from local.emulator.cloudwatch.service_metrics import ApiMetrics
from local.emulator.deferred_writes import deferred_writes
from local.emulator.faults import Faults, FaultyFunctions, FaultyRequests, FaultySessions
from local.emulator.persistence.durability import Durability
from local.emulator.persistence.saved_state import SavedState
from local.emulator.persistence.state_saving import ActivityCounter, StateSaving
from local.emulator.policies import XRAY_ACTIONS, Policies
from local.emulator.stepfunctions.workflow_executions import WorkflowExecutions
from local.emulator.xray import trace_headers
from local.emulator.xray.trace_collector import FilterExpressionError, TraceCollector

logger = logging.getLogger("parley.emulator")

MAX_DISCONNECT_SECONDS = 2.0
WITHOUT_LOGS = (b"DynamoDB_", b"AWSEvents.", b"AmazonSQS.")
"""The services that functions call for a message. Their answers do not depend on logs, histories or traces."""
TEST_PATHS = ("/_parley/faults", "/_parley/clock", "/_parley/policies", "/_parley/metrics")


class EmulatorApplication:
    """MiniStack's application, with the additions' paths in front; the additions start and stop with it."""

    def __init__(
        self,
        *,
        invocations: FaultyFunctions,
        sessions: FaultySessions,
        traces: TraceCollector,
        accepted: AcceptedTypes,
        executions: WorkflowExecutions,
        durability: Durability,
        saved: SavedState,
        faults: Faults,
        policies: Policies,
        save_interval_seconds: float,
    ) -> None:
        application = ConnectionPosts(patching.original("app", "app"), sessions)
        self._ministack = ApiMetrics(FaultyApis(FaultyRequests(application, faults), faults))
        self._faults = faults
        self._policies = policies
        self._invocations = invocations
        self._sessions = sessions
        self._traces = traces
        self._accepted = accepted
        self._executions = executions
        self._durability = durability
        self._has_resumed = False
        self._activity = ActivityCounter()
        self._saving = StateSaving(save_interval_seconds, self._activity.value, durability, saved)
        self._saver: asyncio.Task[None] | None = None
        self.stop_failure: Exception | None = None
        """Why the emulator stopped without saving its state."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer requests to the additions' paths, and pass the others to MiniStack."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        if refused := loopback.refusal(scope["headers"], of_host_only=scope["type"] == "websocket"):
            await _refuse(scope, receive, send, refused)
            return
        if not self._has_resumed:
            # The server listens when the first request comes; functions of a resumed workflow send requests to it.
            self._has_resumed = True
            self._durability.resume(self._executions.start)
        if scope["type"] == "http":
            path = str(scope["path"])
            headers = dict(scope["headers"])
            if may_read_logs(path, headers.get(b"x-amz-target", b"")):
                deferred_writes.flush()
            if path.startswith("/_parley/"):
                await self._answer(path, scope, receive, send)
                return
            if path in XRAY_ACTIONS:
                await self._answer_traces(scope, receive, send)
                return
            header = headers.get(b"x-amzn-trace-id")
            trace_headers.current.set(header.decode("latin-1") if header else None)
        if scope["type"] == "websocket" or scope.get("method") not in ("GET", "HEAD", "OPTIONS"):
            self._activity.add()
        await self._ministack(scope, receive, send)

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_stopping = False

        async def receive_and_stop() -> dict[str, Any]:
            nonlocal is_stopping
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                is_stopping = True
                await self._stop()
            return message

        async def send_and_start(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._durability.restore()
                self._accepted.restore()
                self._executions.restore()
                self._saver = asyncio.create_task(self._saving.run())
            await send(message)

        try:
            await self._ministack(scope, receive_and_stop, send_and_start)
        except Exception as failure:
            # uvicorn logs it, and ends as after a successful stop.
            self.stop_failure = failure if is_stopping else None
            raise

    async def close_connections(self) -> None:
        """Close the WebSocket connections while functions still run, so that the saved presence is correct."""
        await self._sessions.close_all(MAX_DISCONNECT_SECONDS)

    async def _stop(self) -> None:
        if self._saver is not None:
            self._saver.cancel()
        await asyncio.to_thread(self._invocations.stop)
        deferred_writes.flush()

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        body: Any
        if path == "/_parley/health":
            body = {
                "status": "ok",
                "pid": os.getpid(),
                "tracePort": self._traces.port,
                "connections": self._sessions.open_connections,
            }
        elif path == "/_parley/warm":
            body = {"failed": await asyncio.to_thread(self._invocations.warm)}
            freeze_objects()
        elif path == "/_parley/not-emulated":
            body = not_emulated.describe()
        elif path == "/_parley/save":
            body = {"saved": await self._saving.save()}
        elif path in TEST_PATHS:
            body = {}
            try:
                if scope["method"] == "POST":
                    body = await self._set_up_test(path, await read_body(receive))
            except (ValueError, LookupError, TypeError) as error:
                await respond(send, 400, {"message": str(error)})
                return
            body |= {"faults": self._faults.describe(), "denied": self._policies.denied}
        else:
            await respond(send, 404, {"message": f"{path} does not exist"})
            return
        await respond(send, 200, body)

    async def _set_up_test(self, path: str, body: bytes) -> dict[str, Any]:
        if path == "/_parley/faults":
            return {"replaced": self._faults.replace(body)}
        request = json.loads(body)
        if path == "/_parley/policies":
            self._policies.enforce(bool(request["enforced"]))
            await asyncio.to_thread(self._invocations.restart)
        elif path == "/_parley/metrics":
            service_metrics.age(float(request["age"]))
        else:
            self._sessions.clock.advance(float(request["advance"]))
        return {}

    async def _answer_traces(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if refused := self._policies.refusal_of_xray(scope):
            status, headers, text = refused
            encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": encoded})
            await send({"type": "http.response.body", "body": text})
            return
        try:
            await respond(send, 200, self._traces.handle(str(scope["path"]), json.loads(body or b"{}")))
        except (FilterExpressionError, ValueError) as error:
            await respond(send, 400, {"message": str(error)}, error_type="InvalidRequestException")


def may_read_logs(path: str, target: bytes) -> bool:
    """Whether the answer to a request may depend on logs, histories or traces; `target` names its operation."""
    return not target.startswith(WITHOUT_LOGS) and "/@connections/" not in path


def freeze_objects() -> None:
    """Exempt the objects that exist, such as modules and what is deployed, from later garbage collections.

    They stay as long as the emulator, and a full collection that visits them stops it for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


async def _refuse(scope: Scope, receive: Receive, send: Send, message: str) -> None:
    """Answer 403; a handshake that is closed before it is accepted is answered 403 too."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await respond(send, 403, {"message": message})


async def respond(send: Send, status: int, body: Any, *, error_type: str = "") -> None:
    """Send a response in JSON."""
    encoded = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(encoded)).encode())]
    if error_type:
        headers.append((b"x-amzn-errortype", error_type.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": encoded})
