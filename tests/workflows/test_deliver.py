"""The workflow `deliver` as deployed, edge by edge."""

from uuid import uuid4

import pytest

from tests.workflows.conftest import Workflow, event, message_sent


def test_a_message_is_persisted_at_the_next_seq_and_posted(workflow: Workflow):
    """The states of the design, in order; one row; the channel's lastSeq is the row's seq."""
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
    assert row["searchText"] == "hello, world"
    channel = workflow.table("Channels").get_item(Key={"channelId": channel_id})["Item"]
    assert channel["lastSeq"] == 42


def test_a_duplicate_spends_no_seq_and_is_delivered_again(workflow: Workflow):
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


def test_two_runs_of_one_message_at_once_store_it_once(workflow: Workflow):
    """Whichever loses the transaction finds the winner's row."""
    from concurrent.futures import ThreadPoolExecutor

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


def test_nobody_connected_is_no_failure(workflow: Workflow):
    """The message waits in the history, and no post is tried."""
    channel_id = workflow.channel()
    run = workflow.run(message_sent(channel_id))
    assert run.status == "SUCCEEDED"
    assert "PostToConnections" not in run.states


def test_gone_connections_are_forgotten(workflow: Workflow):
    """A post to a connection that is gone is dropped, its subscription deleted, and the run succeeds."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 3)
    sent = message_sent(channel_id)
    run = workflow.run(sent)
    assert run.status == "SUCCEEDED"
    assert workflow.subscribed(channel_id) == set()
    assert not {"KeepUndelivered", "SendToDeadLetterQueue"} & set(run.states)
    # A letter of its own would have come to the queue before that of an event which is refused after it.
    refused = message_sent(channel_id, text=7)
    workflow.run(refused)
    letters = workflow.dead_letters_of(sent["id"], refused["id"])
    assert [letter["event"]["id"] for letter in letters] == [refused["id"]]


def test_expired_subscriptions_are_passed_over(workflow: Workflow):
    """A row that waits for its deletion gets nothing."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 2, expires_in=-10)
    run = workflow.run(message_sent(channel_id))
    assert run.status == "SUCCEEDED"
    assert "PostToConnections" not in run.states


def test_more_recipients_than_a_page_are_all_found(workflow: Workflow):
    """3,050 subscriptions are two pages. Most have expired: a page counts them, and nobody posts to them."""
    channel_id = workflow.channel()
    expired = workflow.subscribe(channel_id, 2900, expires_in=-10)
    workflow.subscribe(channel_id, 150)
    run = workflow.run(event("ChannelCreated", _channel_created(channel_id)))
    assert run.status == "SUCCEEDED", run
    assert run.states.count("FindRecipients") == 2
    assert run.states.count("PostBatch") >= 2
    assert workflow.subscribed(channel_id) == set(expired), "every live connection was posted to, and found gone"


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
def test_a_poisoned_event_ends_in_the_dead_letter_queue(workflow: Workflow, broken: dict[str, object]):
    """The run fails, the queue holds the event whole with the reason, and no seq was spent."""
    channel_id = workflow.channel()
    sent = message_sent(channel_id, **broken)
    run = workflow.run(sent)
    assert run.status == "FAILED"
    assert run.error == "Parley.MalformedEvent"
    letters = workflow.dead_letters_of(sent["id"])
    assert [letter["event"]["id"] for letter in letters] == [sent["id"]]
    assert letters[0]["failure"]["Error"] == "Parley.MalformedEvent"
    channel = workflow.table("Channels").get_item(Key={"channelId": channel_id})["Item"]
    assert channel["lastSeq"] == 0


def test_an_event_without_detail_ends_in_the_dead_letter_queue(workflow: Workflow):
    """Even nothing at all is a letter, not a lost event."""
    event_id = f"nothing-{uuid4()}"
    run = workflow.run({"id": event_id, "detail-type": "MessageSent"})
    assert run.status == "FAILED"
    assert [letter["event"]["id"] for letter in workflow.dead_letters_of(event_id)] == [event_id]


def test_a_message_to_a_channel_that_does_not_exist_ends_in_the_dead_letter_queue(workflow: Workflow):
    """The channel's counter is not invented."""
    sent = message_sent("no-such-channel")
    run = workflow.run(sent)
    assert run.status == "FAILED"
    assert len(workflow.dead_letters_of(sent["id"])) == 1
    assert "Item" not in workflow.table("Channels").get_item(Key={"channelId": "no-such-channel"})


def test_the_later_of_two_edits_wins_in_whatever_order(workflow: Workflow):
    """The earlier edit, arriving last, is superseded and told to nobody."""
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
    assert workflow.run(event("MessageEdited", edit)).status == "SUCCEEDED"
    late = {**edit, "text": "earlier", "editedAt": "2026-11-24T09:30:30.000Z"}
    run = workflow.run(event("MessageEdited", late))
    assert run.output == {"outcome": "superseded", "detailType": "MessageEdited"}
    row = workflow.table("Messages").get_item(Key={"channelId": channel_id, "seq": 1})["Item"]
    assert row["text"] == "later"


def test_a_reaction_taken_back_stays_so_when_the_adding_arrives_late(workflow: Workflow):
    """The row says absent, whatever the order of arrival."""
    channel_id = workflow.channel()
    reaction = {
        "messageId": "m-1",
        "channelId": channel_id,
        "seq": 1,
        "emoji": "👍",
        "userId": "u-1",
        "reactedAt": "2026-11-24T09:31:00.000Z",
    }
    workflow.run(event("ReactionRemoved", reaction))
    run = workflow.run(event("ReactionAdded", {**reaction, "reactedAt": "2026-11-24T09:30:00.000Z"}))
    assert run.output is not None
    assert run.output["outcome"] == "superseded"
    key = {"channelId": channel_id, "reactionKey": "000000000001#👍#u-1"}
    assert workflow.table("Reactions").get_item(Key=key)["Item"]["present"] is False


def test_a_dry_run_writes_nothing_and_posts_nothing(workflow: Workflow):
    """It says what it would deliver, with the original's seq if there is one."""
    channel_id = workflow.channel()
    workflow.subscribe(channel_id, 1)
    sent = message_sent(channel_id)
    fresh = workflow.run(sent, mode="dry-run")
    assert fresh.output is not None
    assert (fresh.output["outcome"], fresh.output["seq"]) == ("dry-run", None)
    assert "Item" not in workflow.table("Messages").get_item(Key={"channelId": channel_id, "seq": 1})
    workflow.run(sent)
    again = workflow.run(sent, mode="dry-run")
    assert again.output is not None
    assert again.output["seq"] == 1
    assert "PostToConnections" not in again.states


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
