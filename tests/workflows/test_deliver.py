"""Every path through the deployed workflow `deliver`."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.conditions import Key

from tests.events import bus_event, envelope, message_sent
from tests.workflows.conftest import Workflow


def test_a_message_is_persisted_at_the_next_seq_and_posted(workflow: Workflow):
    """The run assigns the next seq, stores one row with it, and posts the frame."""
    channel_id = workflow.channel(last_seq=41)
    workflow.subscribe(channel_id, 2)
    sent = message_sent(channel_id)
    run = workflow.run(sent)
    assert run.status == "SUCCEEDED", run
    assert [name for name in run.states if name in {"AssignSequence", "PersistOnce", "FindRecipients"}] == [
        "AssignSequence",
        "PersistOnce",
        "FindRecipients",
    ]
    assert "PostToConnections" in run.states
    assert run.output is not None
    assert run.output["seq"] == 42
    row = workflow.table("Messages").get_item(Key={"channelId": channel_id, "seq": 42})["Item"]
    assert row["messageId"] == sent["detail"]["data"]["messageId"]
    assert row["text"] == "Hello, World"
    channel = workflow.table("Channels").get_item(Key={"channelId": channel_id})["Item"]
    assert channel["lastSeq"] == 42


def test_a_duplicate_takes_no_seq_and_is_posted_again(workflow: Workflow):
    """The second run finds the original and posts it at the original's seq."""
    channel_id = workflow.channel()
    sent = message_sent(channel_id)
    first, second = workflow.run(sent), workflow.run(sent)
    assert first.output is not None
    assert second.output == first.output
    assert "AssignSequence" not in second.states
    assert "FindRecipients" in second.states
    channel = workflow.table("Channels").get_item(Key={"channelId": channel_id})["Item"]
    assert channel["lastSeq"] == 1


def test_concurrent_runs_of_one_message_store_it_once(workflow: Workflow):
    """Runs whose transaction fails return the seq of the row that another run stored."""
    channel_id = workflow.channel()
    sent = message_sent(channel_id)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: workflow.run(sent), range(8)))
    assert {run.status for run in runs} == {"SUCCEEDED"}
    assert len({run.output["seq"] for run in runs if run.output}) == 1
    rows = workflow.table("Messages").query(
        KeyConditionExpression="channelId = :c", ExpressionAttributeValues={":c": channel_id}
    )
    assert rows["Count"] == 1


def test_a_run_without_recipients_succeeds(workflow: Workflow):
    """The message is stored, and nothing is posted."""
    channel_id = workflow.channel()
    run = workflow.run(message_sent(channel_id))
    assert run.status == "SUCCEEDED"
    assert "PostToConnections" not in run.states


def test_stale_connections_are_pruned(workflow: Workflow):
    """A connection whose post is answered 410 loses its subscription; the run succeeds without a dead letter."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 3)
    sent = message_sent(channel_id)
    run = workflow.run(sent)
    assert run.status == "SUCCEEDED"
    assert workflow.subscribed(channel_id) == set()
    assert not {"KeepUndelivered", "SendToDeadLetterQueue"} & set(run.states)
    # A dead letter of the first run would be in the queue before that of the refused event, which runs later.
    refused = message_sent(channel_id, text=7)
    workflow.run(refused)
    dead_letters = workflow.dead_letters_of(sent["id"], refused["id"])
    assert [dead_letter["event"]["id"] for dead_letter in dead_letters] == [refused["id"]]


def test_expired_subscriptions_get_no_post(workflow: Workflow):
    """A subscription whose row has expired and is not deleted yet is no recipient."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 2, expires_in=-10)
    run = workflow.run(message_sent(channel_id))
    assert run.status == "SUCCEEDED"
    assert "PostToConnections" not in run.states


def test_recipients_on_several_pages_all_get_the_frame(workflow: Workflow):
    """Every live connection on two pages is posted to. Most of the 550 rows have expired and fill the pages."""
    channel_id = workflow.channel()
    expired = workflow.subscribe(channel_id, 400, expires_in=-10)
    workflow.subscribe(channel_id, 150)
    run = workflow.run(bus_event("ChannelCreated", envelope(_channel_created(channel_id))))
    assert run.status == "SUCCEEDED", run
    assert run.states.count("FindRecipients") == 2
    assert run.states.count("PostBatch") >= 2
    assert workflow.subscribed(channel_id) == set(expired), "every live connection was posted to and pruned"


@pytest.mark.parametrize(
    "broken",
    [
        {"messageId": None},
        {"text": 7},
        {"sender": {}},
        {"channelId": None},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_a_malformed_event_goes_to_the_dead_letter_queue(workflow: Workflow, broken: dict[str, object]):
    """The run fails, the dead letter holds the complete event and the reason, and no seq is taken."""
    channel_id = workflow.channel()
    sent = message_sent(channel_id, **broken)
    run = workflow.run(sent)
    assert run.status == "FAILED"
    assert run.error == "Parley.MalformedEvent"
    dead_letters = workflow.dead_letters_of(sent["id"])
    assert [dead_letter["event"]["id"] for dead_letter in dead_letters] == [sent["id"]]
    assert dead_letters[0]["failure"]["Error"] == "Parley.MalformedEvent"
    channel = workflow.table("Channels").get_item(Key={"channelId": channel_id})["Item"]
    assert channel["lastSeq"] == 0


def test_an_event_without_detail_goes_to_the_dead_letter_queue(workflow: Workflow):
    """An event without any detail becomes a dead letter too."""
    event_id = f"nothing-{uuid4()}"
    run = workflow.run({"id": event_id, "detail-type": "MessageSent"})
    assert run.status == "FAILED"
    assert [dead_letter["event"]["id"] for dead_letter in workflow.dead_letters_of(event_id)] == [event_id]


def test_a_message_to_an_unknown_channel_goes_to_the_dead_letter_queue(workflow: Workflow):
    """The run creates no row for a channel that does not exist."""
    sent = message_sent("no-such-channel")
    run = workflow.run(sent)
    assert run.status == "FAILED"
    assert len(workflow.dead_letters_of(sent["id"])) == 1
    assert "Item" not in workflow.table("Channels").get_item(Key={"channelId": "no-such-channel"})


def test_the_mentions_of_a_message_are_in_the_index_until_an_edit_or_its_deletion(workflow: Workflow):
    """The index has only messages that mention users; a message has the mentions of its latest text."""
    channel_id = workflow.channel()
    sent = [message_sent(channel_id, mentions=names) for names in (["bob"], ["bob", "dora"])]
    sent.append(message_sent(channel_id))

    def in_index() -> dict[int, list[str]]:
        rows = workflow.table("Messages").query(
            IndexName="byMention", KeyConditionExpression=Key("channelId").eq(channel_id)
        )
        return {int(row["mentionSeq"]): row["mentions"] for row in rows["Items"]}

    def edit(seq: int, at: int, **mentions: list[str]) -> None:
        data = {**_position(sent[seq - 1], seq), "text": "edited", "editedBy": "u-1", **mentions}
        data["editedAt"] = f"2026-11-24T09:31:0{at}.000Z"
        assert workflow.run(bus_event("MessageEdited", envelope(data))).status == "SUCCEEDED"

    for event in sent:
        assert workflow.run(event).status == "SUCCEEDED"
    assert in_index() == {1: ["bob"], 2: ["bob", "dora"]}
    edit(2, 1, mentions=["erin"])
    edit(3, 1, mentions=["bob"])
    assert in_index() == {1: ["bob"], 2: ["erin"], 3: ["bob"]}
    edit(3, 2)
    deletion = {**_position(sent[0], 1), "deletedBy": "u-1", "deletedAt": "2026-11-24T09:32:00.000Z"}
    assert workflow.run(bus_event("MessageDeleted", envelope(deletion))).status == "SUCCEEDED"
    assert in_index() == {2: ["erin"]}


def _position(sent: dict[str, Any], seq: int) -> dict[str, Any]:
    data = sent["detail"]["data"]
    return {"messageId": data["messageId"], "channelId": data["channelId"], "seq": seq}


def test_the_later_of_two_edits_wins_in_whatever_order(workflow: Workflow):
    """The earlier edit, when it arrives last, is superseded and not posted."""
    channel_id = workflow.channel()
    sent = message_sent(channel_id)
    workflow.run(sent)
    edit = {
        "messageId": sent["detail"]["data"]["messageId"],
        "channelId": channel_id,
        "seq": 1,
        "text": "later",
        "editedBy": "u-1",
        "editedAt": "2026-11-24T09:31:00.000Z",
    }
    assert workflow.run(bus_event("MessageEdited", envelope(edit))).status == "SUCCEEDED"
    late = {**edit, "text": "earlier", "editedAt": "2026-11-24T09:30:30.000Z"}
    run = workflow.run(bus_event("MessageEdited", envelope(late)))
    assert run.output == {"outcome": "superseded", "detailType": "MessageEdited"}
    row = workflow.table("Messages").get_item(Key={"channelId": channel_id, "seq": 1})["Item"]
    assert row["text"] == "later"


def test_a_removed_reaction_stays_removed_when_its_addition_arrives_late(workflow: Workflow):
    """The later change wins in any order of arrival."""
    channel_id = workflow.channel()
    reaction = {
        "messageId": "m-1",
        "channelId": channel_id,
        "seq": 1,
        "emoji": "👍",
        "userId": "u-1",
        "reactedAt": "2026-11-24T09:31:00.000Z",
    }
    workflow.run(bus_event("ReactionRemoved", envelope(reaction)))
    run = workflow.run(bus_event("ReactionAdded", envelope({**reaction, "reactedAt": "2026-11-24T09:30:00.000Z"})))
    assert run.output is not None
    assert run.output["outcome"] == "superseded"
    key = {"channelId": channel_id, "reactionKey": "000000000001#👍#u-1"}
    assert workflow.table("Reactions").get_item(Key=key)["Item"]["present"] is False


def test_a_dry_run_writes_nothing_and_posts_nothing(workflow: Workflow):
    """A dry run returns what it would deliver, with the original's seq if the message is stored."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 1)
    sent = message_sent(channel_id)
    new = workflow.run(sent, mode="dry-run")
    assert new.output is not None
    assert (new.output["outcome"], new.output["seq"]) == ("dry-run", None)
    assert "Item" not in workflow.table("Messages").get_item(Key={"channelId": channel_id, "seq": 1})
    workflow.run(sent)
    repeated = workflow.run(sent, mode="dry-run")
    assert repeated.output is not None
    assert repeated.output["seq"] == 1
    assert "PostToConnections" not in repeated.states


def _channel_created(channel_id: str) -> dict[str, object]:
    return {
        "channelId": channel_id,
        "channel": {
            "channelId": channel_id,
            "kind": "private",
            "name": "test",
            "createdAt": "2026-11-24T09:00:00.000Z",
            "createdBy": "u-1",
        },
        "userId": "u-1",
        "firstMemberIds": ["u-1"],
        "changedAt": "2026-11-24T09:00:00.000Z",
    }
