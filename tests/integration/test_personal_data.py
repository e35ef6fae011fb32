"""`parley users export` and `parley users erase`: everything that a user wrote, out and away, on a stage."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from boto3.dynamodb.conditions import Key

from tests.integration.commands import run_ops
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage

pytestmark = pytest.mark.anyio


async def test_a_user_is_exported_and_erased(stage: TestStage, new_client: NewClient, tmp_path: Path):
    """Texts are sealed in every copy, open clients see deletions, and the tools find no difference afterwards."""
    dora, emil = await new_client("dora"), await new_client("emil")
    secret = f"the secret of {uuid4()}"
    channel = await dora.api.post("/channels", {"name": f"privacy {uuid4()}", "kind": "private"})
    channel_id = channel["channelId"]
    await dora.api.put(f"/channels/{channel_id}/members/{emil.user_id}")
    for text in (f"{secret} 1", f"{secret} 2"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await dora.sockets[0].send(action="editMessage", channelId=channel_id, seq=1, text=f"{secret} 3")
    await emil.sockets[0].wait_for_type("messageEdited", seq=1, text=f"{secret} 3")
    messages = stage.table("Messages")
    stored = messages.query(KeyConditionExpression=Key("channelId").eq(channel_id), ConsistentRead=True)["Items"]
    assert [row["seq"] for row in stored] == [1, 2]
    assert secret not in str(stored)

    path = tmp_path / "dora.json"
    export = ("users", "export", dora.user_id, "--archive", "--output", str(path), "--json")
    exported = await asyncio.to_thread(run_ops, stage, *export)
    assert exported.code == 0, exported.err
    data = json.loads(await asyncio.to_thread(path.read_text))
    assert [message["text"] for message in data["messages"]] == [f"{secret} 3", f"{secret} 2"]
    archived = [event["data"]["text"] for event in data["archive"] if "text" in event["data"]]
    assert sorted(archived) == [f"{secret} {number}" for number in (1, 2, 3)]

    erased = await asyncio.to_thread(run_ops, stage, "users", "erase", dora.user_id, "--yes", "--json")
    assert erased.code == 0, erased.err
    assert (erased.json["deleted"], erased.json["accountDeleted"]) == (2, True)
    assert any("archive" in copy["where"] for copy in erased.json["remains"])
    for seq in (1, 2):
        await emil.sockets[0].wait_for_type("messageDeleted", seq=seq)
    page = await emil.api.get(f"/channels/{channel_id}/messages")
    assert {(item["text"], item["sender"]["displayName"]) for item in page["items"]} == {("", "Deleted user")}
    await dora.sockets[0].wait_until_closed()

    checked = await asyncio.to_thread(run_ops, stage, "check", "--channel", channel_id, "--settle", "0", "--json")
    assert (checked.code, checked.json["differences"]) == (0, []), checked.out
    compare = ("replay", "--channel", channel_id, "--since", "1h", "--json")
    compared = await asyncio.to_thread(run_ops, stage, *compare)
    assert (compared.code, compared.json["differences"]) == (0, []), compared.out
    events = tmp_path / "events.jsonl"
    written = await asyncio.to_thread(run_ops, stage, *compare[:-1], "--export", str(events))
    assert written.code == 0, written.err
    text = await asyncio.to_thread(events.read_text)
    assert secret not in text
    assert "[erased]" in text

    listed = await asyncio.to_thread(run_ops, stage, "operations", "--since", "5m", "--json")
    [record] = [one for one in listed.json if one["options"] == {"user": dora.user_id}]
    assert (record["command"], record["outcome"]) == ("users erase", "done")

    again = await asyncio.to_thread(run_ops, stage, "users", "erase", dora.user_id, "--yes", "--json")
    assert (again.code, again.json["deleted"]) == (0, 0), again.err
    assert again.json["erasedAt"] == erased.json["erasedAt"]


@pytest.mark.thorough
async def test_the_cost_of_a_small_load_is_measured(stage: TestStage):
    """Frames, calls, runs and writes are those of the design; what a local stage cannot measure is named."""
    result = await asyncio.to_thread(
        run_ops, stage, "cost", "--measure", "--messages", "3", "--recipients", "2", "--json"
    )
    assert result.code == 0, result.err
    measured = result.json["measured"]
    amounts = {share["name"]: share["amount"] for share in measured["shares"]}
    assert (measured["messages"], amounts["socket_messages"], amounts["runs"]) == (3, 4, 1)
    assert amounts["invocations"] >= 2
    assert amounts["write_units"] >= 6
    assert any("not those of AWS" in note for note in measured["notes"])
    assert result.json["atRestMonth"] > 0
