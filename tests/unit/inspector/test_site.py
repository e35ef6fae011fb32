"""The inspector of `parley inspect`: who may use it, which errors its API answers, and what it serves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from inspector import dead_letters, queries
from inspector.api import Inspector
from inspector.models import RedriveReport
from inspector.sign_in import NotSignedInError, OperatorKey
from inspector.site import InspectorSite
from tests.unit.ops.stages import deployed_stage

ORIGIN = "http://127.0.0.1:4290"
KEY = OperatorKey("a-key-of-43-characters-as-each-start-makes-it")
pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the inspector of a deployed stage, with a UI of two files and a file next to it."""
    ui = tmp_path / "dist"
    (ui / "assets").mkdir(parents=True)
    (ui / "index.html").write_text("the page")
    (ui / "assets" / "page.js").write_text("the script")
    (tmp_path / "secret.txt").write_text("secret")
    inspector, stage = Inspector(), deployed_stage()
    inspector.open(stage, KEY)
    site = InspectorSite(inspector, stage, ui=ui, origin=ORIGIN)
    transport = httpx.ASGITransport(app=site.application)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client
    inspector.close()


def signed(key: str = KEY.value) -> dict[str, str]:
    """The header with a key."""
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "header", [None, "", KEY.value, "Bearer", "Bearer ", "Bearer nonsense", f"Basic {KEY.value}"]
)
@pytest.mark.parametrize("path", ["/stage", "/runs", "/live", "/no-such-route"])
async def test_the_api_takes_only_the_key_of_this_start(client: httpx.AsyncClient, header: str | None, path: str):
    """Another user of the machine reaches the port, and gets a sentence."""
    headers = {} if header is None else {"authorization": header}
    answer = await client.get(f"/inspector-api{path}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert "parley inspect" in answer.json()["message"]


def test_each_start_has_its_own_key():
    """It is random, and does not appear where the object is printed."""
    assert OperatorKey().value != KEY.value
    assert KEY.value not in repr(KEY)


async def test_an_operator_is_signed_in_until_the_process_ends():
    """The key does not expire; another one is refused."""
    assert await KEY.session_end_ms(f"Bearer {KEY.value}") > 10**15
    with pytest.raises(NotSignedInError):
        await KEY.session_end_ms(f"Bearer {KEY.value}é")


@pytest.mark.parametrize("host", ["localhost:4290", "rebound.example.com:4290", "127.0.0.1", "127.0.0.1:4291", ""])
@pytest.mark.parametrize("path", ["/inspector", "/config.json", "/inspector-api/stage"])
async def test_a_request_for_another_host_is_refused(client: httpx.AsyncClient, host: str, path: str):
    """Also with the key: a website whose name leads to 127.0.0.1 gets nothing."""
    answer = await client.get(path, headers={**signed(), "host": host})
    assert (answer.status_code, ORIGIN in answer.text) == (421, True)


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://127.0.0.1:4291", "http://localhost:4290", "null"]
)
async def test_a_page_of_another_origin_is_refused(client: httpx.AsyncClient, origin: str):
    """Also with the key. No answer allows another origin."""
    answer = await client.get("/inspector-api/stage", headers={**signed(), "origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    preflight = {"origin": origin, "access-control-request-method": "GET"}
    assert (await client.options("/inspector-api/stage", headers=preflight)).status_code == 403


async def test_the_own_page_gets_answers(client: httpx.AsyncClient):
    """With its origin, or without one, as browsers send for a GET."""
    for headers in (signed(), {**signed(), "origin": ORIGIN}):
        answer = await client.get("/inspector-api/stage", headers=headers)
        assert answer.json() == {
            "name": "tests",
            "region": "us-east-1",
            "deployed": True,
            "mayRedrive": True,
        }
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/inspector", "/inspector/runs/run-1", "/config.json", "/assets/page.js", "/none.js"]
)
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str):
    """No inline code, no frames, and nothing for another origin."""
    headers = (await client.get(path)).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/runs?limit=0", "/runs?limit=201", "/runs?limit=%C2%B2", f"/runs?limit={'9' * 5000}"),
        *("/runs?since=yesterday", "/runs?since=999999999999d", "/events?until=0001-01-01"),
        *("/rows/messages?key=general&key=%C2%B2", f"/rows/messages?key=general&key={'9' * 40}"),
    ],
)
async def test_an_invalid_value_is_refused_with_a_sentence(client: httpx.AsyncClient, path: str):
    """Before anything is requested from AWS."""
    answer = await client.get(f"/inspector-api{path}", headers=signed())
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/inspector/runs/run-1", 200, "the page"),
        ("/assets/page.js", 200, "the script"),
        ("/assets/none.js", 404, "There is no such file.\n"),
        ("/..%2fsecret.txt", 404, "There is no such file.\n"),
        ("/assets/..%2f..%2fsecret.txt", 404, "There is no such file.\n"),
        ("/assets/a%00.js", 404, "There is no such file.\n"),
        (f"/assets/{'a' * 300}.js", 404, "There is no such file.\n"),
    ],
)
async def test_the_files_of_the_ui_are_served(client: httpx.AsyncClient, path: str, status: int, text: str):
    """A view is index.html; nothing outside of the folder is served."""
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (status, text)


async def test_the_configuration_says_that_there_is_no_chat(client: httpx.AsyncClient):
    """Without the key: it has no secrets."""
    config = (await client.get("/config.json")).json()
    assert (config["operator"], config["inspector"], config["inspectorApi"]) == (True, True, "/inspector-api")
    assert "auth" not in config


def refused(code: str, message: str = "no") -> ClientError:
    """A refusal of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStateMachine")


DENIED = (
    "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: states:DescribeStateMachine on resource: "
)


@pytest.mark.parametrize(
    ("failure", "status", "sentence"),
    [
        (
            refused("AccessDeniedException", f"{DENIED}arn:aws:states:x because no policy allows it"),
            403,
            "may not call states:DescribeStateMachine on arn:aws:states:x: add this right",
        ),
        (refused("AccessDenied", "no reason"), 403, "may not call DescribeStateMachine: add this right"),
        (refused("ExpiredTokenException", "The token is expired"), 503, "(The token is expired): renew them"),
        (refused("ThrottlingException", "Rate exceeded"), 503, "DescribeStateMachine was refused: Rate exceeded"),
        (EndpointConnectionError(endpoint_url="https://states.aws"), 503, "AWS could not be reached"),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"),
            503,
            "The local stage's emulator does not",
        ),
    ],
    ids=["denied", "denied without a reason", "expired", "throttled", "no network", "emulator"],
)
async def test_what_aws_refuses_is_a_sentence(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, sentence: str
):
    """It names the missing right, or what to do; the emulator only where there is one."""

    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(queries, "workflow", fail)
    answer = await client.get("/inspector-api/workflow", headers=signed())
    assert (answer.status_code, sentence in answer.json()["message"]) == (status, True), answer.text


class ChatUsers:
    """Everyone is signed in as a user of the chat."""

    is_operator = False

    async def session_end_ms(self, _authorization: str | None) -> int:
        """Without an end."""
        return 2**53


async def test_only_an_operator_redrives(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A user of the local stage's chat may look, and gets a sentence; a GET redrives nothing."""
    redriven: list[str] = []

    def redrive(_stage: Any, queue: str) -> RedriveReport:
        redriven.append(queue)
        return RedriveReport(redriven=1, failed=[], notes=[])

    monkeypatch.setattr(dead_letters, "redrive", redrive)
    route = "/inspector-api/dead-letters/status/redrive"
    assert (await client.post(route)).status_code == 401
    assert (await client.get(route, headers=signed())).status_code == 404
    inspector = Inspector()
    inspector.open(deployed_stage(), ChatUsers())
    site = InspectorSite(inspector, deployed_stage(), ui=tmp_path, origin=ORIGIN)
    transport = httpx.ASGITransport(app=site.application)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as user:
        answer = await user.post(route)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert redriven == []
    answer = await client.post(route, headers=signed())
    assert (answer.json(), redriven) == ({"redriven": 1, "failed": [], "notes": []}, ["status"])
