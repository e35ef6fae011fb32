"""The AWS calls of one message, counted, as docs/scale.md lists them: Parley's, and those of the direct design."""

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.client import BaseClient

from functions.aws import text_keys
from functions.aws.connection_posts import Answer, ConnectionPosts
from functions.handlers import post_to_connections, send_message
from tests.second_engine import integration
from tests.unit.builders import CLIENT_MESSAGE_ID, NOW_MS, LambdaContext, bus_event, facts, socket_event
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scale.md"
RECIPIENTS = ("a1", "b1", "b2")
DIRECT_TABLES = ("CONNECTIONS_TABLE", "MESSAGES_TABLE")
FRAME = {
    "action": "sendMessage",
    "clientMessageId": CLIENT_MESSAGE_ID,
    "channelId": CHANNEL_ID,
    "text": "Hello",
}

Calls = list[str]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The operations that functions call. Posts succeed, and so do calls with the direct design's tables."""
    names: Calls = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        names.append(operation)
        if parameters.get("TableName") in DIRECT_TABLES:
            return {"Items": [{"connectionId": connection_id} for connection_id in RECIPIENTS]}
        return call(client, operation, parameters)

    def posted(_posts: ConnectionPosts, _connection_id: str, _data: bytes) -> Answer:
        names.append("PostToConnection")
        return Answer(status=200, error_code="", retries=0)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    monkeypatch.setattr(ConnectionPosts, "post_to_connection", posted)
    return names


def counted(act: Callable[[], Any], calls: Calls) -> Calls:
    calls.clear()
    act()
    return list(calls)


def parley(deliver: Deliver, calls: Calls) -> dict[str, Calls]:
    """The calls by function, and by state of the workflow, in their order."""
    deliver.stage.put("members", userId="alice", channelId=CHANNEL_ID, role="member", joinedAt="now")
    deliver.subscribe(*RECIPIENTS)
    text_keys.of_author("textKeys", "alice", now_ms=NOW_MS)
    send = socket_event(FRAME)
    found = {"send_message": counted(lambda: send_message.handler(send, LambdaContext()), calls)}
    [event] = deliver.stage.published()
    run = deliver.run({"id": "b-1", "detail-type": event["detail-type"], "detail": event["detail"]})
    assert run.status == "SUCCEEDED"
    assert f"enters {len(run.states)} states" in PAGE.read_text(encoding="utf-8")
    for state in deliver.engine.calls:
        found.setdefault(str(state.state), []).append(integration(state)[1])
    task = {"event": bus_event(facts()["MessageSent"]), "seq": 1, "connectionIds": list(RECIPIENTS)}
    found["post_to_connections"] = counted(lambda: post_to_connections.handler(task, LambdaContext()), calls)
    return found


def direct(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> Calls:
    """The calls of the direct design's function."""
    for name in DIRECT_TABLES:
        monkeypatch.setenv(name, name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://127.0.0.1:9/bench")
    function = importlib.import_module("bench.baseline.function")

    def posted(_method: str, path: str, **_request: Any) -> Any:
        calls.append("PostToConnection" if "/@connections/" in path else path)
        return SimpleNamespace(status=200)

    monkeypatch.setattr(function.pool, "urlopen", posted)
    event = {"requestContext": {"routeKey": "sendMessage", "connectionId": "a1"}, "body": json.dumps(FRAME)}
    return counted(lambda: function.handler(event, LambdaContext()), calls)


def listed() -> list[tuple[str, Calls, Calls]]:
    """The rows of the page's table: where, Parley's calls, and the direct design's."""
    section = PAGE.read_text(encoding="utf-8").partition("## Calls of a message")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(row[0].strip(" `"), *(expanded(cell) for cell in row[1:3])) for row in rows]  # type: ignore[misc]


def expanded(cell: str) -> Calls:
    """`PutItem`, `PostToConnection` × connections: with each call as often as it is made here."""
    found: Calls = []
    for name, times in re.findall(r"`(\w+)`( ×)?", cell):
        found += [name] * (len(RECIPIENTS) if times else 1)
    return found


def test_the_calls_of_a_message_are_those_on_the_page(
    deliver: Deliver, calls: Calls, monkeypatch: pytest.MonkeyPatch
):
    """A further call is a decision: it costs time, money and quota for every message."""
    rows = listed()
    assert [(where, ours) for where, ours, _ in rows] == list(parley(deliver, calls).items())
    assert [name for _, _, theirs in rows for name in theirs] == direct(monkeypatch, calls)
