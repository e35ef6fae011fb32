"""`parley follow` reports every step of a message, with durations that add up and the outcome of every post."""

import itertools
import time

import pytest

from functions.contract.model import milliseconds
from tests.integration.commands import flatten, run_ops_process, wait_until_followed
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage

pytestmark = pytest.mark.anyio

CLOCKS_DIFFER_MS = 5.0
"""How far two logs may differ in the time of an event: one rounds to milliseconds, and their clocks differ."""


async def test_every_step_of_a_message_is_reported(stage: TestStage, new_client: NewClient):
    """The report has the row, the event, the archive, the rule, the run, the posts and one connected trace."""
    dora, emil = await new_client("dora"), await new_client("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    ack = await dora.send_message("follow me", channel_id=opened["channelId"])
    frame = await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    report = wait_until_followed(stage, ack["messageId"])
    assert report["problems"] == []
    assert (report["message"]["channelId"], report["message"]["seq"]) == (opened["channelId"], frame["seq"])
    assert report["event"]["actor"] == dora.user_id
    assert report["archive"]["holdsIt"] is True
    assert report["rule"]["state"] == "ENABLED"
    [run] = report["runs"]
    assert (run["status"], run["outcome"], run["seq"]) == ("SUCCEEDED", "delivered", frame["seq"])
    assert [state for state in run["path"] if state in ("AssignSequence", "PersistOnce", "PostBatch")] == [
        "AssignSequence",
        "PersistOnce",
        "PostBatch",
    ]
    assert {(post["userId"], post["outcome"]) for post in report["posts"]} == {
        (dora.user_id, "delivered"),
        (emil.user_id, "delivered"),
    }
    assert {post["displayName"] for post in report["posts"]} == {"Dora", "Emil"}
    [trace] = report["traces"]
    assert trace["connected"] is True
    assert trace["traceId"] == frame["traceId"] == report["event"]["traceId"]


@pytest.mark.thorough
async def test_the_hops_add_up_to_the_measured_total(stage: TestStage, new_client: NewClient):
    """The durations of the hops add up to the trace's span, which lies within the client's measurement."""
    dora = await new_client("dora")
    # She is the only member, so that the last post, where the total ends, is the one to her.
    channel_id = (await dora.api.post("/channels", {"name": f"measured {time.time_ns()}"}))["channelId"]
    await dora.send_message("warm up", channel_id=channel_id)
    sent_ms = time.time() * 1000
    ack = await dora.send_message("measure me", channel_id=channel_id)
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    received_ms = time.time() * 1000
    report = wait_until_followed(stage, ack["messageId"])
    hops, total = report["hops"], report["total"]["ms"]
    assert [hop["name"] for hop in hops] == ["route", "bus", "persist", "recipients", "invoke", "post"]
    assert sum(hop["durationMs"] for hop in hops) == pytest.approx(total, abs=0.01)
    for before, after in itertools.pairwise(hops):
        assert before["offsetMs"] + before["durationMs"] == pytest.approx(after["offsetMs"], abs=0.01)
    segments = flatten(report["traces"][0]["segments"])
    [post] = [segment for segment in segments if segment["name"] == "post frames"]
    assert total == pytest.approx(post["offsetMs"] + post["durationMs"], abs=CLOCKS_DIFFER_MS)
    # The message was admitted after the client sent it, and posted before the client received it.
    admitted_ms = milliseconds(report["total"]["from"])
    assert sent_ms - CLOCKS_DIFFER_MS <= admitted_ms
    assert admitted_ms + post["offsetMs"] <= received_ms + CLOCKS_DIFFER_MS


async def test_a_post_to_a_stale_connection_is_reported_as_gone(stage: TestStage, new_client: NewClient):
    """A post to a connection whose socket has closed is reported as gone, the others as delivered."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"stale {time.time_ns()}", "kind": "private"})
    table = stage.table("Subscriptions")
    table.put_item(
        Item={
            "channelId": channel["channelId"],
            "connectionId": "stale",
            "userId": "u-1",
            "expiresAt": int(time.time()) + 600,
        }
    )
    ack = await dora.send_message("hello", channel_id=channel["channelId"])
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    report = wait_until_followed(stage, ack["messageId"])
    outcomes = {post["connectionId"]: post["outcome"] for post in report["posts"]}
    assert outcomes.pop("stale") == "gone"
    assert list(outcomes.values()) == ["delivered"]
    assert report["problems"] == []


@pytest.mark.thorough
async def test_an_unknown_message_is_reported_in_one_sentence(stage: TestStage):
    """The command exits with 3, prints one line to stderr and nothing to stdout."""
    result = run_ops_process(stage, "follow", "no-such-message", "--json")
    assert result.code == 3
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert "no-such-message" in result.err
