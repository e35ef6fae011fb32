"""The workflow accepts the events that `functions/contract` accepts: no other takes a seq or changes a row."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sfnx.testing import evaluate

from functions.contract.events import CHANNEL_EVENTS, MalformedEventError, NewerEventError, read_event
from functions.contract.model import MAX_SEQ, TIMESTAMP_PATTERN
from functions.contract.text import NOT_IN_EMOJI, VISIBLE
from tests.events import message_sent
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver
from tests.unit.workflows.test_deliver_definition import DEFINITION
from tests.unit.workflows.test_second_opinions import node

FOLDER = Path(__file__).resolve().parents[2] / "contract" / "events"
CODE = {name: DEFINITION["States"]["ReadEvent"]["Assign"][name][2:-2] for name in ("malformed", "readableFrom")}

MISSING = object()
ANY_FIELD: tuple[Any, ...] = (MISSING, None, 7, "", "x" * 65, "x" * 129, "x" * 513, [], ["x"], {}, "parley\n")
TIMES = (
    "yesterday", "2026-11-24", "2026-13-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z",
    "2000-02-29T00:00:00.000Z", "2100-02-29T00:00:00.000Z", "2026-04-31T00:00:00.000Z", "2026-11-24T24:00:00.000Z",
    "2026-11-24T09:60:00.000Z", "2026-11-24T09:30:60.000Z", "0000-01-01T00:00:00.000Z",
    "2026-11-24T09:30:00.000Z\n",
)  # fmt: skip
TEXTS = (
    "\u00a0\u2003\u3000", "a\tb\nc\r", "a\x00", "a\x0b", "\x85", "a\x7f", "\x9fa",
    "\ud800", "a\udc00",
    "x" * 8192, "x" * 8193, "é" * 4096, "é" * 4096 + "x", "€" * 2730 + "xx", "€" * 2731, "😀" * 2048, "😀" * 2049,
    "\x01s1.QUJD+/==", "\x01s1.", "\x01s1.QUJD\n", "\x01s1.é", "\x01s2.QUJD",
    "\x01s1." + "A" * 10_944, "\x01s1." + "A" * 10_945,
    "\ud7ff\ue000\uffff", "שלום", "\u200b", "\u2800\u3164", "\u2800a",
)  # fmt: skip
EMOJI = (
    "👍", "👩‍👩‍👧‍👦", "❤️", "1️⃣", "#️⃣", "*", "1", "hello", "±", "©", "®️", "‼️", "⁉", "ℹ️", "→", "∞", "〰️", "㊗️",
    "🇨🇦", "👍🏽", "\u200d", "\ufe0f",
    "👍" * 16, "👍" * 17, "👍x", " 👍", "é",
)  # fmt: skip
NUMBERS = (0, 1, -1, MAX_SEQ, MAX_SEQ + 1, "1", 2**53)
CHANNEL_IDS = ("general", "a b", "a#b", "é", "direct-1_2", "general\n")
SPECIFIC = {"text": TEXTS, "emoji": EMOJI, "seq": NUMBERS, "channelId": CHANNEL_IDS, "kind": ("public", "secret")}
DETAIL_TYPES = sorted(CHANNEL_EVENTS)


def fixture(detail_type: str) -> dict[str, Any]:
    """A published event of this type, with every optional field."""
    event: dict[str, Any] = json.loads((FOLDER / f"{detail_type}.v1.json").read_text(encoding="utf-8"))
    event["detail"]["metadata"] |= {"traceHeader": "Root=1-2", "readableFrom": 1}
    if detail_type == "MemberLeft":
        event["detail"]["data"].setdefault("newOwnerId", "u-2")
    return event


def paths(value: dict[str, Any], within: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field of an object and of the objects in it."""
    for name, inner in value.items():
        yield (*within, name)
        if isinstance(inner, dict):
            yield from paths(inner, (*within, name))


def changed(event: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """An event with another value of one field."""
    event = copy.deepcopy(event)
    parent = event["detail"]
    for name in path[:-1]:
        parent = parent[name]
    if value is MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return event


def variants(detail_type: str) -> list[tuple[str, dict[str, Any]]]:
    """(description, event) for every field with every value that could be wrong there."""
    whole = fixture(detail_type)
    found = [("unchanged", whole)]
    for path in paths(whole["detail"]):
        times = TIMES if path[-1].endswith("At") else ()
        for value in (*ANY_FIELD, *times, *SPECIFIC.get(path[-1], ())):
            shown = "missing" if value is MISSING else ascii(value)[:40]
            found.append((f"{'.'.join(path)}: {shown}", changed(whole, path, value)))
    return found


def is_readable(event: dict[str, Any]) -> bool:
    """Whether the functions accept an event."""
    try:
        read_event(event)
    except MalformedEventError:
        return False
    return True


@cache
def verdicts() -> dict[str, list[tuple[str, bool, bool]]]:
    """By detail type: (description, whether the workflow accepts it, whether the functions do) of all variants."""
    events = [(detail_type, *variant) for detail_type in DETAIL_TYPES for variant in variants(detail_type)]
    requests = [
        {"code": code, "bindings": {"states": {"input": event}}} for *_, event in events for code in CODE.values()
    ]
    answers = iter(node("evaluate_jsonata.cjs", json.dumps(requests)))
    found: dict[str, list[tuple[str, bool, bool]]] = {}
    for detail_type, description, event in events:
        malformed, readable_from = next(answers), next(answers)
        assert "value" in malformed, (detail_type, description, malformed)
        accepted = not malformed["value"] and readable_from["value"] <= 1
        found.setdefault(detail_type, []).append((description, accepted, is_readable(event)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("detail_type", DETAIL_TYPES)
def test_the_workflow_accepts_what_the_functions_accept(detail_type: str):
    """Each field, missing and with values that are wrong for it, in the JSONata that Step Functions has."""
    different = [
        (name, workflow) for name, workflow, functions in verdicts()[detail_type] if workflow != functions
    ]
    assert different == [], (
        "the workflow accepts (True) or refuses (False) what functions/contract does not; change 'malformed' of "
        "state ReadEvent in workflows/deliver.asl.json"
    )
    assert "unchanged" in {name for name, accepted, _ in verdicts()[detail_type] if accepted}
    assert len([name for name, accepted, _ in verdicts()[detail_type] if not accepted]) > 50


@pytest.mark.parametrize(
    ("detail_type", "field", "texts"),
    [("MessageSent", "text", TEXTS), ("MessageSent", "sentAt", TIMES), ("ReactionAdded", "emoji", EMOJI)],
    ids=["text", "sentAt", "emoji"],
)
def test_another_engine_agrees(detail_type: str, field: str, texts: tuple[str, ...]):
    """Its regular expressions see whole characters, where those of JavaScript see halves of the rarer ones."""
    for text in texts:
        event = changed(fixture(detail_type), ("data", field), text)
        malformed = evaluate(CODE["malformed"], {}, {"input": event})
        assert (malformed == []) == is_readable(event), ascii(text)[:80]


def test_the_patterns_are_those_of_the_contract():
    """Times and emoji are checked with the same expressions."""
    assert f"/{TIMESTAMP_PATTERN}/" in CODE["malformed"]
    assert f"/{NOT_IN_EMOJI}/" in CODE["malformed"]
    assert f"/{VISIBLE}/" in CODE["malformed"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sentAt": "yesterday"}, "sentAt"),
        ({"text": "x" * 8193}, "text"),
        ({"sender": {"userId": "u-1", "displayName": ""}}, "sender"),
    ],
)
def test_a_malformed_message_takes_no_seq(deliver: Deliver, change: dict[str, Any], field: str):
    """It becomes a dead letter that names the field, and the next message gets the next seq."""
    deliver.subscribe("a")
    run = deliver.run(message_sent(CHANNEL_ID, **change))
    assert (run.status, run.error) == ("FAILED", "Parley.MalformedEvent")
    [letter] = deliver.dead_letters()
    assert letter["failure"]["Cause"] == f"A field is missing from, or wrong in, a MessageSent: {field}"
    assert deliver.stage.rows("messages") == deliver.stage.rows("messageIds") == []
    assert deliver.posts == []
    after = deliver.run(message_sent(CHANNEL_ID))
    assert after.output is not None
    assert after.output["seq"] == 1


def test_a_malformed_change_changes_nothing(deliver: Deliver):
    """An edit with a text that is too long leaves the message as it is."""
    edit = deliver.prepared("edit")
    before = deliver.stage.rows("messages")
    edit["detail"]["data"]["text"] = "x" * 9_000
    assert deliver.run(edit).error == "Parley.MalformedEvent"
    assert deliver.stage.rows("messages") == before
    assert deliver.posts == []


def versions(schema: int, readable_from: int | None) -> dict[str, Any]:
    """A message of a version, with a field that this version does not know."""
    sent = message_sent(CHANNEL_ID, colour="green")
    sent["detail"]["metadata"] |= {"schemaVersion": schema, "priority": 1}
    if readable_from is not None:
        sent["detail"]["metadata"]["readableFrom"] = readable_from
    return sent


def test_both_versions_are_delivered_while_a_version_is_rolled_out(deliver: Deliver):
    """Events of this version and of the next, in turn, are stored in order; what is not understood is kept."""
    deliver.subscribe("a")
    understood = [versions(1, None), versions(2, 1), versions(1, 1), versions(2, 1)]
    for number, event in enumerate(understood, start=1):
        run = deliver.run(event)
        assert (run.status, run.output and run.output["seq"]) == ("SUCCEEDED", number)
    newer = [versions(2, 2), versions(2, None)]
    for event in newer:
        assert deliver.run(event).error == "Parley.NewerEvent"
        with pytest.raises(NewerEventError):
            read_event(event)
    assert [letter["event"] for letter in deliver.dead_letters()] == newer
    assert len(deliver.stage.rows("messages")) == len(understood)
