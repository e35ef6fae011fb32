"""Exporting a user: everything that they wrote, readable, in a file for one operator."""

import json
from pathlib import Path

import pytest

from ops.errors import BadRequestError
from ops.privacy import erasure, export
from ops.stage import tables
from ops.stage.lookup import KnownUser
from tests.unit.ops.privacy.conftest import SENT_AT, People


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"username": "dora", "attributes": {"email": "dora@example.com"}}
    monkeypatch.setattr(export, "_account", lambda _stage, _username: account)


def test_an_export_has_all_that_the_user_wrote(people: People, dora: KnownUser):
    """Sealed texts are opened; what others wrote is not in it."""
    data = json.loads(json.dumps(export.collect(people.stage, dora)))
    assert [message["text"] for message in data["messages"]] == ["good morning", "from before the keys"]
    assert data["reactions"] == [{"channelId": "c-1", "seq": 2, "emoji": "👍", "reactedAt": SENT_AT}]
    assert (data["format"], data["version"], data["userId"]) == (export.FORMAT, export.VERSION, "dora")
    assert data["profile"] == {
        "username": "dora",
        "displayName": "Dora",
        "createdAt": "2026-11-01T00:00:00.000Z",
        "lastSeenAt": SENT_AT,
    }
    assert data["account"]["attributes"]["email"] == "dora@example.com"
    assert [channel["name"] for channel in data["channels"]] == ["tea"]
    assert "hello" not in json.dumps(data)


def test_a_damaged_row_is_named_and_does_not_end_an_export(people: People, dora: KnownUser):
    """A message without its text, and a membership whose read marker is a list."""
    people.put("Messages", channelId="c-1", seq=1, senderId="dora")
    people.put("Members", userId="dora", channelId="c-1", role="owner", joinedAt=SENT_AT, readSeq=[3])
    damaged: list[tables.Unreadable] = []
    data = json.loads(json.dumps(export.collect(people.stage, dora, damaged.append)))
    assert [message["text"] for message in data["messages"]] == ["from before the keys"]
    assert [channel["channelId"] for channel in data["channels"]] == ["c-1"]
    assert [row.repair for row in damaged] == [("repair", "messages", "c-1", "1")]


def test_the_export_of_an_erased_user_has_no_text(
    people: People, dora: KnownUser, monkeypatch: pytest.MonkeyPatch
):
    """Only ids and times are left."""
    monkeypatch.setattr(erasure, "POLL_SECONDS", 0.0)
    erasure.erase(people.stage, dora)
    data = export.collect(people.stage, KnownUser("dora", None))
    assert {message["text"] for message in data["messages"]} == {""}
    assert data["account"] is None
    assert "dora@" not in json.dumps(data)


def test_a_file_is_for_this_operator_and_never_overwritten(tmp_path: Path):
    """It holds personal data."""
    path = tmp_path / "dora.json"
    export.write(path, {"userId": "dora"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"userId": "dora"}
    with pytest.raises(BadRequestError, match="exists already"):
        export.write(path, {})
    with pytest.raises(BadRequestError, match="Cannot write"):
        export.write(tmp_path / "none" / "dora.json", {})
