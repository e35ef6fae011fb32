"""Generated invalid input gets a documented error, no 5xx and no closed socket, and nothing is stored.

Frames are generated with every kind of invalid field. Schemathesis generates requests from the OpenAPI document,
both valid and invalid ones.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from functions.contract.errors import ErrorCode
from tests.chat_client import ChatClient, Socket
from tests.guarantees.clients import create_private_channel, reset_rates, stored_messages
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 8
OPENAPI = Path(__file__).resolve().parents[2] / "docs" / "contract" / "openapi.json"

FRAMES: dict[str, dict[str, Any]] = {
    "sendMessage": {"clientMessageId": "0f8fad5b-d9cb-469f-a165-70867728950e", "text": "hello"},
    "editMessage": {"seq": 1, "text": "hello"},
    "deleteMessage": {"seq": 1},
    "addReaction": {"seq": 1, "emoji": "👍"},
    "removeReaction": {"seq": 1, "emoji": "👍"},
    "startTyping": {},
}
NON_TEXT = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.text(max_size=5), max_size=3)
)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=15,
)
INVALID_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "channelId": st.one_of(
        NON_TEXT, st.just(""), st.text("#/ .\x00é", min_size=1, max_size=70), st.just("a" * 65)
    ),
    "clientMessageId": st.one_of(NON_TEXT, st.text("xyz-0", max_size=40), st.just("{" + str(uuid4()) + "}x")),
    "text": st.one_of(NON_TEXT, st.text(" \t\n\u2003", max_size=20), st.just("é" * 4097), st.just("\ud83d")),
    "seq": st.one_of(st.integers(max_value=0), st.integers(min_value=10**12), st.floats(), st.text(max_size=5)),
    "emoji": st.one_of(NON_TEXT, st.text("abc <>", max_size=10), st.just("👍" * 40)),
}


def valid_frame(action: str, channel_id: str) -> dict[str, Any]:
    """A valid frame of an action, in a channel of the sender."""
    return {"action": action, "channelId": channel_id, **FRAMES[action]}


def frame_with_invalid_field(action: str, field: str, channel_id: str) -> st.SearchStrategy[str]:
    """A frame of an action with one invalid field."""
    frame = valid_frame(action, channel_id)
    return INVALID_FIELDS[field].map(lambda value: json.dumps({**frame, field: value}))


@st.composite
def frame_with_other_fields(draw: st.DrawFn, channel_id: str) -> str:
    """A frame of a known action that lacks a field, or has one too many."""
    frame = valid_frame(draw(st.sampled_from(sorted(FRAMES))), channel_id)
    if draw(st.booleans()):
        del frame[draw(st.sampled_from(sorted(set(frame) - {"action"})))]
    else:
        extra = draw(st.text(min_size=1, max_size=30).filter(lambda text: text not in frame))
        frame[extra] = draw(ANY_JSON)
    return json.dumps(frame)


NOT_A_FRAME = st.one_of(
    st.text(max_size=200).filter(lambda text: not text.lstrip().startswith("{")),
    st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")).filter(lambda text: "{" not in text),
    ANY_JSON.filter(lambda value: not isinstance(value, dict)).map(json.dumps),
    st.dictionaries(st.text(max_size=10).filter(lambda key: key != "action"), ANY_JSON, max_size=5).map(
        json.dumps
    ),
    st.fixed_dictionaries({"action": NON_TEXT}).map(json.dumps),
    st.integers(min_value=2, max_value=5_000).map(lambda depth: "[" * depth + "]" * depth),
    st.integers(min_value=2, max_value=2_000).map(lambda depth: '{"action":' * depth + "1" + "}" * depth),
)
UNKNOWN_ACTION = st.one_of(
    st.text(max_size=60).filter(lambda action: action not in FRAMES and action != "ping"),
    st.sampled_from(["$connect", "$disconnect", "$default", "SendMessage", "sendMessage ", "__proto__"]),
).map(lambda action: json.dumps({"action": action, "channelId": "general"}))
FURTHER_FRAMES = 5


def invalid_frames(channel_id: str) -> st.SearchStrategy[tuple[str, ...]]:
    """One frame for each field of each action, in which only that field is invalid, and a few others."""
    fields = [
        frame_with_invalid_field(action, field, channel_id)
        for action in FRAMES
        for field in valid_frame(action, channel_id)
        if field != "action"
    ]
    other = st.one_of(frame_with_other_fields(channel_id), NOT_A_FRAME, UNKNOWN_ACTION)
    return st.tuples(*fields, *[other] * FURTHER_FRAMES)


UNSOLICITED = {"presence", "channel", "message"}
THROTTLED = "Too Many Requests"
"""The answer of API Gateway to frames without a route beyond their rate (stacks/websocket_api.py)."""
PAUSE_SECONDS = 0.1
DOCUMENTED = {"INVALID_FRAME", "UNKNOWN_ACTION", "TEXT_TOO_LONG", "RATE_LIMITED"}
"""The errors of invalid frames. A frame that gets another one, such as NOT_FOUND, was taken for a valid one."""


def fuzzing(examples: int) -> settings:
    """Hypothesis settings for a number of examples, other ones in every run; the last failing one is printed."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def test_invalid_frames_get_documented_errors(stage: TestStage, record: Record, is_long: bool):
    """Each invalid frame gets exactly one error with a code of the contract, and the socket stays open."""
    examples = 430 if is_long else 10
    with asyncio.Runner() as runner:
        client = runner.run(stage.sign_in(stage.new_user("fuzzer")))
        channel_id = runner.run(create_private_channel(client))
        socket = runner.run(client.open_socket())
        answered = 0

        @fuzzing(examples)
        @given(invalid_frames(channel_id))
        def send(frames: tuple[str, ...]) -> None:
            nonlocal answered
            # So many refusals would close the socket (test_10_abuse).
            reset_rates(stage, client.user_id)
            for frame in frames:
                answer = runner.run(answer_to(socket, frame))
                answered += 1
                assert answer.get("type") == "error", answer
                assert answer["code"] in DOCUMENTED, answer
                assert answer["message"].endswith("."), answer
            assert len(answers(socket)) == answered, "a frame got two answers"

        try:
            send()
            runner.run(check_still_works(client, socket, channel_id))
            assert [text for _, _, text in stored_messages(stage, channel_id)] == ["still here"]
            assert [answer["type"] for answer in answers(socket)] == [*["error"] * answered, "ack"]
        finally:
            runner.run(client.close())
    record.tried(
        "invalid frames: each got a documented error, the socket stayed open, nothing was stored", answered
    )


async def answer_to(socket: Socket, frame: str) -> dict[str, Any]:
    """Send a frame and return its answer. If API Gateway refuses it, it is sent again: no function has seen it."""
    text = frame.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    while True:
        since = len(socket.frames)
        await socket.send_text(text)
        answer = await socket.wait_for(lambda received: received.get("type") not in UNSOLICITED, since=since)
        if answer.get("message") != THROTTLED:
            return answer
        await asyncio.sleep(PAUSE_SECONDS)


def answers(socket: Socket) -> list[dict[str, Any]]:
    """The received answers to frames, without those of API Gateway."""
    return [
        frame
        for frame in socket.frames
        if frame.get("type") not in UNSOLICITED and frame.get("message") != THROTTLED
    ]


async def check_still_works(client: ChatClient, socket: Socket, channel_id: str) -> None:
    """Check that the socket is open and a valid message is delivered."""
    assert socket.is_open
    ack = await client.send_message("still here", channel_id=channel_id)
    await socket.wait_for_type("message", messageId=ack["messageId"])


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(GenerationMode.NEGATIVE, id="invalid"),
        pytest.param(GenerationMode.POSITIVE, id="valid", marks=pytest.mark.thorough),
    ],
)
def test_generated_requests_get_documented_answers(
    stage: TestStage, record: Record, is_long: bool, is_thorough: bool, mode: GenerationMode
):
    """Every route answers valid and invalid requests with a status and code that the OpenAPI document lists."""
    examples = 180 if is_long else 20 if is_thorough else 6
    user = stage.new_user("fuzzer")
    token = stage.id_token(user)
    schema = schemathesis.openapi.from_dict(json.loads(OPENAPI.read_text()))
    created: set[str] = set()
    tried = 0

    def check(case: Case[Any]) -> None:
        nonlocal tried
        response = case.call(base_url=stage.api_url, headers={"Authorization": token})
        tried += 1
        allowed = case.operation.definition.raw["responses"]
        request = (
            f"{case.method} {response.request.url} {case.body!r}: {response.status_code} {response.text[:300]}"
        )
        assert response.status_code < 500, request
        if not str(response.request.url).startswith(f"{stage.api_url}{case.path.split('{')[0].rstrip('/')}"):
            # The client removed a path segment such as `..`, so that it requested another address.
            return
        if response.status_code == 405:
            # API Gateway refuses a method that no route has.
            return
        assert response.status_code in {400, 404} or str(response.status_code) in allowed, request
        if response.status_code >= 400:
            assert json.loads(response.text)["code"] in set(ErrorCode), request
        elif response.status_code == 201 and case.path == "/channels":
            created.add(json.loads(response.text)["channelId"])

    for operation in schema.get_all_operations():
        route = operation.ok() if isinstance(operation, Ok) else None
        assert route is not None, operation
        if route.path == "/sign-out" and mode is GenerationMode.POSITIVE:
            continue
        if mode is GenerationMode.NEGATIVE and not (route.body or route.query):
            # Only its path could be invalid, and the path accepts any text.
            continue
        run(route.as_strategy(generation_mode=mode), check, examples)

    with asyncio.Runner() as runner:
        client = runner.run(stage.sign_in(user))
        joined = {channel["channelId"] for channel in runner.run(client.api.get("/channels"))["items"]}
        runner.run(client.close())
    assert tried, "no request was made"
    assert {channel_id for channel_id in joined if not channel_id.startswith("direct-")} <= created | {"general"}
    kind = "invalid" if mode is GenerationMode.NEGATIVE else "valid"
    record.tried(f"{kind} requests by the OpenAPI document: no 5xx, a documented answer each", tried)


def test_an_invalid_number_in_a_query_is_refused(stage: TestStage, record: Record):
    """Whatever is in its place, with 400."""
    token = stage.id_token(stage.new_user("counter"))
    texts = ("0", "-1", "1.5", "1e3", "ten", "٣", "9" * 400)
    for text in texts:
        response = httpx.get(
            f"{stage.api_url}/users",
            params={"limit": text},
            headers={"Authorization": token},
            trust_env=False,
        )
        assert (response.status_code, response.json()["code"]) == (400, ErrorCode.INVALID_REQUEST), text
    record.tried("invalid numbers in a query", len(texts))


def run(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], examples: int) -> None:
    """Check a number of generated cases."""
    fuzzing(examples)(given(case=strategy)(lambda case: check(case)))()
