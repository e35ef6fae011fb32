"""Moments, filters, exports, hops, traces: read right, or refused in a sentence."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract.model import milliseconds, timestamp
from ops import times
from ops.errors import BadRequestError
from ops.events import incident_file
from ops.events.bus_event import BusEvent, EventFilter
from ops.follow import traces
from ops.follow.latency import Moment, split
from ops.models import PublishedEvent
from tests.unit.ops.run_builders import START_MS, bus_event, moved, sent

NOW = milliseconds("2026-11-24T12:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("now", "2026-11-24T12:00:00.000Z"),
        ("90s", "2026-11-24T11:58:30.000Z"),
        ("15m", "2026-11-24T11:45:00.000Z"),
        ("2h", "2026-11-24T10:00:00.000Z"),
        ("1d", "2026-11-23T12:00:00.000Z"),
        ("15 m ago", "2026-11-24T11:45:00.000Z"),
        ("9:30", "2026-11-24T09:30:00.000Z"),
        ("09:30:15", "2026-11-24T09:30:15.000Z"),
        ("2026-11-24T09:30", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24T10:30:00+01:00", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
    ],
)
def test_a_moment_as_people_write_it(text: str, wanted: str):
    """So long ago, today, or in full; UTC unless it says otherwise."""
    assert timestamp(times.moment(text, now_ms=NOW)) == wanted


@pytest.mark.parametrize("text", ["", "yesterday", "15", "25:00", "2026-13-01", "-5m"])
def test_what_is_no_moment_is_refused(text: str):
    """With examples of what would be one."""
    with pytest.raises(BadRequestError, match="Invalid time"):
        times.moment(text, now_ms=NOW)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (EventFilter(), True),
        (EventFilter(types={"MemberJoined"}), True),
        (EventFilter(types={"MemberLeft"}), False),
        (EventFilter(channel_id="c-1"), True),
        (EventFilter(channel_id="c-2"), False),
        (EventFilter(user_id="alice"), True),
        (EventFilter(user_id="bob"), True),
        (EventFilter(user_id="carol"), False),
        (EventFilter(since_ms=START_MS, until_ms=START_MS + 1), True),
        (EventFilter(since_ms=START_MS + 1), False),
        (EventFilter(until_ms=START_MS), False),
    ],
)
def test_a_filter_lets_through_what_is_wanted(wanted: EventFilter, matches: bool):
    """By kind, channel, user (by them or about them) and time, the end not included."""
    assert wanted.matches(moved(True, offset_ms=0)) is matches


@pytest.mark.parametrize("raw", [{}, {"detail": None}, {"detail": []}, {"detail": {"data": 7, "metadata": "x"}}])
def test_a_poisoned_event_can_be_looked_at(raw: dict[str, object]):
    """It is shown, not stumbled over."""
    shown = PublishedEvent.model_validate(BusEvent(raw)).model_dump(by_alias=True)
    assert (shown["channelId"], shown["messageId"], shown["actor"]) == (None, None, None)


def test_an_export_comes_back_as_it_was(tmp_path: Path):
    """Events and places; what belongs to one replay and account stays behind."""
    event = BusEvent({**sent("m-1").raw, "replay-name": "r", "account": "000000000000"})
    assert incident_file.write(tmp_path / "f", [event], {"m-1": 7}, stage="dev") == 1
    incident = incident_file.read(tmp_path / "f")
    assert incident.seqs == {"m-1": 7}
    assert incident.events[0].raw == sent("m-1").raw | {"detail": event.raw["detail"]}
    assert incident.about["stage"] == "dev"


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_redacted_export_holds_neither_texts_nor_names(text: str, name: str):
    """Everything else is kept, and the same name is the same person."""
    redaction = incident_file.Redaction(["text", "names"])
    event = sent("m-1", text=text)
    event.raw["detail"]["data"]["sender"]["displayName"] = name
    data = redaction.apply(event).data
    assert data["text"] == f"[redacted, {len(text)} characters]"
    assert data["sender"] == {"userId": "alice", "displayName": "Person 1"}
    assert redaction.apply(event).data == data
    assert {key: value for key, value in data.items() if key not in ("text", "sender")} == {
        key: value for key, value in event.data.items() if key not in ("text", "sender")
    }


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"format": "other"}', '{"format": "parley-events"}'])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: str):
    """The sentence names the file."""
    (tmp_path / "f").write_text(content)
    with pytest.raises(BadRequestError, match=str(tmp_path / "f")):
        incident_file.read(tmp_path / "f")


def test_a_broken_line_is_named(tmp_path: Path):
    """By its number."""
    incident_file.write(tmp_path / "f", [sent("m-1")], {}, stage="dev")
    with (tmp_path / "f").open("a") as file:
        file.write("{\n")
    with pytest.raises(BadRequestError, match="line 3"):
        incident_file.read(tmp_path / "f")


@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=6), st.floats(0, 2_000))
def test_hops_add_up_whatever_the_clocks_say(moments: list[float], end: float):
    """They follow each other without gap or overlap, and none is negative."""
    names = ["route", "bus", "persist", "recipients", "invoke", "post"]
    hops = split([Moment(name, at_ms, "log") for name, at_ms in zip(names, moments, strict=False)], end)
    assert all(hop.end_ms >= hop.start_ms for hop in hops)
    assert all(before.end_ms == after.start_ms for before, after in zip(hops, hops[1:], strict=False))  # noqa: RUF007
    total = hops[-1].end_ms - hops[0].start_ms
    assert sum(hop.end_ms - hop.start_ms for hop in hops) == pytest.approx(total, abs=1e-6)


def test_a_segment_without_its_parent_tears_the_trace():
    """It is shown as a root of its own, and the trace says that it is not connected."""
    documents = [
        {"id": "a", "name": "send", "start_time": 1.0, "end_time": 2.0},
        {"id": "b", "name": "post", "start_time": 1.5, "end_time": 1.8, "parent_id": "a"},
    ]
    whole = traces.tree("1-x", documents)
    assert whole.connected
    assert [child.name for child in whole.segments[0].children] == ["post"]
    torn = traces.tree("1-x", [documents[0], {**documents[1], "parent_id": "lost"}])
    assert not torn.connected
    assert len(torn.segments) == 2


def test_an_event_is_one_json_object():
    """For scripts: every field is there, unknown ones are null."""
    shown = json.loads(
        PublishedEvent.model_validate(bus_event("UserConnected", {"userId": "alice"})).model_dump_json(
            by_alias=True
        )
    )
    assert set(shown) == {
        "eventId", "detailType", "occurredAt", "actor", "correlationId", "channelId", "messageId", "traceId",
        "size", "detail",
    }  # fmt: skip


def test_a_failure_that_its_parent_went_on_from_is_caught():
    """A condition that did not hold is no alarm; what failed with all around it is."""
    call = {"id": "c", "name": "dynamodb", "start_time": 1.1, "end_time": 1.2, "error": True}
    went_on = {"id": "a", "name": "admit", "start_time": 1.0, "end_time": 1.3, "subsegments": [call]}
    [root] = traces.tree("1-x", [went_on]).segments
    assert [(each.failed, each.caught) for each in traces.walk([root])] == [(False, False), (True, True)]
    [root] = traces.tree("1-x", [{**went_on, "fault": True}]).segments
    assert [(each.failed, each.caught) for each in traces.walk([root])] == [(True, False), (True, False)]
