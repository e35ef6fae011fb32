"""The inspector's API: what the operator commands show, over HTTP, for those who are signed in.

The local stage serves it at `/inspector-api` to its users, `parley inspect` to its operator on loopback. A
deployed stage has no such routes. The page is part of the UI.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from jwt.exceptions import PyJWKClientConnectionError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from inspector import dead_letters, explore, names, queries
from inspector.live import Item, LiveFeed
from inspector.models import InspectedStage
from inspector.sign_in import NotSignedInError, SignIn
from ops import refusals, times
from ops.errors import BadRequestError, NotFoundError, OpsError
from ops.events.bus_event import BusEvent, EventFilter
from ops.follow import message_report, service_map, traces
from ops.metrics import dashboard
from ops.models import Answer, PublishedEvent, RunSummary
from ops.stage.stage import Stage

PREFIX = "/inspector-api"
HEARTBEAT_SECONDS = 15.0
MAX_QUERIES = 8
"""The most queries that run at the same time; others wait."""
NOT_CACHED = {"cache-control": "no-store"}
RESTARTING = "The local stage's emulator does not answer; it is being restarted. Try again in a moment."

Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]


class Inspector:
    """The routes. They answer 503 until `open` is called with the deployed stage."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._sign_in: SignIn | None = None
        self._live: LiveFeed | None = None
        self._redriving = threading.Lock()
        # Not the event loop's own threads, which restart and stop the local stage: queries can take minutes.
        self._threads = ThreadPoolExecutor(MAX_QUERIES, thread_name_prefix="inspector")

    def open(self, stage: Stage, sign_in: SignIn) -> None:
        """Serve a stage to those whom `sign_in` accepts."""
        self._stage = stage
        self._live = LiveFeed(stage)
        self._sign_in = sign_in

    def end_streams(self) -> None:
        """End the live feed of every open page: a server that stops waits for its streams."""
        if self._live is not None:
            self._live.end()

    def close(self) -> None:
        """Stop the live feed, and wait for a redrive to end."""
        if self._live is not None:
            self._live.close()
        with self._redriving:
            return

    @property
    def is_open(self) -> bool:
        """Whether `open` was called."""
        return self._stage is not None

    def routes(self) -> list[Route]:
        """The routes, all behind the check of the caller."""
        handlers: dict[str, Handler] = {
            "/stage": self.stage,
            "/names": self.names,
            "/workflow": self.workflow,
            "/runs": self.runs,
            "/runs/{run_id}": self.run,
            "/events": self.events,
            "/live": self.live,
            "/follow/{message_id}": self.follow,
            "/traces/{trace_id}": self.trace,
            "/channels": self.channels,
            "/channels/{channel_id}/events": self.channel,
            "/dead-letters": self.dead_letters,
            "/metrics": self.metrics,
            "/services": self.services,
            "/traces": self.traces,
            "/rows": self.tables,
            "/rows/{table}": self.row,
            "/logs": self.logs,
            "/connections": self.connections,
            "/{path:path}": self.not_found,
        }
        return [
            Route(f"{PREFIX}/dead-letters/{{queue}}/redrive", self._guarded(self.redrive), methods=["POST"]),
            *(Route(PREFIX + path, self._guarded(handler), methods=["GET"]) for path, handler in handlers.items()),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        """The handler for those who are signed in, with errors as JSON."""

        async def guarded(request: Request) -> Response:
            try:
                if self._sign_in is None:
                    return refusal(503, "UNAVAILABLE", "The stage is still starting. Try again in a moment.")
                authorization = request.headers.get("authorization")
                request.state.session_end_ms = await self._sign_in.session_end_ms(authorization)
                return await handler(request)
            except asyncio.CancelledError:
                # The server stops; the thread of the query goes on until the process ends.
                return refusal(503, "UNAVAILABLE", "The inspector was stopped.")
            except NotSignedInError as error:
                return refusal(401, "UNAUTHENTICATED", str(error))
            except NotFoundError as error:
                return refusal(404, "NOT_FOUND", str(error))
            except BadRequestError as error:
                return refusal(400, "INVALID_REQUEST", str(error))
            except OpsError as error:
                return refusal(503, "UNAVAILABLE", str(error))
            except (EndpointConnectionError, PyJWKClientConnectionError) as error:
                return refusal(503, "UNAVAILABLE", _not_answered(error))
            except ClientError as error:
                code = "DENIED" if refusals.is_denied(error) else "UNAVAILABLE"
                return refusal(403 if code == "DENIED" else 503, code, refusals.sentence(error))
            except BotoCoreError as error:
                return refusal(503, "UNAVAILABLE", refusals.sentence(error))

        return guarded

    async def stage(self, _request: Request) -> Response:
        """Which stage this is."""
        return json_response(
            await self._query(
                lambda stage: InspectedStage(
                    name=stage.name,
                    region=stage.region,
                    deployed=not stage.is_local,
                    may_redrive=self._is_for_operators,
                )
            )
        )

    async def names(self, _request: Request) -> Response:
        """The names of users and channels."""
        return json_response(await self._query(names.read))

    async def workflow(self, _request: Request) -> Response:
        """The workflow's definition."""
        return json_response(await self._query(queries.workflow))

    async def runs(self, request: Request) -> Response:
        """Recent runs, filtered."""
        query = request.query_params
        run_filter = queries.RunFilter(
            status=_one_of(query.get("status"), "status", ("succeeded", "failed", "troubled")),
            detail_type=_detail_type(query.get("detailType")),
            channel_id=query.get("channelId"),
            message_id=query.get("messageId"),
            user_id=query.get("userId"),
            mode=_one_of(query.get("mode"), "mode", ("live", "dry-run")),
        )
        order = _one_of(query.get("order"), "order", ("newest", "failed-first")) or "newest"
        since_ms, limit = times.parse(query.get("since") or "1h"), _limit(query.get("limit"), 50, 200)

        def find(stage: Stage) -> Answer:
            return queries.runs(
                stage, run_filter, since_ms=since_ms, limit=limit, failed_first=order == "failed-first"
            )

        return json_response(await self._query(find))

    async def run(self, request: Request) -> Response:
        """One run with its states and posts."""
        return json_response(await self._query(lambda stage: queries.run(stage, request.path_params["run_id"])))

    async def events(self, request: Request) -> Response:
        """Archived events, filtered."""
        query = request.query_params
        event_filter = _event_filter(request)
        since_ms, until_ms = times.parse(query.get("since") or "15m"), times.parse(query.get("until") or "now")
        limit = _limit(query.get("limit"), 200, 1_000)
        return json_response(
            await self._query(
                lambda stage: queries.events(
                    stage, event_filter, since_ms=since_ms, until_ms=until_ms, limit=limit
                )
            )
        )

    async def follow(self, request: Request) -> Response:
        """One message through the system."""
        message_id = request.path_params["message_id"]
        return json_response(await self._query(lambda stage: message_report.follow(stage, message_id)))

    async def trace(self, request: Request) -> Response:
        """One trace."""
        trace_id = request.path_params["trace_id"]
        found = await self._query(lambda stage: traces.by_id(stage, [trace_id]))
        if not found:
            raise NotFoundError(f"X-Ray holds no trace {trace_id}, or no longer.")
        return json_response(found[0])

    async def channels(self, _request: Request) -> Response:
        """The channels that have events in the archive."""
        return json_response(await self._query(queries.channels))

    async def channel(self, request: Request) -> Response:
        """The history of one channel."""
        channel_id = request.path_params["channel_id"]
        return json_response(await self._query(lambda stage: queries.channel(stage, channel_id)))

    async def dead_letters(self, _request: Request) -> Response:
        """The dead letters of all queues."""
        return json_response(await self._query(dead_letters.read))

    async def redrive(self, request: Request) -> Response:
        """Process the dead letters of a queue again: the one route that changes the stage."""
        if not self._is_for_operators:
            return refusal(403, "FORBIDDEN", "Only an operator may do this: run `parley inspect`.")
        queue = request.path_params["queue"]

        def redrive(stage: Stage) -> Answer:
            with self._redriving:
                return dead_letters.redrive(stage, queue)

        return json_response(await self._query(redrive))

    async def tables(self, _request: Request) -> Response:
        """The tables, with their keys."""
        return json_response(explore.table_list())

    async def row(self, request: Request) -> Response:
        """One row by its key."""
        table, key = request.path_params["table"], tuple(request.query_params.getlist("key"))
        return json_response(await self._query(lambda stage: explore.row(stage, table, key)))

    async def logs(self, request: Request) -> Response:
        """Log lines about an id, or errors."""
        since_ms, until_ms = _since(request)
        identifier = request.query_params.get("id") or ""
        return json_response(
            await self._query(lambda stage: explore.logs(stage, identifier, since_ms=since_ms, until_ms=until_ms))
        )

    async def connections(self, request: Request) -> Response:
        """Who is connected."""
        user = request.query_params.get("user")
        return json_response(await self._query(lambda stage: explore.connections(stage, user)))

    @property
    def _is_for_operators(self) -> bool:
        return self._sign_in is not None and self._sign_in.is_operator

    async def metrics(self, request: Request) -> Response:
        """The dashboard's graphs, the alarms and their changes, as `parley dashboard` shows them."""
        since_ms, until_ms = _since(request)
        return json_response(
            await self._query(lambda stage: dashboard.read(stage, since_ms=since_ms, until_ms=until_ms))
        )

    async def services(self, request: Request) -> Response:
        """The services of recorded traces, and the calls between them."""
        since_ms, until_ms = _since(request)
        return json_response(
            await self._query(lambda stage: service_map.read(stage, since_ms=since_ms, until_ms=until_ms))
        )

    async def traces(self, request: Request) -> Response:
        """The newest traces of one service."""
        since_ms, until_ms = _since(request)
        service = request.query_params.get("service") or ""
        return json_response(
            await self._query(
                lambda stage: service_map.traces(stage, service, since_ms=since_ms, until_ms=until_ms)
            )
        )

    async def not_found(self, request: Request) -> Response:
        """Any other path."""
        raise NotFoundError(f"There is no route {request.url.path}.")

    async def live(self, request: Request) -> Response:
        """Events and ended runs as server-sent events, until the page is closed or the session ends."""
        return StreamingResponse(
            self._stream(_event_filter(request), until_ms=request.state.session_end_ms),
            media_type="text/event-stream",
            headers={**NOT_CACHED, "x-accel-buffering": "no"},
        )

    async def _stream(self, event_filter: EventFilter, *, until_ms: int) -> AsyncIterator[str]:
        if self._live is None:
            return
        listener = self._live.join()
        try:
            yield ": connected\n\n"
            while times.now() < until_ms and not self._live.is_ended:
                items = await listener.next(HEARTBEAT_SECONDS)
                if not items:
                    yield ": heartbeat\n\n"
                    continue
                text = "".join(
                    f"event: {item.kind}\ndata: {item.answer.model_dump_json(by_alias=True)}\n\n"
                    for item in items
                    if _passes(item, event_filter)
                )
                if text:
                    yield text
        finally:
            self._live.leave(listener)

    async def _query(self, query: Callable[[Stage], Result]) -> Result:
        """Run a query, which blocks, on a worker thread."""
        if self._stage is None:
            raise OpsError("The stage is still starting. Try again in a moment.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, query, self._stage)


def json_response(answer: Answer) -> Response:
    """An answer as JSON. It may hold message texts, so that no cache may keep it."""
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json", headers=NOT_CACHED)


def refusal(status: int, code: str, message: str) -> Response:
    """An error, in the form that the REST API has."""
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=NOT_CACHED)


def _not_answered(error: EndpointConnectionError | PyJWKClientConnectionError) -> str:
    """The sentence for a connection that failed: only the local stage's emulator is at a loopback address."""
    is_of_aws = isinstance(error, EndpointConnectionError) and refusals.EMULATOR not in str(error)
    return f"AWS could not be reached: {error}" if is_of_aws else RESTARTING


def _passes(item: Item, event_filter: EventFilter) -> bool:
    match item.answer:
        case PublishedEvent(detail_type=detail_type, detail=detail):
            return event_filter.matches(BusEvent({"detail-type": detail_type, "detail": detail}))
        case RunSummary(channel_id=channel_id):
            return event_filter.channel_id in (None, channel_id)
        case _:
            return True


def _event_filter(request: Request) -> EventFilter:
    query = request.query_params
    types = frozenset(name for value in query.getlist("type") if (name := _detail_type(value)))
    return EventFilter(types=types, channel_id=query.get("channelId") or None, user_id=query.get("userId"))


def _since(request: Request) -> tuple[int, int]:
    """The time from the query's `since`, an hour ago without it, until now."""
    since_ms, until_ms = times.parse(request.query_params.get("since") or "1h"), times.now()
    times.require_order(since_ms, until_ms)
    return since_ms, until_ms


def _one_of(value: str | None, name: str, allowed: tuple[str, ...]) -> str | None:
    if value is not None and value not in allowed:
        raise BadRequestError(f"The query's '{name}' is not valid: expected {', '.join(allowed)}.")
    return value


def _detail_type(value: str | None) -> str | None:
    return _one_of(value, "type", tuple({**CHANNEL_EVENTS, **STATUS_UPDATES}))


def _limit(value: str | None, default: int, maximum: int) -> int:
    if value is None:
        return default
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(maximum))
    if not (is_number and 1 <= int(value) <= maximum):
        raise BadRequestError(f"The query's 'limit' is not valid: expected 1 to {maximum}.")
    return int(value)
