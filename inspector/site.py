"""The inspector's page and API on loopback, for the operator who started `parley inspect`.

Three checks keep other websites and other users of the machine out: the API takes a key that only the printed
address has (`sign_in.OperatorKey`); a request must name this server as its Host, so that the name of another
website does not lead here; and a page of another origin may not send requests. docs/adr/0031 gives the reasons.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspector.api import PREFIX, Inspector
from ops.stage.stage import Stage

KEY_PARAMETER = "key"
"""The name of the key in the fragment of the printed address, which browsers do not send to servers."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class OnlyFromHere:
    """Refuse requests that another name or another origin leads here, and set the security headers."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the requests of the own page."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        response: ASGIApp = self._app
        if f"http://{headers.get('host', '')}" != self._origin:
            response = PlainTextResponse(f"Open {self._origin}/inspector instead.\n", status_code=421)
        elif headers.get("origin", self._origin) != self._origin:
            response = PlainTextResponse("A page of another origin may not use the inspector.\n", status_code=403)
        await response(scope, receive, send_with_headers)


class InspectorSite:
    """Holds the ASGI `application`: the built UI in the folder `ui`, its configuration, and the API."""

    def __init__(self, inspector: Inspector, stage: Stage, *, ui: Path, origin: str) -> None:
        self._stage = stage
        self._ui = ui.resolve()
        self.application = Starlette(
            routes=[
                Route("/config.json", self.config, methods=["GET"]),
                *inspector.routes(),
                Route("/{path:path}", self.file, methods=["GET", "HEAD"]),
            ],
            middleware=[Middleware(OnlyFromHere, origin=origin)],
        )

    async def config(self, _request: Request) -> Response:
        """The configuration of a UI that shows the inspector alone."""
        config: dict[str, Any] = {
            "stage": self._stage.name,
            "region": self._stage.region,
            "inspector": True,
            "inspectorApi": PREFIX,
            "operator": True,
        }
        return JSONResponse(config, headers={"cache-control": "no-store"})

    async def file(self, request: Request) -> Response:
        """A file of the UI; a path without an extension is a view of it (`index.html`)."""
        path = request.path_params["path"]
        try:
            file = (self._ui / (path if PurePosixPath(path).suffix else "index.html")).resolve()
            is_served = file.is_relative_to(self._ui) and file.is_file()
        except (OSError, ValueError):
            # The system has no files with such names.
            is_served = False
        if not is_served:
            return PlainTextResponse("There is no such file.\n", status_code=404)
        return FileResponse(file, headers={"cache-control": "no-cache"})
