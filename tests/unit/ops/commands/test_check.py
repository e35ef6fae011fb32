"""`parley check` reads and compares the requested time range."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from ops import times
from ops.commands import check, cli
from ops.errors import ExitCode
from ops.events import archive
from ops.events.bus_event import BusEvent
from ops.stage import tables
from ops.stage.stage import Stage
from ops.stage.tables import Tables
from tests.unit.ops.event_builders import (
    CHANNEL,
    START_MS,
    at,
    channel_created,
    membership_changed,
    message_edited,
    message_sent,
)
from tests.unit.ops.lagging_archive import LaggingArchive
from tests.unit.ops.stages import deployed_stage, stubbed


def row(message_id: str, seq: int, offset_ms: int, **more: str) -> dict[str, Any]:
    """The row of a message of Alice."""
    return {
        "messageId": message_id, "clientMessageId": f"client-{message_id}", "channelId": "c-1", "seq": seq,
        "senderId": "alice", "senderName": "Alice", "text": "hello", "sentAt": at(offset_ms), **more,
    }  # fmt: skip


def test_since_limits_what_is_read_and_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The row from before is missing, which is not reported; a change of it is no difference either."""
    stage = deployed_stage()
    requested: dict[str, int] = {}

    def read(_stage: Stage, _filter: Any, *, since_ms: int, until_ms: int, **_: Any) -> list[BusEvent]:
        requested.update(since_ms=since_ms, until_ms=until_ms)
        events = [
            message_sent("before", offset_ms=0),
            message_edited("before", 1, "changed", offset_ms=400_000),
            message_sent("within", offset_ms=410_000),
        ]
        return [event for event in events if since_ms <= event.occurred_ms < until_ms]

    rows = [row("within", 2, 410_000), row("older", 1, 1_000, text="changed", editedAt=at(400_000))]
    ids = [{"messageId": item["messageId"], "channelId": "c-1", "seq": item["seq"]} for item in rows]
    stored = Tables(
        channels=[{"channelId": "c-1", "lastSeq": 2}], messages=rows, message_ids=ids, reactions=[], members=[]
    )
    monkeypatch.setattr(Stage, "find", lambda *_, **_options: stage)
    monkeypatch.setattr(archive, "read", read)
    monkeypatch.setattr(tables, "read", lambda *_: stored)
    monkeypatch.setattr(times, "now", lambda: START_MS + 3_600_000)
    monkeypatch.setattr(sys, "argv", ["parley", "check", "--json", "--since", at(300_000)])
    created = datetime.fromtimestamp(START_MS / 1000 - 86_400, UTC)
    with stubbed(stage, "events") as events:
        events.add_response("describe_archive", {"CreationTime": created})
        with pytest.raises(SystemExit) as end:
            cli.main()
    report = json.loads(capsys.readouterr().out)
    assert requested["since_ms"] == START_MS + 300_000 - check.MARGIN_MS
    assert (end.value.code, report["differences"]) == (ExitCode.DONE, [])
    assert (report["since"], report["events"], report["outside"]) == (at(300_000), 2, 1)


MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("events", "members", "differences"),
    [
        (
            [membership_changed(True, offset_ms=MINUTE_MS), membership_changed(False, offset_ms=57 * MINUTE_MS)],
            {"alice": "owner"},
            [],
        ),
        (
            [
                membership_changed(True, offset_ms=MINUTE_MS),
                membership_changed(False, offset_ms=57 * MINUTE_MS, user_id="alice", new_owner_id="bob"),
            ],
            {"bob": "owner"},
            [],
        ),
        ([membership_changed(True, offset_ms=MINUTE_MS)], {"alice": "owner"}, ["bob in c-1"]),
    ],
    ids=["left", "the owner left", "lost"],
)
def test_a_member_who_left_in_the_last_ten_minutes_is_not_missing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    events: list[BusEvent],
    members: dict[str, str],
    differences: list[str],
):
    """Their row is deleted at once, and the archive of AWS has the event later. A row that was lost is missing."""
    stage = deployed_stage()
    archived = [channel_created(), *events]
    LaggingArchive(monkeypatch, archived, now_ms=START_MS + 60 * MINUTE_MS)
    joined_at = {"alice": at(0), "bob": at(MINUTE_MS)}
    stored = Tables(
        channels=[
            {**CHANNEL, "lastSeq": 0, "memberCount": len(members)},
            {"channelId": "name#tea", "namedChannelId": "c-1"},
        ],
        messages=[],
        message_ids=[],
        reactions=[],
        members=[
            {"userId": user_id, "channelId": "c-1", "role": role, "joinedAt": joined_at[user_id], "readSeq": 0}
            for user_id, role in members.items()
        ],
    )
    monkeypatch.setattr(Stage, "find", lambda *_, **_options: stage)
    monkeypatch.setattr(tables, "read", lambda *_: stored)
    monkeypatch.setattr(sys, "argv", ["parley", "check", "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    found = [found["key"] for found in json.loads(capsys.readouterr().out)["differences"]]
    assert (found, end.value.code) == (differences, ExitCode.DIFFERENT if differences else ExitCode.DONE)
