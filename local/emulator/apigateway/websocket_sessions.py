"""Serve WebSocket APIs as API Gateway does: concurrent frames, replies only with a route response, and limits.

On AWS, every frame of a connection invokes its route immediately, without waiting for the previous frame. A route
answers the client only when it has a route response, and a failed integration sends `{"message": "Internal server
error", …}`. A connection ends after ten minutes without traffic, and after two hours in any case. `@connections`
rejects more than 128 KB (413), and posts to a client that does not read (429). A stage throttles the frames of all
its clients together. MiniStack
(`apigateway.handle_websocket`, `handle_connections_api`) runs one frame at a time in one worker and discards the
worker's logs, sends every returned body, has no limits, and answers `GetConnection` in a form that boto3 cannot
parse. This addition replaces both functions. The server limits the sizes of frames and messages (`__main__`).
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from local.emulator import patching
from local.emulator.apigateway.websocket_connection import Connection, ConnectionClock
from local.emulator.apigateway.websocket_routes import WebSocketRoutes
from local.emulator.apigateway.websocket_throttle import MESSAGE, StageThrottle
from local.emulator.cloudwatch import service_metrics
from local.emulator.xray import trace_headers

logger = logging.getLogger("parley.websocket")

IDLE_SECONDS = 600.0
LIFETIME_SECONDS = 7200.0
MAX_MESSAGE_BYTES = 128 * 1024
MAX_CONCURRENT_FRAMES = 16
FLUSH_SECONDS = 2.0

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Response = tuple[int, dict[str, str], bytes]


class WebSocketSessions:
    """The sessions of every WebSocket API, and the management API that posts to them."""

    def __init__(self) -> None:
        self._gateway = patching.module("services.apigateway")
        self._routes = WebSocketRoutes()
        self.clock = ConnectionClock()
        self._throttle = StageThrottle()
        self._open: dict[str, Connection] = {}
        self._sessions: set[asyncio.Task[None]] = set()
        self._frames: set[asyncio.Task[None]] = set()
        for name in ("_api_owner", "_evaluate_route_selection", "_ws_connect_fields", "_authorize_ws_connect"):
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
        try:
            await send({"type": "websocket.accept", **accepted})
        except OSError:
            # The client has gone during `$connect`, which is to be undone as for any other connection.
            await self._disconnect(connection, 1006, "Connection Closed Abnormally")
            return
        # The ten idle minutes begin now, not before the handshake.
        connection.touch()
        self._open[connection.connection_id] = connection
        await self._run(connection, receive, send)

    def _has_stage(self, owner: tuple[str, str, str], api_id: str, stage: str) -> bool:
        return stage in self._gateway._stages.get_scoped(owner[1], owner[2], api_id, {})

    def _admit(self, connection: Connection, route_key: str) -> bool:
        """Whether the throttle of the stage admits a frame, or the handshake of `$connect`."""
        stages = self._gateway._stages.get_scoped(connection.account_id, connection.region, connection.api_id, {})
        stage = stages.get(connection.stage) or {}
        return self._throttle.admit(connection.api_id, connection.stage, stage, route_key)

    async def _connect(
        self, connection: Connection, query: dict[str, list[str]], send: Send
    ) -> dict[str, Any] | None:
        """Authorize the client and run `$connect`. Returns fields for the accept message; None if rejected."""
        route = self._routes.match(connection.api_id, "$connect")
        if route is None:
            return {}
        request_id = str(patching.module("core.responses").new_uuid())
        identity = {"connectionId": connection.connection_id, "requestId": request_id}
        if not self._admit(connection, "$connect"):
            await reject(send, 429, {"message": MESSAGE, **identity})
            return None
        if (route.get("authorizationType") or "NONE").upper() == "CUSTOM":
            rejection, connection.authorizer = await self._gateway._authorize_ws_connect(
                connection.api_id,
                route,
                self._routes.context(connection, "$connect", "CONNECT", request_id),
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
        event = self._routes.event(connection, route, "CONNECT", request_id) | fields
        reply = await self._routes.integrate(connection, route, event)
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
        """Send the frames that were posted before the connection was closed, unless the client does not read."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._send_waiting(connection, send)

    @staticmethod
    async def _send_waiting(connection: Connection, send: Send) -> None:
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
            service_metrics.integration_failed(connection.api_id, connection.stage)
            reply = json.dumps({"message": "Internal server error", **failure})
        if reply is not None:
            self.post(connection, reply)

    async def _reply(self, connection: Connection, text: str, request_id: str) -> str | None:
        api = self._gateway._apis.get(connection.api_id) or {}
        selection = api.get("routeSelectionExpression") or "$request.body.action"
        key = self._gateway._evaluate_route_selection(selection, text)
        # A frame must not select the routes of the handshake and of the end.
        key = "$default" if key in ("$connect", "$disconnect") else key
        route = self._routes.match(connection.api_id, key, or_default=True)
        identity = {"connectionId": connection.connection_id, "requestId": request_id}
        if not self._admit(connection, str(route.get("routeKey")) if route else key):
            return json.dumps({"message": MESSAGE, **identity})
        if route is None:
            return json.dumps({"message": "Forbidden", **identity})
        event = self._routes.event(connection, route, "MESSAGE", request_id, text)
        reply = await self._routes.integrate(connection, route, event)
        if reply is None:
            service_metrics.integration_failed(connection.api_id, connection.stage)
            return json.dumps({"message": "Internal server error", **identity})
        body = reply.get("body")
        if not body or not route.get("routeResponseSelectionExpression"):
            return None
        return body if isinstance(body, str) else json.dumps(body)

    async def _disconnect(self, connection: Connection, code: int, reason: str) -> None:
        trace_headers.current.set(None)
        route = self._routes.match(connection.api_id, "$disconnect")
        if route is None:
            return
        request_id = str(patching.module("core.responses").new_uuid())
        event = self._routes.event(connection, route, "DISCONNECT", request_id)
        event["requestContext"] |= {"disconnectStatusCode": code, "disconnectReason": reason}
        try:
            await self._routes.integrate(connection, route, event)
        except Exception:
            logger.exception("The $disconnect of connection %s failed", connection.connection_id)

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
