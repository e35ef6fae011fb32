"""Serve WebSocket APIs as API Gateway does: concurrent frames, replies only with a route response, and limits.

On AWS, every frame of a connection invokes its route immediately, without waiting for the previous frame. A route
answers the client only when it has a route response, and a failed integration sends `{"message": "Internal server
error", …}`. A connection ends after ten minutes without traffic, and after two hours in any case. `@connections`
rejects more than 128 KB (413), and posts to a client that does not read (429). MiniStack
(`apigateway.handle_websocket`, `handle_connections_api`) runs one frame at a time in one worker and discards the
worker's logs, sends every returned body, has no limits, and answers `GetConnection` in a form that boto3 cannot
parse. This addition replaces both functions. The server limits the sizes of frames and messages (`__main__`).
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from local.emulator import patching
from local.emulator.xray import trace_headers

logger = logging.getLogger("parley.websocket")

IDLE_SECONDS = 600.0
LIFETIME_SECONDS = 7200.0
MAX_MESSAGE_BYTES = 128 * 1024
MAX_WAITING_FRAMES = 2_000
MAX_CONCURRENT_FRAMES = 16

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Response = tuple[int, dict[str, str], bytes]


class ConnectionClock:
    """The clock that ends connections; tests may move it forward. For use in one event loop."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """The time in seconds, since an arbitrary moment."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward, for every connection."""
        self._ahead += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, moment: float) -> None:
        """Sleep until a time of this clock; ends early when the clock is moved."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), max(0.0, moment - self.now()))


@dataclass
class Connection:
    """One open socket: what `@connections` returns about it, and its outgoing frames."""

    connection_id: str
    api_id: str
    stage: str
    account_id: str
    region: str
    source_ip: str
    headers: dict[str, str]
    clock: ConnectionClock
    connected_at: float = field(default_factory=time.time)
    last_active: float = field(default_factory=time.time)
    last_traffic: float = field(init=False)
    """By the connection clock; `connected_at` and `last_active` are epoch seconds."""
    outbox: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING_FRAMES))
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    close_code: int = 1000
    close_reason: str = ""
    authorizer: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.last_traffic = self.clock.now()

    def touch(self) -> None:
        """Record traffic, in either direction: the ten idle minutes begin again."""
        self.last_active = time.time()
        self.last_traffic = self.clock.now()

    def close(self, code: int, reason: str) -> None:
        """Ask the session to close the connection; the first code and reason are used."""
        if not self.closing.is_set():
            self.close_code, self.close_reason = code, reason
            self.closing.set()


class WebSocketSessions:
    """The sessions of every WebSocket API, and the management API that posts to them."""

    def __init__(self) -> None:
        self._gateway = patching.module("services.apigateway")
        self._lambda = patching.module("services.lambda_svc")
        self._run_reentrant = patching.original("core.concurrency", "run_reentrant")
        self.clock = ConnectionClock()
        self._open: dict[str, Connection] = {}
        self._sessions: set[asyncio.Task[None]] = set()
        self._frames: set[asyncio.Task[None]] = set()
        for name in (
            "_api_owner",
            "_match_ws_route",
            "_evaluate_route_selection",
            "_ws_request_context",
            "_ws_connect_fields",
            "_authorize_ws_connect",
            "_extract_lambda_ref_from_integration_uri",
        ):
            patching.original("services.apigateway", name)
        patching.replace("services.apigateway", "handle_websocket", self.serve)
        patching.replace("services.apigateway", "handle_connections_api", self.manage)

    @property
    def open_connections(self) -> int:
        """The number of open sockets."""
        return len(self._open)

    async def close_all(self, timeout_seconds: float) -> None:
        """Close every connection with 1001, and wait for the `$disconnect` routes until the timeout."""
        for connection in list(self._open.values()):
            connection.close(1001, "Going away")
        waiting = {task for task in self._sessions if not task.done()}
        if waiting:
            await asyncio.wait(waiting, timeout=timeout_seconds)

    async def serve(
        self, scope: dict[str, Any], receive: Receive, send: Send, api_id: str, path_override: str | None = None
    ) -> None:
        """Serve one connection, from its handshake to its `$disconnect`."""
        task = asyncio.current_task()
        if task is not None:
            self._sessions.add(task)
        try:
            await self._serve(scope, receive, send, api_id, path_override or str(scope.get("path", "")))
        finally:
            if task is not None:
                self._sessions.discard(task)

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send, api_id: str, path: str) -> None:
        if (await receive()).get("type") != "websocket.connect":
            return
        owner = self._gateway._api_owner(api_id)
        stage = path.lstrip("/").split("/", 1)[0] or "$default"
        if not owner or owner[0] != "WEBSOCKET" or not self._has_stage(owner, api_id, stage):
            await reject(send, 403, {"message": "Forbidden"})
            return
        responses = patching.module("core.responses")
        responses._request_account_id.set(owner[1])
        responses._request_region.set(owner[2])
        connection = Connection(
            connection_id=responses.new_uuid().replace("-", "")[:16],
            api_id=api_id,
            stage=stage,
            account_id=owner[1],
            region=owner[2],
            source_ip=str((scope.get("client") or ("127.0.0.1", 0))[0]),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            clock=self.clock,
        )
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        accepted = await self._connect(connection, query, send)
        if accepted is None:
            return
        await send({"type": "websocket.accept", **accepted})
        # The ten idle minutes begin now, not before the handshake.
        connection.touch()
        self._open[connection.connection_id] = connection
        await self._run(connection, receive, send)

    def _has_stage(self, owner: tuple[str, str, str], api_id: str, stage: str) -> bool:
        return stage in self._gateway._stages.get_scoped(owner[1], owner[2], api_id, {})

    async def _connect(
        self, connection: Connection, query: dict[str, list[str]], send: Send
    ) -> dict[str, Any] | None:
        """Authorize the client and run `$connect`; the extra fields of the accept message, or None when
        rejected."""
        route = self._gateway._match_ws_route(connection.api_id, "$connect")
        if route is None or route.get("routeKey") != "$connect":
            return {}
        request_id = str(patching.module("core.responses").new_uuid())
        identity = {"connectionId": connection.connection_id, "requestId": request_id}
        if (route.get("authorizationType") or "NONE").upper() == "CUSTOM":
            rejection, connection.authorizer = await self._gateway._authorize_ws_connect(
                connection.api_id,
                route,
                self._context(connection, "$connect", "CONNECT", request_id),
                connection.headers,
                query,
                connection.account_id,
                connection.region,
            )
            if rejection:
                status, message = rejection
                await reject(send, status, {"message": message or "Internal server error", **identity})
                return None
        fields = self._gateway._ws_connect_fields(connection.headers, query)
        event = self._event(connection, route, "CONNECT", request_id, "") | fields
        reply = await self._integrate(connection, route, event)
        if reply is None:
            await reject(send, 502, {"message": "Internal server error", **identity})
            return None
        status = int(reply.get("statusCode", 200))
        if not 200 <= status < 300:
            await reject(send, status, {"message": "Forbidden", **identity})
            return None
        headers = {str(name).lower(): str(value) for name, value in (reply.get("headers") or {}).items()}
        if "sec-websocket-protocol" in headers:
            return {"subprotocol": headers["sec-websocket-protocol"]}
        return {}

    async def _run(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Serve an accepted connection until it is closed, then run `$disconnect`."""
        writer = asyncio.create_task(self._write(connection, send))
        clock = asyncio.create_task(self._watch_clock(connection))
        code, reason = 1005, ""
        try:
            code, reason = await self._read(connection, receive)
        finally:
            self._open.pop(connection.connection_id, None)
            if connection.closing.is_set():
                code, reason = connection.close_code, connection.close_reason
                await self._flush(connection, send)
            for task in (writer, clock):
                task.cancel()
            with contextlib.suppress(Exception):
                await send({"type": "websocket.close", "code": connection.close_code, "reason": reason})
            await self._disconnect(connection, code, reason)

    async def _read(self, connection: Connection, receive: Receive) -> tuple[int, str]:
        """Handle frames until the connection ends. Returns the client's close code and reason."""
        closing = asyncio.create_task(connection.closing.wait())
        slots = asyncio.Semaphore(MAX_CONCURRENT_FRAMES)
        try:
            while not connection.closing.is_set():
                receiving = asyncio.ensure_future(receive())
                await asyncio.wait({receiving, closing}, return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done():
                    receiving.cancel()
                    break
                message = receiving.result()
                if message.get("type") == "websocket.disconnect":
                    return int(message.get("code") or 1005), str(message.get("reason") or "")
                connection.touch()
                text = message.get("text")
                if text is None:
                    text = (message.get("bytes") or b"").decode("utf-8", errors="replace")
                await slots.acquire()
                frame = asyncio.create_task(self._handle_frame(connection, text))
                self._frames.add(frame)
                frame.add_done_callback(self._frames.discard)
                frame.add_done_callback(lambda _done: slots.release())
        finally:
            closing.cancel()
        return 1005, ""

    async def _write(self, connection: Connection, send: Send) -> None:
        while True:
            text = await connection.outbox.get()
            await send({"type": "websocket.send", "text": text})

    async def _flush(self, connection: Connection, send: Send) -> None:
        """Send the frames that were posted before the connection was closed."""
        with contextlib.suppress(Exception):
            while not connection.outbox.empty():
                await send({"type": "websocket.send", "text": connection.outbox.get_nowait()})

    async def _watch_clock(self, connection: Connection) -> None:
        """Close the connection after ten idle minutes, or after two hours."""
        end_of_life = self.clock.now() + LIFETIME_SECONDS
        while (end := min(connection.last_traffic + IDLE_SECONDS, end_of_life)) > self.clock.now():
            await self.clock.sleep_until(end)
        connection.close(1001, "Going away")

    async def _handle_frame(self, connection: Connection, text: str) -> None:
        trace_headers.current.set(None)
        request_id = str(patching.module("core.responses").new_uuid())
        failure = {"connectionId": connection.connection_id, "requestId": request_id}
        try:
            reply = await self._reply(connection, text, request_id)
        except Exception:
            logger.exception("A frame of connection %s failed", connection.connection_id)
            reply = json.dumps({"message": "Internal server error", **failure})
        if reply is not None:
            self.post(connection, reply)

    async def _reply(self, connection: Connection, text: str, request_id: str) -> str | None:
        api = self._gateway._apis.get(connection.api_id) or {}
        selection = api.get("routeSelectionExpression") or "$request.body.action"
        key = self._gateway._evaluate_route_selection(selection, text)
        # A frame must not select the routes of the handshake and of the end.
        route = self._gateway._match_ws_route(
            connection.api_id, "$default" if key in ("$connect", "$disconnect") else key
        )
        identity = {"connectionId": connection.connection_id, "requestId": request_id}
        if route is None:
            return json.dumps({"message": "Forbidden", **identity})
        event = self._event(connection, route, "MESSAGE", request_id, text)
        reply = await self._integrate(connection, route, event)
        if reply is None:
            return json.dumps({"message": "Internal server error", **identity})
        body = reply.get("body")
        if not body or not route.get("routeResponseSelectionExpression"):
            return None
        return body if isinstance(body, str) else json.dumps(body)

    async def _disconnect(self, connection: Connection, code: int, reason: str) -> None:
        trace_headers.current.set(None)
        route = self._gateway._match_ws_route(connection.api_id, "$disconnect")
        if route is None or route.get("routeKey") != "$disconnect":
            return
        request_id = str(patching.module("core.responses").new_uuid())
        event = self._event(connection, route, "DISCONNECT", request_id, "")
        event["requestContext"] |= {"disconnectStatusCode": code, "disconnectReason": reason}
        try:
            await self._integrate(connection, route, event)
        except Exception:
            logger.exception("The $disconnect of connection %s failed", connection.connection_id)

    def _context(self, connection: Connection, route_key: str, kind: str, request_id: str) -> dict[str, Any]:
        context: dict[str, Any] = self._gateway._ws_request_context(
            connection.api_id,
            route_key,
            connection.stage,
            connection.connection_id,
            kind,
            request_id,
            connection.source_ip,
            connection.headers,
        )
        context |= {
            "connectedAt": int(connection.connected_at * 1000),
            "messageDirection": "IN",
            "domainName": f"{connection.api_id}.execute-api.{connection.region}.amazonaws.com",
        }
        if connection.authorizer is not None:
            context["authorizer"] = connection.authorizer
        return context

    def _event(
        self, connection: Connection, route: dict[str, Any], kind: str, request_id: str, text: str
    ) -> dict[str, Any]:
        context = self._context(connection, str(route.get("routeKey", "$default")), kind, request_id)
        event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": False}
        if kind == "MESSAGE":
            context["messageId"] = request_id
            event["body"] = text
        if kind == "DISCONNECT":
            event["headers"] = {"Host": context["domainName"]}
        return event

    async def _integrate(
        self, connection: Connection, route: dict[str, Any], event: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Run a route's integration: its response (`statusCode`, `body`), or None when it failed."""
        integration_id = str(route.get("target", "")).rpartition("/")[2]
        integration = self._gateway._integrations.get(connection.api_id, {}).get(integration_id)
        if not integration:
            return None
        if integration.get("integrationType") == "MOCK":
            return {"statusCode": 200, "body": self._mock_body(connection.api_id, integration_id)}
        reference = self._gateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        func, config, _name = self._lambda._get_func_record_for_ref_in_scope(
            reference, account_id=connection.account_id, region=connection.region
        )
        if func is None or config is None:
            return None
        record = self._lambda._execution_record_for_config(func, config)
        result = await self._run_reentrant(
            self._lambda._execute_function_with_config_scope, record, event, thread_name="websocket-route"
        )
        if result.get("error") or result.get("throttle"):
            return None
        body = result.get("body")
        if body is None:
            return {"statusCode": 200}
        return body if isinstance(body, dict) else {"statusCode": 200, "body": body}

    def _mock_body(self, api_id: str, integration_id: str) -> str:
        responses = self._gateway._integration_responses.get(api_id, {}).get(integration_id, {})
        for response in responses.values():
            templates = response.get("responseTemplates") or {}
            for template in (templates.get("$default"), *templates.values()):
                if template:
                    return str(template)
        return ""

    def post(self, connection: Connection, text: str) -> bool:
        """Queue a frame for a client; False when its queue is full because the client reads too slowly."""
        try:
            connection.outbox.put_nowait(text)
        except asyncio.QueueFull:
            return False
        connection.touch()
        return True

    async def manage(
        self,
        method: str,
        api_id: str,
        stage: str,
        connection_id: str,
        body: bytes,
        headers: dict[str, str],
    ) -> Response:
        """PostToConnection, GetConnection and DeleteConnection."""
        connection = self._open.get(connection_id)
        if connection is None or connection.api_id != api_id or connection.stage != stage:
            return error_response(410, "GoneException", "")
        if method == "POST":
            if len(body) > MAX_MESSAGE_BYTES:
                return error_response(413, "PayloadTooLargeException", "Payload exceeds the 128 KB limit")
            text = self._gateway._post_to_connection_text(body)
            if body and not self.post(connection, text):
                return error_response(429, "LimitExceededException", "The client's buffer is full")
            return 200, {"Content-Type": "application/json"}, b""
        if method == "DELETE":
            connection.close(1000, "Connection Closed Normally")
            return 204, {}, b""
        if method == "GET":
            agent = connection.headers.get("user-agent", "")
            description = {
                "connectedAt": iso_time(connection.connected_at),
                "lastActiveAt": iso_time(connection.last_active),
                "identity": {"sourceIp": connection.source_ip, "userAgent": agent},
            }
            return 200, {"Content-Type": "application/json"}, json.dumps(description).encode()
        return error_response(403, "ForbiddenException", f"{method} is not supported")


def iso_time(epoch_seconds: float) -> str:
    """A time in the form of API Gateway's management API."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_response(status: int, kind: str, message: str) -> Response:
    """An error of the management API; SDKs take the name of the exception from its header."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return status, headers, json.dumps({"message": message} if message else {}).encode()


async def reject(send: Send, status: int, body: dict[str, Any]) -> None:
    """Answer a handshake with an HTTP error."""
    await send(
        {
            "type": "websocket.http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json")],
        }
    )
    await send({"type": "websocket.http.response.body", "body": json.dumps(body).encode()})
