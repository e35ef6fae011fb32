"""The site's files: those that never change are read once."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.front_door.server import SITE_MIDDLEWARE

IMMUTABLE = "public, max-age=31536000, immutable"
TEXT = "parley " * 1_000

pytestmark = pytest.mark.anyio


@pytest.fixture
def read() -> list[str]:
    """What was read from the bucket."""
    return []


@pytest.fixture
def client(read: list[str]) -> httpx.AsyncClient:
    """A client of a site with files that change and others."""

    async def file(request: Request) -> Response:
        read.append(request.method)
        status = int(request.query_params.get("status", "200"))
        headers = {"cache-control": IMMUTABLE if request.url.path.startswith("/assets") else "no-cache"}
        return Response(TEXT, status_code=status, headers=headers, media_type="text/javascript")

    site = Starlette(routes=[Route("/{path:path}", file, middleware=SITE_MIDDLEWARE)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://localhost")


async def test_an_immutable_file_is_read_once_for_each_encoding(client: httpx.AsyncClient, read: list[str]):
    """The second response is the first one, headers included."""
    for encoding in ("gzip", "identity"):
        headers = {"accept-encoding": encoding}
        first, second = [await client.get("/assets/a.js", headers=headers) for _ in range(2)]
        assert first.text == second.text == TEXT
        assert first.headers == second.headers
        assert first.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
    assert len(read) == 2


@pytest.mark.parametrize("path", ["/index.html", "/assets/a.js?status=404"])
async def test_a_file_that_changes_or_is_missing_is_read_again(
    path: str, client: httpx.AsyncClient, read: list[str]
):
    """Its next response may differ."""
    for _ in range(2):
        await client.get(path)
    assert len(read) == 2


async def test_a_request_without_a_body_or_under_a_condition_is_passed_on(
    client: httpx.AsyncClient, read: list[str]
):
    """Its response is another one, and is not kept."""
    await client.head("/assets/a.js")
    await client.get("/assets/a.js", headers={"if-none-match": '"1"'})
    assert (await client.get("/assets/a.js")).text == TEXT
    await client.head("/assets/a.js")
    assert read == ["HEAD", "GET", "GET", "HEAD"]
