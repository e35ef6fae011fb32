"""`ops follow`: every hop of a message, with times that add up and every post accounted for."""

import itertools
import time

import pytest

from functions.contract.model import milliseconds
from tests.integration.conftest import Join
from tests.integration.operating import ops_process, until_followed, walk
from tests.local_stage import TestStage

pytestmark = pytest.mark.anyio

CLOCKS_DIFFER_MS = 5.0
"""By how much two logs may differ over one moment: one counts whole milliseconds, and their clocks differ."""


async def test_the_whole_way_of_a_message_is_told(stage: TestStage, join: Join):
    """Stored row, event, archive, rule, run with its states, posts by user, one connected trace, no problems."""
    dora, emil = await join("dora"), await join("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    ack = await dora.send_message("follow me", channel_id=opened["channelId"])
    frame = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    found = until_followed(stage, ack["messageId"])
    assert found["problems"] == []
    assert (found["message"]["channelId"], found["message"]["seq"]) == (opened["channelId"], frame["seq"])
    assert found["event"]["actor"] == dora.user_id
    assert found["archive"]["holdsIt"] is True
    assert found["rule"]["state"] == "ENABLED"
    [run] = found["runs"]
    assert (run["status"], run["outcome"], run["seq"]) == ("SUCCEEDED", "delivered", frame["seq"])
    assert [state for state in run["path"] if state in ("AssignSequence", "PersistOnce", "PostBatch")] == [
        "AssignSequence",
        "PersistOnce",
        "PostBatch",
    ]
    assert {(post["userId"], post["outcome"]) for post in found["posts"]} == {
        (dora.user_id, "delivered"),
        (emil.user_id, "delivered"),
    }
    assert {post["displayName"] for post in found["posts"]} == {"Dora", "Emil"}
    [trace] = found["traces"]
    assert trace["connected"] is True
    assert trace["traceId"] == frame["traceId"] == found["event"]["traceId"]


async def test_the_hops_add_up_to_the_measured_total(stage: TestStage, join: Join):
    """The sum of the hops is the trace's own span from taking to last post, which the client's own watch holds."""
    dora = await join("dora")
    # Alone, so that the last post, where the total ends, is the one that she sees.
    channel_id = (await dora.api.post("/channels", {"name": f"measured {time.time_ns()}"}))["channelId"]
    await dora.send_message("warm up", channel_id=channel_id)
    sent_ms = time.time() * 1000
    ack = await dora.send_message("measure me", channel_id=channel_id)
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    seen_ms = time.time() * 1000
    found = until_followed(stage, ack["messageId"])
    hops, total = found["hops"], found["total"]["ms"]
    assert [hop["name"] for hop in hops] == ["route", "bus", "persist", "recipients", "invoke", "post"]
    assert sum(hop["durationMs"] for hop in hops) == pytest.approx(total, abs=0.01)
    for before, after in itertools.pairwise(hops):
        assert before["offsetMs"] + before["durationMs"] == pytest.approx(after["offsetMs"], abs=0.01)
    segments = walk(found["traces"][0]["segments"])
    [post] = [each for each in segments if each["name"] == "post frames"]
    assert total == pytest.approx(post["offsetMs"] + post["durationMs"], abs=CLOCKS_DIFFER_MS)
    # Taken after the client sent it, and posted, though not necessarily answered, before the client saw it.
    taken_ms = milliseconds(found["total"]["from"])
    assert sent_ms - CLOCKS_DIFFER_MS <= taken_ms
    assert taken_ms + post["offsetMs"] <= seen_ms + CLOCKS_DIFFER_MS


async def test_a_connection_that_is_gone_is_accounted_for(stage: TestStage, join: Join):
    """A socket that is no longer there, and nobody said so, is told as gone, the others as delivered."""
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"ghost {time.time_ns()}", "kind": "private"})
    table = stage.resource("dynamodb").Table(stage.output("Data", "SubscriptionsTableName"))
    table.put_item(
        Item={
            "channelId": channel["channelId"],
            "connectionId": "long-gone",
            "userId": "somebody",
            "expiresAt": int(time.time()) + 600,
        }
    )
    ack = await dora.send_message("who is there?", channel_id=channel["channelId"])
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    found = until_followed(stage, ack["messageId"])
    outcomes = {post["connectionId"]: post["outcome"] for post in found["posts"]}
    assert outcomes.pop("long-gone") == "gone"
    assert list(outcomes.values()) == ["delivered"]
    assert found["problems"] == []


async def test_a_message_that_nobody_knows_is_one_sentence(stage: TestStage):
    """Exit code 3, nothing on stdout."""
    ran = ops_process(stage, "follow", "no-such-message", "--json")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert "no-such-message" in ran.err
