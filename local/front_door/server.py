"""One origin for the browser: the site as CloudFront serves it, the REST API, the sign-in pages and the inspector.

The site comes from its bucket with the metadata stored on each object and the distribution's response headers;
the addresses in `config.json` and in the content security policy are the local ones. WebSockets connect to the
emulator directly. While the emulator is down, the API answers 503 in the contract's error form.
"""

import ssl
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
from botocore.exceptions import BotoCoreError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from inspector.api import PREFIX, Inspector
from inspector.tokens import TokenVerifier
from local.deployment import client
from local.emulator import loopback
from local.front_door import accounts, sign_in_page
from local.front_door.immutable_files import ImmutableFiles
from local.front_door.site_addresses import SiteAddresses, policy_headers
from ops.stage.stage import Stage

# Used for the site only; the middleware excludes images, fonts and event streams.
COMPRESSION = Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
SITE_MIDDLEWARE = [Middleware(ImmutableFiles), COMPRESSION]
# Hop-by-hop headers, those that the server sets itself, and `sec-fetch-site`: the emulator refuses all requests of
# other websites, but one of them may have a link to the sign-in page.
NOT_FORWARDED = {
    "connection", "content-encoding", "content-length", "date", "host", "keep-alive", "sec-fetch-site", "server",
    "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
FROM_STORED_OBJECT = (
    "cache-control", "content-disposition", "content-language", "content-type", "etag", "last-modified",
)  # fmt: skip
UNAVAILABLE = {
    "code": "UNAVAILABLE",
    "message": "The local stage's emulator does not answer; it is being restarted. Try again in a few seconds.",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class OnlyFromHere:
    """Refuses what other websites send, and paths that do not stay below the one that they are forwarded to.

    The emulator, behind this server, runs the code that its callers give it.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the requests of pages of this machine, and links to it."""
        response = self._application
        if scope["type"] == "http":
            response = _refusal(scope) or response
        await response(scope, receive, send)


def _refusal(scope: Scope) -> Response | None:
    """The response to a request that is refused."""
    is_link = scope["method"] in ("GET", "HEAD") and "origin" not in Headers(scope=scope)
    if message := loopback.refusal(scope["headers"], of_host_only=is_link):
        return PlainTextResponse(message, status_code=403)
    # The client that forwards requests resolves these.
    if {".", ".."} & set(scope["path"].split("/")):
        return no_such_route()
    return None


# The emulator speaks plain HTTP. By default each client reads the certificates, which takes 20 to 50 ms.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class FrontDoor:
    """Holds the ASGI `application`; `open` sets the deployment that it serves."""

    def __init__(self, emulator_url: str, addresses: SiteAddresses) -> None:
        self._emulator_url = emulator_url
        self._addresses = addresses
        self._outputs: Mapping[str, str] = {}
        self._site_headers: dict[str, str] = {}
        self.inspector = Inspector()
        self._http = httpx.AsyncClient(
            base_url=emulator_url,
            trust_env=False,
            verify=_NO_CERTIFICATES,
            timeout=httpx.Timeout(35, connect=2),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        )
        self.application = Starlette(
            routes=[
                Route("/config.json", self.config, methods=["GET", "HEAD"]),
                Route("/api/{path:path}", self.api, methods=METHODS),
                Route("/oauth2/revoke", self.revoke, methods=["POST"]),
                Route("/oauth2/{path:path}", self.sign_in, methods=["GET", "POST", "OPTIONS"]),
                Route("/login", self.start_sign_in, methods=["GET"]),
                Route("/login", self.sign_in, methods=["POST"]),
                Route("/signup", self.sign_up_page, methods=["GET"]),
                Route("/signup", self.sign_up, methods=["POST"]),
                Route("/logout", self.sign_out, methods=["GET"]),
                *self.inspector.routes(),
                Route("/{path:path}", self.site, methods=["GET", "HEAD"], middleware=SITE_MIDDLEWARE),
            ],
            exception_handlers={404: self.refuse, 405: self.refuse},
            middleware=[Middleware(OnlyFromHere)],
        )

    async def refuse(self, _request: Request, error: Exception) -> Response:
        """Refuse what no route matches, such as a path with a line break, in the contract's error form."""
        return no_such_route(error.status_code if isinstance(error, HTTPException) else 404)

    def open(self, outputs: Mapping[str, str]) -> None:
        """Serve a deployment, given its outputs by name; its distribution's headers are read from the emulator."""
        self._outputs = outputs
        self._site_headers = self._addresses.rewrite_headers(self._distribution_headers())

    def open_inspector(self, description: Mapping[str, Any]) -> None:
        """Serve the inspector of the stage with this description, if the deployed settings enable it."""
        bucket = self._outputs.get("SiteBucketName", "")
        with httpx.Client(
            base_url=self._emulator_url, trust_env=False, verify=_NO_CERTIFICATES, timeout=5
        ) as http:
            stored = http.get(f"/{bucket}/config.json")
        if stored.status_code == httpx.codes.OK and stored.json().get("inspector"):
            stage = Stage.from_status(dict(description))
            tokens = TokenVerifier(
                emulator_url=self._emulator_url,
                region=stage.region,
                user_pool_id=stage.output("Auth", "UserPoolId"),
                client_id=stage.output("Frontend", "UserPoolClientId"),
            )
            self.inspector.open(stage, tokens)

    def close(self) -> None:
        """Close the inspector's subscriptions on the stage."""
        self.inspector.close()

    def _distribution_headers(self) -> dict[str, str]:
        distribution_id = self._outputs.get("DistributionId")
        if not distribution_id:
            return {}
        cloudfront = client("cloudfront", self._emulator_url)
        config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
        policy_id = config["DefaultCacheBehavior"].get("ResponseHeadersPolicyId")
        if not policy_id:
            return {}
        policy = cloudfront.get_response_headers_policy(Id=policy_id)["ResponseHeadersPolicy"]
        return policy_headers(policy["ResponseHeadersPolicyConfig"])

    async def config(self, _request: Request) -> Response:
        """`config.json` with the local addresses."""
        stored = await self._stored_object("config.json")
        if stored is None or stored.status_code != httpx.codes.OK:
            return self._missing(stored)
        more = {"inspectorApi": PREFIX} if self.inspector.is_open else {}
        body = self._addresses.rewrite_config(stored.content, more)
        headers = self._site_headers | {"cache-control": stored.headers.get("cache-control", "no-cache")}
        return Response(body, headers=headers, media_type="application/json")

    async def api(self, request: Request) -> Response:
        """The REST API's stage, as the distribution's `/api/*` behaviour serves it, with the same headers."""
        api_id = self._outputs.get("RestApiId", "")
        path = quote(request.path_params["path"], safe="/:@!$&'()*+,;=~-._%")
        response = await self._forward(request, f"/_aws/execute-api/{api_id}/api/{path}")
        for name, value in self._site_headers.items():
            response.headers[name] = value
        return response

    async def revoke(self, request: Request) -> Response:
        """The user pool's revocation endpoint."""
        try:
            await to_thread(accounts.revoke, self._emulator_url, await form_values(request))
        except accounts.RevocationError as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=400)
        except BotoCoreError:
            return unavailable()
        return Response(status_code=200)

    async def start_sign_in(self, request: Request) -> Response:
        """Redirect an authorization request to its endpoint; without one, `/login` is a view of the UI."""
        if "client_id" not in request.query_params:
            return await self.site(request)
        return RedirectResponse(f"/oauth2/authorize?{request.url.query}", status_code=302)

    async def sign_in(self, request: Request) -> Response:
        """The user pool's sign-in pages and token endpoint; a page's form is rendered in Parley's page."""
        response = await self._forward(request, request.url.path)
        text = bytes(response.body).decode("utf-8", errors="replace")
        if sign_in_page.is_sign_in_page(response.headers.get("content-type", ""), text):
            values = await form_values(request)
            return self._page(sign_in_page.parse(text, values), response.status_code)
        return response

    async def sign_up_page(self, request: Request) -> Response:
        """The empty sign-up form; without an authorization request, `/signup` is a view of the UI."""
        if "client_id" not in request.query_params:
            return await self.site(request)
        return self._page(accounts.sign_up_form(request.query_params))

    async def sign_up(self, request: Request) -> Response:
        """Create the account, then sign in: redirects with the code, or shows the form with the error."""
        values = await form_values(request)
        try:
            await to_thread(accounts.create, self._emulator_url, self._outputs.get("UserPoolId", ""), values)
        except accounts.SignUpError as refusal:
            return self._page(accounts.sign_up_form(values, str(refusal)))
        except BotoCoreError:
            return self._missing(None)
        return await self._forward(request, "/login")

    async def sign_out(self, request: Request) -> Response:
        """The user pool's sign-out endpoint; without a client id, `/logout` is a view of the UI."""
        if "client_id" not in request.query_params:
            return await self.site(request)
        return await self._forward(request, "/logout")

    def _page(self, form: sign_in_page.Form, status: int = 200) -> Response:
        return HTMLResponse(
            sign_in_page.render(form),
            status_code=status,
            headers={
                "cache-control": "no-store",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
                f"form-action {' '.join(self._form_actions(form))}; frame-ancestors 'none'; base-uri 'none'",
                "x-content-type-options": "nosniff",
                # With no referrer at all, browsers would send `null` as the origin of the form.
                "referrer-policy": "same-origin",
            },
        )

    def _form_actions(self, form: sign_in_page.Form) -> list[str]:
        """Where a form may lead: browsers apply the policy to the redirect that follows the form, too.

        That redirect goes to the site, or to the UI's development server on another port.
        """
        allowed = ["'self'", self._addresses.origin]
        returns_to = sign_in_page.local_origin(form.redirect_uri)
        return allowed if returns_to is None or returns_to in allowed else [*allowed, returns_to]

    async def site(self, request: Request) -> Response:
        """An object of the site's bucket; a path without an extension is a view of the UI (`index.html`)."""
        path = request.path_params.get("path", "")
        stored = await self._stored_object(path if PurePosixPath(path).suffix else "index.html")
        if stored is None or stored.status_code != httpx.codes.OK:
            return self._missing(stored)
        headers = self._site_headers | {
            name: stored.headers[name] for name in FROM_STORED_OBJECT if name in stored.headers
        }
        etag = headers.get("etag", "")
        if etag and etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(stored.content, headers=headers)

    async def _stored_object(self, key: str) -> httpx.Response | None:
        """The bucket's answer for an object of the site, or None while the emulator is down."""
        bucket = self._outputs.get("SiteBucketName", "")
        try:
            return await self._http.get(f"/{bucket}/{quote(key)}")
        except httpx.TransportError:
            return None

    def _missing(self, stored: httpx.Response | None) -> Response:
        if stored is None:
            return PlainTextResponse(UNAVAILABLE["message"] + "\n", status_code=503, headers={"retry-after": "1"})
        return PlainTextResponse("There is no such file.\n", status_code=404, headers=self._site_headers)

    async def _forward(self, request: Request, path: str) -> Response:
        """The emulator's answer to the same request at another path; its redirects lead to the front door."""
        url = f"{path}?{request.url.query}" if request.url.query else path
        headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
        try:
            answer = await self._http.request(request.method, url, headers=headers, content=await request.body())
        except httpx.TransportError:
            return unavailable()
        response = Response(answer.content, status_code=answer.status_code)
        for name, value in answer.headers.multi_items():
            if name == "location":
                response.headers["location"] = value.replace(self._emulator_url, self._addresses.origin)
            elif name not in NOT_FORWARDED:
                response.headers.append(name, value)
        return response


async def form_values(request: Request) -> dict[str, str]:
    """The values of a posted HTML form by name. What is not UTF-8 is replaced, so the user pool refuses it."""
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def no_such_route(status: int = 404) -> Response:
    """The answer to what no route matches, in the contract's error form."""
    return JSONResponse({"code": "NOT_FOUND", "message": "There is no such route."}, status_code=status)


def unavailable() -> Response:
    """The answer while the emulator is down."""
    return JSONResponse(UNAVAILABLE, status_code=503, headers={"retry-after": "1"})
