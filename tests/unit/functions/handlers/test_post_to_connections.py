"""The workflow's task: every connection gets the frame, is pruned, or is reported, independently of the others."""

from typing import Any

import pytest

from functions.aws import connections, members
from functions.aws.bus import PublishError
from functions.aws.connection_posts import Answer, ConnectionPosts
from functions.aws.signed_requests import LostRequestError
from functions.contract.events import MalformedEventError, MessageEdited, MessageSent
from functions.contract.model import timestamp
from functions.handlers import post_to_connections
from tests.unit.builders import AT, CHANNEL, NOW_MS, SECRET, bus_event, facts, member
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import Stage


def task(*connection_ids: str, name: str = "MessageSent", seq: int | None = 42) -> dict[str, Any]:
    return {"event": bus_event(facts()[name]), "seq": seq, "connectionIds": list(connection_ids)}


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice with two connections and Bob with one, in one channel."""
    stage.fill(write_people)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for user_id, connection_id in (("alice", "a1"), ("alice", "a2"), ("bob", "b1")):
        stage.connect(user_id, connection_id)


def test_every_connection_gets_the_same_frame(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, server_time: Clock
):
    """With the assigned seq; the latency is measured."""
    server_time.advance(120)
    answer = call(post_to_connections.handler, task("a1", "a2", "b1"))
    assert answer == {"delivered": 3, "gone": 0, "slow": 0, "undelivered": []}
    assert set(sockets.received) == {"a1", "a2", "b1"}
    for [frame] in sockets.received.values():
        assert (frame["type"], frame["seq"], frame["text"]) == ("message", 42, SECRET)
    assert logs.metric("MessagesDelivered") == [3]
    assert logs.metric("DeliveryLatency") == [120]
    assert logs.metric("WorkflowLatency") == [120]
    assert logs.metric("PostLatency") == [0]
    assert logs.metric("FanOut") == [3]


@pytest.mark.parametrize("name", ["MessageSent", "MessageEdited"])
def test_recipients_get_the_text_that_was_sealed(call: Call, people: Stage, sockets: Sockets, name: str):
    """The event has the sealed text; the frame has the text."""
    fact = facts()[name].model_copy(update={"text": people.sealed(SECRET, "m-1")})
    call(post_to_connections.handler, {"event": bus_event(fact), "seq": 7, "connectionIds": ["a1"]})
    assert [frame["text"] for frame in sockets.received["a1"]] == [SECRET]


@pytest.mark.parametrize("name", ["MessageSent", "MessageEdited"])
def test_a_message_of_an_erased_user_is_posted_as_deleted(call: Call, people: Stage, sockets: Sockets, name: str):
    """Such as one that a redrive or a replay posts later."""
    fact = facts()[name].model_copy(update={"text": people.sealed(SECRET, "m-1")})
    people.erase_key("alice")
    call(post_to_connections.handler, {"event": bus_event(fact), "seq": 7, "connectionIds": ["a1"]})
    [frame] = sockets.received["a1"]
    assert (frame["type"], frame["seq"], frame["deletedAt"]) == ("messageDeleted", 7, AT)


def test_a_text_sealed_for_another_message_is_refused(call: Call, people: Stage, sockets: Sockets):
    """A sealed text cannot be moved to another message, or be changed."""
    fact = facts()["MessageSent"].model_copy(update={"text": people.sealed(SECRET, "m-2")})
    with pytest.raises(MalformedEventError, match="text"):
        call(post_to_connections.handler, {"event": bus_event(fact), "seq": 7, "connectionIds": ["a1"]})
    assert sockets.attempts == {}


@pytest.mark.parametrize("connection_ids", ["a1", None, {"S": "a1"}, ["a1", 7]], ids=repr)
def test_a_task_without_a_list_of_connections_is_refused(
    call: Call, people: Stage, sockets: Sockets, connection_ids: Any
):
    """A text would be taken for a list of its characters, and each would be pruned as a closed connection."""
    with pytest.raises(MalformedEventError, match="connectionIds"):
        call(post_to_connections.handler, {**task(), "connectionIds": connection_ids})
    assert sockets.attempts == {}


def test_a_hundred_connections_are_posted_to_once_each(call: Call, people: Stage, sockets: Sockets):
    """A whole batch, concurrently."""
    ids = [f"k-{number}" for number in range(100)]
    assert call(post_to_connections.handler, task(*ids))["delivered"] == 100
    assert sockets.attempts == dict.fromkeys(ids, 1)


def test_a_stale_connection_is_pruned_and_published(call: Call, people: Stage, sockets: Sockets):
    """Its rows are deleted; its user is read from the table; the others get their frame."""
    sockets.answers["b1"] = [410]
    answer = call(post_to_connections.handler, task("a1", "a2", "b1"))
    assert answer == {"delivered": 2, "gone": 1, "slow": 0, "undelivered": []}
    assert {row["connectionId"] for row in people.rows("connections")} == {"a1", "a2"}
    assert people.subscriptions() == {("c-1", "a1"), ("c-1", "a2")}
    [event] = people.published()
    assert event["detail-type"] == "UserDisconnected"
    assert (event["detail"]["data"]["userId"], event["detail"]["data"]["reason"]) == ("bob", "gone")
    assert sockets.attempts["b1"] == 1, "a post answered 410 is not retried"


def test_a_stale_connection_is_published_once(call: Call, people: Stage, sockets: Sockets):
    """Later posts to it are answered 410 too, but only the first publishes UserDisconnected."""
    sockets.answers["b1"] = [410, 410]
    for _ in range(2):
        assert call(post_to_connections.handler, task("b1"))["gone"] == 1
    assert people.published_types() == ["UserDisconnected"]


def test_a_connection_that_cannot_be_pruned_fails_no_batch(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, monkeypatch: pytest.MonkeyPatch
):
    """The batch would be posted to all others again. The next post to the connection prunes it."""
    sockets.answers["b1"] = [410, 410]
    with monkeypatch.context() as broken:
        broken.setattr("functions.aws.bus.publish", fail)
        answer = call(post_to_connections.handler, task("a1", "b1"))
    assert answer == {"delivered": 1, "gone": 1, "slow": 0, "undelivered": []}
    [failure] = [line for line in logs.lines if line.get("message") == "a connection was not pruned"]
    assert failure["connectionId"] == "b1"
    assert call(post_to_connections.handler, task("b1"))["gone"] == 1
    assert people.published_types() == ["UserDisconnected"]
    assert people.subscriptions() == {("c-1", "a1"), ("c-1", "a2")}


def fail(*_: object, **__: object) -> None:
    raise PublishError("1 of 1 events: ThrottlingException")


def test_a_connection_that_is_still_opening_is_not_pruned(call: Call, people: Stage, sockets: Sockets):
    """Its handshake may end after the first post to it. If it were pruned, it would never get a frame."""
    people.connect("bob", "b2", opened_at_ms=NOW_MS - 500)
    sockets.answers["b2"] = [410]
    call(post_to_connections.handler, task("b2"))
    assert ("c-1", "b2") in people.subscriptions()
    assert people.published() == []
    assert call(post_to_connections.handler, task("b2"))["delivered"] == 1


def test_a_stale_connection_of_a_user_who_left_loses_its_subscription(call: Call, people: Stage, sockets: Sockets):
    """The user's memberships do not contain the channel any more."""
    members.remove("members", "channels", member("bob"))
    sockets.answers["b1"] = [410]
    call(post_to_connections.handler, task("b1"))
    assert ("c-1", "b1") not in people.subscriptions()


@pytest.mark.parametrize("planned", [[429], [429, 429, 500], [503, 500, 429]])
def test_a_throttled_or_failed_post_is_retried(call: Call, people: Stage, sockets: Sockets, planned: list[int]):
    """It is delivered, and no connection gets the frame twice."""
    sockets.answers["a1"] = list(planned)
    assert call(post_to_connections.handler, task("a1", "b1"))["delivered"] == 2
    assert sockets.attempts == {"a1": len(planned) + 1, "b1": 1}
    assert {connection: len(frames) for connection, frames in sockets.received.items()} == {"a1": 1, "b1": 1}


@pytest.mark.slow
def test_a_throttled_batch_is_delivered_after_retries(call: Call, people: Stage, sockets: Sockets):
    """The retries of one post do not use up those of another."""
    ids = [f"k-{number}" for number in range(100)]
    sockets.answers = {connection_id: [429, 429, 429] for connection_id in ids}
    answer = call(post_to_connections.handler, task(*ids))
    assert answer == {"delivered": 100, "gone": 0, "slow": 0, "undelivered": []}
    assert sockets.attempts == dict.fromkeys(ids, 4)


@pytest.mark.parametrize(("planned", "attempts"), [([500] * 20, 5), ([403], 1)])
def test_an_undelivered_post_is_reported(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, planned: list[int], attempts: int
):
    """After all retries, or immediately if retries cannot help. It is not pruned, because it may still be open."""
    sockets.answers["b1"] = planned
    answer = call(post_to_connections.handler, task("a1", "b1"))
    assert answer == {"delivered": 1, "gone": 0, "slow": 0, "undelivered": ["b1"]}
    assert sockets.attempts["b1"] == attempts
    assert ("c-1", "b1") in people.subscriptions()
    assert "a post failed" in logs.messages()


def test_a_post_without_an_answer_is_logged_with_the_cause(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, monkeypatch: pytest.MonkeyPatch
):
    """Such as a certificate that is not trusted."""

    def lost(*_: Any) -> Answer:
        raise LostRequestError("TimeoutError: timed out")

    monkeypatch.setattr(ConnectionPosts, "post_to_connection", lost)
    assert call(post_to_connections.handler, task("a1"))["undelivered"] == ["a1"]
    [line] = [line for line in logs.lines if line.get("message") == "a post failed"]
    assert (line["connectionId"], line["error"]) == ("a1", "TimeoutError: timed out")


def test_a_slow_client_is_closed(call: Call, people: Stage, sockets: Sockets, logs: Logs):
    """Its buffer is full, so it is answered 429 after every retry. It connects again and backfills."""
    sockets.answers["b1"] = [429] * 5
    answer = call(post_to_connections.handler, task("a1", "a2", "b1"))
    assert answer == {"delivered": 2, "gone": 0, "slow": 1, "undelivered": []}
    assert sockets.closed == ["b1"]
    assert logs.metric("SlowClients") == [1]
    [posted] = [line for line in logs.lines if line.get("message") == "posted"]
    assert (posted["slow"], posted["undelivered"]) == (["b1"], [])


def test_a_slow_client_that_has_closed_meanwhile_needs_no_dead_letter(call: Call, people: Stage, sockets: Sockets):
    """Closing is answered 410."""
    sockets.answers["b1"], sockets.closings["b1"] = [429] * 5, [410]
    assert call(post_to_connections.handler, task("a1", "b1"))["undelivered"] == []


@pytest.mark.parametrize(("total", "limited"), [(100, 30), (100, 11), (3, 2), (2, 2)])
def test_under_a_general_throttle_no_client_is_closed(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, total: int, limited: int
):
    """Many connections of a batch are answered 429: the account's quota is used up, and no client is slow.

    More than a tenth of the batch are many, and more than one connection.
    """
    ids = [f"k-{number}" for number in range(total)]
    throttled = ids[:limited]
    sockets.answers = {connection_id: [429] * 5 for connection_id in throttled}
    answer = call(post_to_connections.handler, task(*ids))
    assert answer == {"delivered": total - limited, "gone": 0, "slow": 0, "undelivered": throttled}
    assert sockets.closed == []
    assert logs.metric("SlowClients") == []


def test_a_tenth_of_a_batch_may_be_slow_clients(call: Call, people: Stage, sockets: Sockets):
    """They are closed, and none is undelivered."""
    ids = [f"k-{number}" for number in range(30)]
    sockets.answers = {connection_id: [429] * 5 for connection_id in ids[:3]}
    answer = call(post_to_connections.handler, task(*ids))
    assert answer == {"delivered": 27, "gone": 0, "slow": 3, "undelivered": []}
    assert sorted(sockets.closed) == ids[:3]


def test_a_client_that_cannot_be_closed_counts_as_undelivered(call: Call, people: Stage, sockets: Sockets):
    """Closing is throttled too: the only connection of this batch was not slow."""
    sockets.answers["b1"], sockets.closings["b1"] = [429] * 5, [429] * 5
    answer = call(post_to_connections.handler, task("b1"))
    assert answer == {"delivered": 0, "gone": 0, "slow": 0, "undelivered": ["b1"]}


def test_without_connections_nothing_is_posted(call: Call, people: Stage, sockets: Sockets):
    """For example, a member without connections left."""
    answer = call(post_to_connections.handler, task(name="MemberLeft", seq=None))
    assert answer == {"delivered": 0, "gone": 0, "slow": 0, "undelivered": []}


@pytest.mark.parametrize("change", [{"text": None}, {"sender": {"userId": ""}}, {"sentAt": "yesterday"}])
def test_a_malformed_event_raises(call: Call, people: Stage, sockets: Sockets, change: dict[str, Any]):
    """The workflow keeps it. Nothing is posted; the error names the field and contains no text."""
    malformed = task("a1")
    malformed["event"]["detail"]["data"] |= change
    with pytest.raises(MalformedEventError, match="MessageSent: data") as raised:
        call(post_to_connections.handler, malformed)
    assert SECRET not in str(raised.value)
    assert sockets.received == {}


def test_the_log_contains_the_outcome_of_each_post(call: Call, people: Stage, sockets: Sockets, logs: Logs):
    """By connection id: `parley follow` reads it."""
    sockets.answers["b1"] = [410]
    call(post_to_connections.handler, task("a1", "b1"))
    [posted] = [line for line in logs.lines if line.get("message") == "posted"]
    assert (posted["messageId"], posted["channelId"], posted["frameType"]) == ("m-1", "c-1", "message")
    assert (posted["delivered"], posted["gone"], posted["undelivered"]) == (["a1"], ["b1"], [])


def late(event: MessageSent | MessageEdited) -> dict[str, Any]:
    """A task whose post is late."""
    return {"event": bus_event(event), "seq": 42, "connectionIds": ["b1"], "isLate": True}


def store(people: Stage, **changes: Any) -> MessageSent:
    """Store the message of the facts at seq 42, changed since."""
    sent = facts()["MessageSent"]
    assert isinstance(sent, MessageSent)
    people.add_message(42, channel_id=sent.channel_id)
    [row] = people.rows("messages")
    people.put("messages", **{**row, "messageId": sent.message_id, **changes})
    return sent


def test_a_late_post_has_the_text_that_is_stored(call: Call, people: Stage, sockets: Sockets):
    """A redrive of an edited message posts the text of the edit, and when it was edited."""
    sent = store(people, text="better", editedAt=AT)
    assert call(post_to_connections.handler, late(sent))["delivered"] == 1
    [frame] = sockets.received["b1"]
    assert (frame["type"], frame["text"], frame["editedAt"]) == ("message", "better", AT)
    assert SECRET not in str(sockets.received)


@pytest.mark.parametrize(
    "changes", [{"text": "", "deletedAt": AT, "deletedBy": "alice"}, {"messageId": "another"}, {"sentAt": "never"}]
)
def test_a_late_post_of_a_deleted_message_posts_nothing(
    call: Call, people: Stage, sockets: Sockets, changes: dict[str, Any]
):
    """Nor of one whose row is another message's, or cannot be read. The batch is done with."""
    sent = store(people, **changes)
    answer = call(post_to_connections.handler, late(sent))
    assert answer == {"delivered": 0, "gone": 0, "slow": 0, "undelivered": []}
    assert sockets.attempts == {}


def test_a_late_edit_is_not_posted_after_a_later_one(call: Call, people: Stage, sockets: Sockets):
    """The edit that is stored is posted, an older one is not."""
    sent = store(people, text="better", editedAt=AT)
    edit = {"message_id": sent.message_id, "channel_id": sent.channel_id, "seq": 42, "edited_by": "alice"}
    older = MessageEdited(**edit, text="good", edited_at=timestamp(NOW_MS - 1))
    assert call(post_to_connections.handler, late(older))["delivered"] == 0
    assert (
        call(post_to_connections.handler, late(MessageEdited(**edit, text="better", edited_at=AT)))["delivered"]
        == 1
    )


@pytest.mark.parametrize("name", ["MessageSent", "MemberLeft"])
def test_a_batch_that_is_repeated_is_not_posted_to_a_member_who_left(
    call: Call, people: Stage, sockets: Sockets, name: str
):
    """Its recipients were read before the first try. Only the frame of the leaving goes to those who left."""
    connections.unsubscribe("subscriptions", ["c-1"], ["b1"])
    call(post_to_connections.handler, {**task("a1", "b1", name=name), "isRepeated": True})
    assert set(sockets.received) == ({"a1"} if name == "MessageSent" else {"a1", "b1"})
