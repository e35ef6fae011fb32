"""The inspector's data over HTTP, from the same readers as `python -m ops`, for people of the stage alone.

The page is part of the UI. A stage on AWS has no such routes: there the consoles show all this.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from httpx import HTTPError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from inspector import queries
from inspector.live import LiveNews
from inspector.tokens import NotSignedInError, TokenVerifier
from ops import times
from ops.errors import BadRequestError, NotFoundError, OpsError
from ops.events.bus_event import BusEvent, EventFilter
from ops.follow import message_report, traces
from ops.stage.stage import Stage

PREFIX = "/inspector-api"
HEARTBEAT_SECONDS = 15.0
NEVER_STORED = {"cache-control": "no-store"}
UNAVAILABLE = "The local stage's emulator does not answer just now; it is being restarted."

Answer = TypeVar("Answer")
Handler = Callable[[Request], Awaitable[Response]]


class Inspector:
    """The routes; they answer once `open` has said what is deployed."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._tokens: TokenVerifier | None = None
        self._live: LiveNews | None = None

    def open(self, description: dict[str, Any]) -> None:
        """Serve a local stage, by its description."""
        stage = Stage.described(description)
        self._stage = stage
        self._live = LiveNews(stage)
        self._tokens = TokenVerifier(
            emulator_url=description["emulatorUrl"],
            region=description["region"],
            user_pool_id=stage.output("Auth", "UserPoolId"),
            client_id=stage.output("Frontend", "UserPoolClientId"),
        )

    def close(self) -> None:
        """End what watches the stage."""
        if self._live is not None:
            self._live.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a stage to serve."""
        return self._stage is not None

    def routes(self) -> list[Route]:
        """The routes for the front door, each for signed-in people only."""
        served: dict[str, Handler] = {
            "/workflow": self.workflow,
            "/runs": self.runs,
            "/runs/{run_id}": self.run,
            "/events": self.events,
            "/live": self.live,
            "/follow/{message_id}": self.follow,
            "/traces/{trace_id}": self.trace,
            "/channels": self.channels,
            "/channels/{channel_id}/events": self.channel,
            "/{path:path}": self.absent,
        }
        return [Route(PREFIX + path, self._guarded(handler), methods=["GET"]) for path, handler in served.items()]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                if self._tokens is None:
                    return refusal(503, "UNAVAILABLE", "The stage is still starting.")
                request.state.person = await self._tokens.verify(request.headers.get("authorization"))
                return await handler(request)
            except NotSignedInError as refused:
                return refusal(401, "UNAUTHENTICATED", str(refused))
            except NotFoundError as absence:
                return refusal(404, "NOT_FOUND", str(absence))
            except BadRequestError as fault:
                return refusal(400, "INVALID_REQUEST", str(fault))
            except (OpsError, EndpointConnectionError, HTTPError) as fault:
                return refusal(503, "UNAVAILABLE", str(fault) if isinstance(fault, OpsError) else UNAVAILABLE)
            except (ClientError, BotoCoreError) as fault:
                return refusal(503, "UNAVAILABLE", f"The emulator refused: {fault}")

        return guarded

    async def workflow(self, _request: Request) -> Response:
        """The definition that runs are drawn on."""
        return answer(await self._ask(queries.workflow))

    async def runs(self, request: Request) -> Response:
        """Recent runs, filtered."""
        query = request.query_params
        wanted = queries.RunFilter(
            status=_one_of(query.get("status"), "status", ("succeeded", "failed", "troubled")),
            detail_type=_kind(query.get("detailType")),
            channel_id=query.get("channelId"),
            message_id=query.get("messageId"),
            user_id=query.get("userId"),
            mode=_one_of(query.get("mode"), "mode", ("live", "dry-run")),
        )
        order = _one_of(query.get("order"), "order", ("newest", "failed-first")) or "newest"
        since_ms, limit = times.moment(query.get("since") or "1h"), _number(query.get("limit"), 50, 200)
        return answer(
            await self._ask(
                lambda stage: queries.runs(
                    stage, wanted, since_ms=since_ms, limit=limit, failed_first=order == "failed-first"
                )
            )
        )

    async def run(self, request: Request) -> Response:
        """One run, state by state."""
        return answer(await self._ask(lambda stage: queries.run(stage, request.path_params["run_id"])))

    async def events(self, request: Request) -> Response:
        """Archived events of a time."""
        query = request.query_params
        wanted = self._wanted(request)
        since_ms, until_ms = times.moment(query.get("since") or "15m"), times.moment(query.get("until") or "now")
        limit = _number(query.get("limit"), 200, 1_000)
        return answer(
            await self._ask(
                lambda stage: queries.events(stage, wanted, since_ms=since_ms, until_ms=until_ms, limit=limit)
            )
        )

    async def follow(self, request: Request) -> Response:
        """The way of one message."""
        message_id = request.path_params["message_id"]
        return answer(await self._ask(lambda stage: message_report.follow(stage, message_id).as_json()))

    async def trace(self, request: Request) -> Response:
        """One trace."""
        trace_id = request.path_params["trace_id"]
        found = await self._ask(lambda stage: traces.by_id(stage, [trace_id]))
        if not found:
            raise NotFoundError(f"No trace {trace_id} is held (any more).")
        return answer(found[0].as_json())

    async def channels(self, _request: Request) -> Response:
        """The channels that the archive knows."""
        return answer(await self._ask(queries.channels))

    async def channel(self, request: Request) -> Response:
        """Everything that happened in one channel."""
        channel_id = request.path_params["channel_id"]
        return answer(await self._ask(lambda stage: queries.channel(stage, channel_id)))

    async def absent(self, request: Request) -> Response:
        """No such route."""
        raise NotFoundError(f"There is nothing at {request.url.path}.")

    async def live(self, request: Request) -> Response:
        """Events and runs as they happen, until the page is closed, or the session ends."""
        wanted, channel_id = self._wanted(request), request.query_params.get("channelId")
        return StreamingResponse(
            self._stream(wanted, channel_id, until_ms=request.state.person.session_expires_at_ms),
            media_type="text/event-stream",
            headers={**NEVER_STORED, "x-accel-buffering": "no"},
        )

    async def _stream(self, wanted: EventFilter, channel_id: str | None, *, until_ms: int) -> AsyncIterator[str]:
        if self._live is None:
            return
        listener = self._live.join()
        try:
            yield ": hello\n\n"
            while times.now() < until_ms:
                news = await listener.next(HEARTBEAT_SECONDS)
                if not news:
                    yield ": still here\n\n"
                    continue
                text = "".join(
                    f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
                    for kind, data in news
                    if _is_wanted(kind, data, wanted, channel_id)
                )
                if text:
                    yield text
        finally:
            self._live.leave(listener)

    def _wanted(self, request: Request) -> EventFilter:
        query = request.query_params
        kinds = frozenset(kind for value in query.getlist("type") if (kind := _kind(value)))
        return EventFilter(types=kinds, channel_id=query.get("channelId"), user_id=query.get("userId"))

    async def _ask(self, question: Callable[[Stage], Answer]) -> Answer:
        """Ask a reader, which waits for the emulator, beside the event loop."""
        stage = self._stage
        if stage is None:
            raise OpsError("The stage is still starting.")
        return await asyncio.to_thread(question, stage)


def answer(body: Any) -> Response:
    """What was asked for; chat text is in it, so no cache keeps it."""
    return JSONResponse(body, headers=NEVER_STORED)


def refusal(status: int, code: str, message: str) -> Response:
    """An error in the contract's form."""
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=NEVER_STORED)


def _is_wanted(kind: str, data: dict[str, Any], wanted: EventFilter, channel_id: str | None) -> bool:
    if kind == "event":
        raw = {"detail-type": data["detailType"], "detail": data["detail"]}
        return wanted.matches(BusEvent(raw))
    return kind == "gap" or not channel_id or data["channelId"] == channel_id


def _one_of(value: str | None, name: str, allowed: tuple[str, ...]) -> str | None:
    if value is not None and value not in allowed:
        raise BadRequestError(f"The query's '{name}' is not right: expected {', '.join(allowed)}.")
    return value


def _kind(value: str | None) -> str | None:
    known = tuple({**CHANNEL_EVENTS, **STATUS_UPDATES})
    return _one_of(value, "type", known)


def _number(value: str | None, default: int, most: int) -> int:
    if value is None:
        return default
    if not value.isdigit() or not 1 <= int(value) <= most:
        raise BadRequestError(f"The query's 'limit' is not right: expected 1 to {most}.")
    return int(value)
