"""The front door serves pages of this machine only, and a path stays below the one that it is forwarded to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from local.front_door import accounts
from local.front_door.server import FrontDoor
from local.front_door.site_addresses import SiteAddresses

ORIGIN = "http://127.0.0.1:4280"
EVIL = "https://evil.example.com"
pytestmark = pytest.mark.anyio


@dataclass
class Door:
    """A front door whose emulator answers 200 and records the requests that reach it."""

    http: httpx.AsyncClient
    forwarded: list[httpx.Request] = field(default_factory=list)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A front door of a deployment, without an emulator."""
    front_door = FrontDoor("http://127.0.0.1:1", SiteAddresses(ORIGIN, 1))
    front_door._outputs = {"RestApiId": "abc", "SiteBucketName": "site", "UserPoolId": "pool"}
    transport = httpx.ASGITransport(front_door.application)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        found = Door(http)

        def answer(request: httpx.Request) -> httpx.Response:
            found.forwarded.append(request)
            return httpx.Response(200, headers={"access-control-allow-origin": "*"})

        recorder = httpx.MockTransport(answer)
        front_door._http = httpx.AsyncClient(transport=recorder, base_url="http://127.0.0.1:1")
        yield found
        await front_door._http.aclose()


@pytest.mark.parametrize(
    "path",
    [
        "/api/..%2f..%2f..%2f..%2f_parley/faults",
        "/api/x/..%2f..%2f..%2f..%2f..%2f2015-03-31/functions",
        "/oauth2/..%2f_parley/save",
        "/..%2f_parley/health.json",
        "/assets/..%2f..%2fother-bucket/file.txt",
        "/api/.%2fme",
    ],
)
async def test_no_request_leaves_the_path_that_it_is_forwarded_to(door: Door, path: str):
    """The HTTP client resolves `..`: such a request would reach the emulator's own API, which runs code."""
    for method in ("GET", "POST"):
        answer = await door.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert door.forwarded == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": EVIL, "sec-fetch-site": "same-origin"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/channels"),
        ("OPTIONS", "/api/channels"),
        ("POST", "/oauth2/token"),
        ("POST", "/oauth2/revoke"),
        ("POST", "/login"),
        ("POST", "/signup"),
    ],
)
async def test_a_page_of_another_website_can_send_nothing(
    door: Door, method: str, path: str, headers: dict[str, str]
):
    """Neither as itself nor from a sandboxed frame, whose origin is `null`."""
    answer = await door.http.request(method, path, headers=headers, content=b"username=mallory")
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert door.forwarded == []


@pytest.mark.parametrize("origin", [EVIL, "null"])
async def test_a_page_of_another_website_can_read_nothing(door: Door, origin: str):
    """The emulator allows every origin to read its answers."""
    for path in ("/api/me", "/oauth2/userInfo", "/config.json", "/index.html"):
        answer = await door.http.get(path, headers={"origin": origin})
        assert answer.status_code == 403
    assert door.forwarded == []


@pytest.mark.parametrize("path", ["/oauth2/authorize?client_id=c", "/logout?client_id=c", "/c/general"])
async def test_a_page_of_another_website_may_link_to_the_stage(door: Door, path: str):
    """A link is a GET without an origin."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert (await door.http.get(path, headers=headers)).status_code == 200
    (forwarded,) = door.forwarded
    assert "sec-fetch-site" not in forwarded.headers


@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:5173", None])
@pytest.mark.parametrize("path", ["/api/channels", "/oauth2/token", "/login"])
async def test_pages_of_this_machine_may_send_requests(door: Door, path: str, origin: str | None):
    """The own pages, those of the UI's development server, and programs, which send no origin."""
    headers = {} if origin is None else {"origin": origin, "sec-fetch-site": "same-site"}
    assert (await door.http.post(path, headers=headers)).status_code == 200
    assert [request.headers.get("origin") for request in door.forwarded] == [origin]


async def test_the_origin_of_a_sign_in_form_is_known(door: Door):
    """Without a referrer, browsers would send `null` as the origin of the form, as of any other website's."""
    page = await door.http.get("/signup", params={"client_id": "c"})
    assert page.headers["referrer-policy"] == "same-origin"


async def test_a_form_that_is_not_utf_8_is_answered(door: Door, monkeypatch: pytest.MonkeyPatch):
    """The user pool refuses the name, and the form is shown again with what was entered."""

    def refuse(_endpoint: str, _pool_id: str, values: dict[str, str]) -> None:
        raise accounts.SignUpError(f"{values['username']} is no username.")

    monkeypatch.setattr(accounts, "create", refuse)
    page = await door.http.post("/signup", content=b"username=\xffada&email=a%40b.example")
    assert page.status_code == 200
    assert "\ufffdada is no username." in page.text
    assert 'value="a@b.example"' in page.text
    revoked = await door.http.post("/oauth2/revoke", content=b"token=\xff")
    assert (revoked.status_code, revoked.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("missing", ["client_id", "username"])
async def test_a_sign_up_without_a_value_is_refused(door: Door, missing: str):
    """It is no fault of the emulator, which would be answered 503."""
    values = {"client_id": "c", "username": "ada", "password": "Secret-12", "email": "a@b.example", "name": "Ada"}
    page = await door.http.post("/signup", data=values | {missing: ""})
    assert (page.status_code, "A value is missing." in page.text) == (200, True)


@pytest.mark.parametrize("host", ["evil.example.com:4280", "127.0.0.1.evil.example.com", "[::2]:4280", ""])
async def test_another_name_of_this_machine_is_refused(door: Door, host: str):
    """A website whose name leads to 127.0.0.1 gets nothing."""
    for path in ("/", "/api/me", "/config.json", "/oauth2/authorize"):
        assert (await door.http.get(path, headers={"host": host})).status_code == 403
    assert door.forwarded == []
