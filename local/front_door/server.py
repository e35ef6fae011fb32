"""One origin for the browser: the site as CloudFront would serve it, the REST API, and the sign-in pages.

The site comes from its bucket with the metadata stored on each object and the distribution's response
headers; the addresses in `config.json` and in the content security policy are the local ones. WebSockets go
to the emulator directly. While the emulator is down, the API answers 503 in the contract's error form.
"""

import gzip
import logging
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote

import httpx
from botocore.exceptions import BotoCoreError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from inspector.api import PREFIX, Inspector
from local.deployment import client
from local.front_door import accounts, sign_in_page
from local.front_door.site_addresses import SiteAddresses, policy_headers

logger = logging.getLogger("parley.front_door")

COMPRESSED = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/manifest+json")
COMPRESS_FROM_BYTES = 1024
# Headers of one hop, and those that the server sets anew.
NOT_PASSED_ON = {
    "connection", "content-encoding", "content-length", "date", "host", "keep-alive", "server", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
FROM_STORED_OBJECT = (
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "etag",
    "last-modified",
)
UNAVAILABLE = {
    "code": "UNAVAILABLE",
    "message": "The local stage's emulator does not answer just now; it is being restarted.",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class FrontDoor:
    """The application; it learns what is deployed when `open` is called."""

    def __init__(self, emulator_url: str, addresses: SiteAddresses) -> None:
        self._emulator_url = emulator_url
        self._addresses = addresses
        self._outputs: Mapping[str, str] = {}
        self._site_headers: dict[str, str] = {}
        self.inspector = Inspector()
        self._http = httpx.AsyncClient(
            base_url=emulator_url,
            trust_env=False,
            timeout=httpx.Timeout(35, connect=2),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        )
        self.application = Starlette(
            routes=[
                Route("/config.json", self.config, methods=["GET", "HEAD"]),
                Route("/api/{path:path}", self.api, methods=METHODS),
                Route("/oauth2/revoke", self.revoke, methods=["POST"]),
                Route("/oauth2/{path:path}", self.sign_in, methods=["GET", "POST", "OPTIONS"]),
                Route("/login", self.sign_in, methods=["GET", "POST"]),
                Route("/signup", self.sign_up, methods=["GET", "POST"]),
                Route("/logout", self.sign_in, methods=["GET"]),
                *self.inspector.routes(),
                Route("/{path:path}", self.site, methods=["GET", "HEAD"]),
            ],
            exception_handlers={404: self.refuse, 405: self.refuse},
        )

    async def refuse(self, request: Request, refusal: Exception) -> Response:
        """What no route takes, such as a line break in a path, is refused in the contract's form."""
        status = refusal.status_code if isinstance(refusal, HTTPException) else 404
        return JSONResponse({"code": "NOT_FOUND", "message": "There is no such route."}, status_code=status)

    def open(self, outputs: Mapping[str, str]) -> None:
        """Serve what is deployed: its outputs, and its distribution's headers, read through the API."""
        self._outputs = outputs
        self._site_headers = self._addresses.rewrite_headers(self._distribution_headers())

    def open_inspector(self, description: Mapping[str, Any]) -> None:
        """Serve the inspector's data, if the stage's settings allow an inspector."""
        bucket = self._outputs.get("SiteBucketName", "")
        with httpx.Client(base_url=self._emulator_url, trust_env=False, timeout=5) as http:
            stored = http.get(f"/{bucket}/config.json")
        if stored.status_code == httpx.codes.OK and stored.json().get("inspector"):
            self.inspector.open(dict(description))

    def close(self) -> None:
        """Let go of what was opened on the stage."""
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

    async def config(self, request: Request) -> Response:
        """`config.json` with the local addresses."""
        stored = await self._stored("config.json")
        if stored is None or stored.status_code != httpx.codes.OK:
            return self._absent(stored)
        more = {"inspectorApi": PREFIX} if self.inspector.is_open else {}
        body = self._addresses.rewrite_config(stored.content, more)
        headers = self._site_headers | {"cache-control": stored.headers.get("cache-control", "no-cache")}
        return Response(body, headers=headers, media_type="application/json")

    async def api(self, request: Request) -> Response:
        """The REST API's stage, as the distribution's `/api/*` behaviour reaches it, with the same headers."""
        api_id = self._outputs.get("RestApiId", "")
        path = quote(request.path_params["path"], safe="/:@!$&'()*+,;=~-._%")
        response = await self._pass_on(request, f"/_aws/execute-api/{api_id}/api/{path}")
        for name, value in self._site_headers.items():
            response.headers[name] = value
        return response

    async def revoke(self, request: Request) -> Response:
        """The user pool's revocation endpoint."""
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        try:
            await to_thread(accounts.revoke, self._emulator_url, given)
        except accounts.RevocationError as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=400)
        except BotoCoreError:
            return JSONResponse(UNAVAILABLE, status_code=503)
        return Response(status_code=200)

    async def sign_in(self, request: Request) -> Response:
        """The user pool's pages and token endpoint, with the forms in our own page."""
        if request.url.path == "/login" and request.method == "GET":
            if "client_id" not in request.query_params:
                return await self.site(request)
            return RedirectResponse(f"/oauth2/authorize?{request.url.query}", status_code=302)
        if request.url.path == "/logout" and "client_id" not in request.query_params:
            return await self.site(request)
        response = await self._pass_on(request, request.url.path)
        content_type = response.headers.get("content-type", "")
        text = bytes(response.body).decode("utf-8", errors="replace")
        if sign_in_page.is_sign_in_page(content_type, text):
            return self._page(sign_in_page.read(text), response.status_code)
        return response

    async def sign_up(self, request: Request) -> Response:
        """The page that makes an account, and what it leads to: the code, as after signing in."""
        if request.method == "GET":
            if "client_id" not in request.query_params:
                return await self.site(request)
            return self._page(accounts.sign_up_form(request.query_params))
        given = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        try:
            await to_thread(accounts.create, self._emulator_url, self._outputs.get("UserPoolId", ""), given)
        except accounts.SignUpError as refusal:
            return self._page(accounts.sign_up_form(given, str(refusal)))
        except BotoCoreError:
            return self._absent(None)
        return await self._pass_on(request, "/login")

    def _page(self, form: sign_in_page.Form, status: int = 200) -> Response:
        return Response(
            sign_in_page.render(form),
            status_code=status,
            media_type="text/html",
            headers={
                "cache-control": "no-store",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
                f"form-action 'self' {self._addresses.origin}; frame-ancestors 'none'; base-uri 'none'",
                "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
            },
        )

    async def site(self, request: Request) -> Response:
        """An object of the site's bucket; a path without an extension is a view of the app."""
        path = request.url.path.lstrip("/")
        if not PurePosixPath(path).suffix:
            path = "index.html"
        stored = await self._stored(path)
        if stored is None or stored.status_code != httpx.codes.OK:
            return self._absent(stored)
        headers = self._site_headers | {
            name: stored.headers[name] for name in FROM_STORED_OBJECT if name in stored.headers
        }
        etag = headers.get("etag", "")
        if etag and etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = stored.content
        if self._is_compressed(request, headers.get("content-type", ""), body):
            body = gzip.compress(body, compresslevel=5)
            headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(body, headers=headers)

    def _is_compressed(self, request: Request, content_type: str, body: bytes) -> bool:
        accepts = "gzip" in request.headers.get("accept-encoding", "")
        return accepts and len(body) >= COMPRESS_FROM_BYTES and content_type.startswith(COMPRESSED)

    async def _stored(self, key: str) -> httpx.Response | None:
        """An object of the site's bucket, or None while the emulator is down."""
        bucket = self._outputs.get("SiteBucketName", "")
        try:
            return await self._http.get(f"/{bucket}/{quote(key)}")
        except httpx.TransportError:
            return None

    def _absent(self, stored: httpx.Response | None) -> Response:
        if stored is None:
            return PlainTextResponse(UNAVAILABLE["message"] + "\n", status_code=503, headers={"retry-after": "1"})
        return PlainTextResponse("There is no such file.\n", status_code=404, headers=self._site_headers)

    async def _pass_on(self, request: Request, path: str) -> Response:
        url = f"{path}?{request.url.query}" if request.url.query else path
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
        try:
            answered = await self._http.request(request.method, url, headers=headers, content=await request.body())
        except httpx.TransportError:
            return JSONResponse(UNAVAILABLE, status_code=503, headers={"retry-after": "1"})
        response = Response(answered.content, status_code=answered.status_code)
        for name, value in answered.headers.multi_items():
            if name.lower() == "location":
                response.headers["location"] = value.replace(self._emulator_url, self._addresses.origin)
            elif name.lower() not in NOT_PASSED_ON:
                response.headers.append(name, value)
        return response
