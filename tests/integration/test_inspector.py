"""The inspector's HTTP API: for people of the stage alone, and the same data as the commands."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ops.chat_client import ChatClient
from tests.integration.conftest import Join
from tests.integration.operating import until_followed
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS

pytestmark = pytest.mark.anyio

ROUTES = (
    "/workflow",
    "/runs",
    "/runs/some-run",
    "/events",
    "/live",
    "/follow/some-message",
    "/traces/1-00000000-000000000000000000000000",
    "/channels",
    "/channels/general/events",
    "/no-such-route",
)


@pytest.fixture(autouse=True)
def only_local(stage: TestStage) -> None:
    """A deployed stage has consoles instead."""
    if not stage.stage.is_local:
        pytest.skip("the inspector's API is the local stage's")


@pytest.fixture
async def http(stage: TestStage) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=DEADLINE_SECONDS) as client:
        yield client


def authorized(person: ChatClient) -> dict[str, str]:
    """The headers of somebody who is signed in."""
    return {"Authorization": str(person.api.http.headers["Authorization"])}


@pytest.mark.parametrize("route", ROUTES)
async def test_nothing_is_told_to_anybody_without_a_token(http: httpx.AsyncClient, route: str):
    """Nor with one that is none, on any route, there or not."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = await http.get(f"/inspector-api{route}", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "UNAUTHENTICATED"
        assert set(answer.json()) == {"code", "message"}


async def test_a_message_is_followed_over_http_as_by_the_command(
    stage: TestStage, http: httpx.AsyncClient, join: Join
):
    """Workflow, runs, one run, the message's way and its trace: one story."""
    dora = await join("dora")
    http.headers.update(authorized(dora))
    assert (await http.get("/config.json")).json()["inspectorApi"] == "/inspector-api"
    ack = await dora.send_message("look at me")
    followed = await asyncio.to_thread(until_followed, stage, ack["messageId"])
    shown = (await http.get(f"/inspector-api/follow/{ack['messageId']}")).json()
    assert shown == followed
    definition = (await http.get("/inspector-api/workflow")).json()["definition"]
    listed = (await http.get("/inspector-api/runs", params={"messageId": ack["messageId"]})).json()["items"]
    assert [run["runId"] for run in listed] == [followed["runs"][0]["runId"]]
    run = (await http.get(f"/inspector-api/runs/{listed[0]['runId']}")).json()
    assert run == followed["runs"][0]
    known = set(definition["States"]) | set(definition["States"]["PostToConnections"]["ItemProcessor"]["States"])
    assert set(run["path"]) <= known
    trace = (await http.get(f"/inspector-api/traces/{followed['event']['traceId']}")).json()
    assert trace == followed["traces"][0]


async def test_a_channels_past_can_be_travelled(http: httpx.AsyncClient, join: Join):
    """All of its archived events in order, with the comings of whoever is in it."""
    dora = await join("dora")
    http.headers.update(authorized(dora))
    channel = await dora.api.post("/channels", {"name": f"travel {uuid4()}"})
    for text in ("one", "two", "three"):
        ack = await dora.send_message(text, channel_id=channel["channelId"])
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    past = (await http.get(f"/inspector-api/channels/{channel['channelId']}/events")).json()
    kinds = [event["detailType"] for event in past["items"]]
    assert [kind for kind in kinds if kind != "UserConnected"] == ["ChannelCreated"] + ["MessageSent"] * 3
    assert "UserConnected" in kinds
    texts = [
        event["detail"]["data"].get("text") for event in past["items"] if event["detailType"] == "MessageSent"
    ]
    assert texts == ["one", "two", "three"]
    assert past["people"][dora.user_id] == "Dora"
    found = (await http.get("/inspector-api/channels")).json()["items"]
    [mine] = [each for each in found if each["channelId"] == channel["channelId"]]
    assert (mine["events"], mine["kind"]) == (4, "public")


async def test_what_happens_now_is_streamed(http: httpx.AsyncClient, join: Join):
    """Events and ended runs of the channel asked for, and of no other."""
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"live {uuid4()}"})
    heard: dict[str, list[dict[str, Any]]] = {"event": [], "run": []}

    async def talk() -> None:
        """Go on talking elsewhere and here: what is said before the stage is watched is not streamed."""
        while True:
            await dora.send_message("elsewhere")
            await dora.send_message("here", channel_id=channel["channelId"])
            await asyncio.sleep(0.5)

    def told_whole() -> set[str]:
        """The messages whose event and run were both streamed."""
        return set.intersection(*({each["messageId"] for each in followed} for followed in heard.values()))

    asked = {"channelId": channel["channelId"], "type": "MessageSent"}
    async with http.stream("GET", "/inspector-api/live", params=asked, headers=authorized(dora)) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        await anext(lines)
        talking = asyncio.create_task(talk())
        kind = ""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not told_whole():
                    line = await anext(lines)
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: ") and kind in heard:
                        heard[kind].append(json.loads(line.removeprefix("data: ")))
        finally:
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talking
    assert {(event["detailType"], event["channelId"]) for event in heard["event"]} == {
        ("MessageSent", channel["channelId"])
    }
    assert {run["channelId"] for run in heard["run"]} == {channel["channelId"]}
    [run] = [run for run in heard["run"] if run["messageId"] == min(told_whole())]
    assert (run["status"], run["delivered"], run["recipients"]) == ("SUCCEEDED", 1, 1)


@pytest.mark.parametrize(
    ("route", "status", "code"),
    [
        ("/runs?status=odd", 400, "INVALID_REQUEST"),
        ("/runs?limit=0", 400, "INVALID_REQUEST"),
        ("/runs?since=soon", 400, "INVALID_REQUEST"),
        ("/events?type=Nothing", 400, "INVALID_REQUEST"),
        ("/runs/no-such-run", 404, "NOT_FOUND"),
        ("/follow/no-such-message", 404, "NOT_FOUND"),
        ("/channels/no-such-channel/events", 404, "NOT_FOUND"),
        ("/traces/1-00000000-000000000000000000000000", 404, "NOT_FOUND"),
        ("/no-such-route", 404, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_answered_is_said_so(
    http: httpx.AsyncClient, join: Join, route: str, status: int, code: str
):
    """In the contract's form of an error."""
    dora = await join("dora")
    answer = await http.get(f"/inspector-api{route}", headers=authorized(dora))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
