"""The inspector's HTTP API: it serves signed-in users only, and returns the same data as the commands."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.chat_client import ChatClient
from tests.integration.commands import wait_until_followed
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS

pytestmark = pytest.mark.anyio

ROUTES = (
    "/stage",
    "/names",
    "/workflow",
    "/runs",
    "/runs/some-run",
    "/events",
    "/live",
    "/follow/some-message",
    "/traces/1-00000000-000000000000000000000000",
    "/channels",
    "/channels/general/events",
    "/dead-letters",
    "/metrics",
    "/services",
    "/traces",
    "/rows",
    "/rows/messages?key=general&key=1",
    "/logs",
    "/connections",
    "/no-such-route",
)


@pytest.fixture(autouse=True)
def only_local(stage: TestStage) -> None:
    """Skip on a deployed stage, which does not serve the inspector's API."""
    if not stage.stage.is_local:
        pytest.skip("only the local stage serves the inspector's API")


@pytest.fixture
async def http(stage: TestStage) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=DEADLINE_SECONDS) as client:
        yield client


def authorization_of(client: ChatClient) -> dict[str, str]:
    """The headers of a signed-in user's requests."""
    return {"Authorization": str(client.api.http.headers["Authorization"])}


@pytest.mark.parametrize("route", ROUTES)
async def test_every_route_refuses_requests_without_a_valid_token(http: httpx.AsyncClient, route: str):
    """Every route, and an unknown one, answers 401 to a request without a token or with an invalid one."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        response = await http.get(f"/inspector-api{route}", headers=headers)
        assert response.status_code == 401
        assert response.json()["code"] == "UNAUTHENTICATED"
        assert set(response.json()) == {"code", "message"}


async def test_a_message_has_the_same_report_over_http_as_from_the_command(
    stage: TestStage, http: httpx.AsyncClient, new_client: NewClient
):
    """The routes for a message's report, its run and its trace return what `parley follow` reports."""
    dora = await new_client("dora")
    http.headers.update(authorization_of(dora))
    assert (await http.get("/config.json")).json()["inspectorApi"] == "/inspector-api"
    ack = await dora.send_message("hello")
    followed = await asyncio.to_thread(wait_until_followed, stage, ack["messageId"])
    shown = (await http.get(f"/inspector-api/follow/{ack['messageId']}")).json()
    assert shown == followed
    definition = (await http.get("/inspector-api/workflow")).json()["definition"]
    listed = (await http.get("/inspector-api/runs", params={"messageId": ack["messageId"]})).json()["items"]
    assert [run["runId"] for run in listed] == [followed["runs"][0]["runId"]]
    run = (await http.get(f"/inspector-api/runs/{listed[0]['runId']}")).json()
    assert run == followed["runs"][0]
    states = set(definition["States"]) | set(definition["States"]["PostToConnections"]["ItemProcessor"]["States"])
    assert set(run["path"]) <= states
    trace = (await http.get(f"/inspector-api/traces/{followed['event']['traceId']}")).json()
    assert trace == followed["traces"][0]


@pytest.mark.thorough
async def test_a_channels_archived_events_are_listed_in_order(http: httpx.AsyncClient, new_client: NewClient):
    """The list has all of the channel's archived events in order, with the connections of its members."""
    dora = await new_client("dora")
    http.headers.update(authorization_of(dora))
    channel = await dora.api.post("/channels", {"name": f"history {uuid4()}"})
    for text in ("one", "two", "three"):
        ack = await dora.send_message(text, channel_id=channel["channelId"])
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    archived = (await http.get(f"/inspector-api/channels/{channel['channelId']}/events")).json()
    kinds = [event["detailType"] for event in archived["items"]]
    assert [kind for kind in kinds if kind != "UserConnected"] == ["ChannelCreated"] + ["MessageSent"] * 3
    assert "UserConnected" in kinds
    texts = [
        event["detail"]["data"].get("text") for event in archived["items"] if event["detailType"] == "MessageSent"
    ]
    assert texts == ["one", "two", "three"]
    assert archived["people"][dora.user_id] == "Dora"
    channels = (await http.get("/inspector-api/channels")).json()["items"]
    [listed] = [item for item in channels if item["channelId"] == channel["channelId"]]
    assert (listed["events"], listed["kind"]) == (4, "public")


async def test_new_events_and_ended_runs_are_streamed(http: httpx.AsyncClient, new_client: NewClient):
    """The stream has the events and ended runs of the requested channel, and of no other channel."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"live {uuid4()}"})
    streamed: dict[str, list[dict[str, Any]]] = {"event": [], "run": []}

    async def send_messages() -> None:
        """Send messages until cancelled: events before the stream begins are not streamed."""
        while True:
            await dora.send_message("elsewhere")
            await dora.send_message("here", channel_id=channel["channelId"])
            await asyncio.sleep(0.5)

    def complete_ids() -> set[str]:
        """The messages whose event and run were both streamed."""
        return set.intersection(*({item["messageId"] for item in items} for items in streamed.values()))

    parameters = {"channelId": channel["channelId"], "type": "MessageSent"}
    async with http.stream(
        "GET", "/inspector-api/live", params=parameters, headers=authorization_of(dora)
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        await anext(lines)
        sending = asyncio.create_task(send_messages())
        kind = ""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not complete_ids():
                    line = await anext(lines)
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: ") and kind in streamed:
                        streamed[kind].append(json.loads(line.removeprefix("data: ")))
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
    assert {(event["detailType"], event["channelId"]) for event in streamed["event"]} == {
        ("MessageSent", channel["channelId"])
    }
    assert {run["channelId"] for run in streamed["run"]} == {channel["channelId"]}
    [run] = [run for run in streamed["run"] if run["messageId"] == min(complete_ids())]
    assert (run["status"], run["delivered"], run["recipients"]) == ("SUCCEEDED", 1, 1)


@pytest.mark.parametrize(
    ("route", "status", "code"),
    [
        ("/runs?status=odd", 400, "INVALID_REQUEST"),
        ("/runs?limit=0", 400, "INVALID_REQUEST"),
        ("/runs?since=soon", 400, "INVALID_REQUEST"),
        ("/metrics?since=soon", 400, "INVALID_REQUEST"),
        ("/services?since=7h", 400, "INVALID_REQUEST"),
        ("/traces?service=%22", 400, "INVALID_REQUEST"),
        ("/events?type=Nothing", 400, "INVALID_REQUEST"),
        ("/runs/no-such-run", 404, "NOT_FOUND"),
        ("/follow/no-such-message", 404, "NOT_FOUND"),
        ("/channels/no-such-channel/events", 404, "NOT_FOUND"),
        ("/traces/1-00000000-000000000000000000000000", 404, "NOT_FOUND"),
        ("/no-such-route", 404, "NOT_FOUND"),
    ],
)
async def test_invalid_and_unknown_requests_get_error_codes(
    http: httpx.AsyncClient, new_client: NewClient, route: str, status: int, code: str
):
    """An invalid parameter is answered 400 and an unknown id 404, each with the contract's error code."""
    dora = await new_client("dora")
    response = await http.get(f"/inspector-api{route}", headers=authorization_of(dora))
    assert (response.status_code, response.json()["code"]) == (status, code)
