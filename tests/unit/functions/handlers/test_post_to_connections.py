"""The workflow's task: every connection gets the frame, is found gone, or is reported; none stops another."""

from typing import Any

import pytest

from functions.aws import members
from functions.contract.events import MalformedEventError
from functions.handlers import post_to_connections
from tests.unit.builders import CHANNEL, NOW_MS, SECRET, bus_event, facts, member
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import Stage


def task(*connection_ids: str, name: str = "MessageSent", seq: int | None = 42) -> dict[str, Any]:
    return {"event": bus_event(facts()[name]), "seq": seq, "connectionIds": list(connection_ids)}


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice with two tabs and Bob with one, in one channel."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for user_id, connection_id in (("alice", "a1"), ("alice", "a2"), ("bob", "b1")):
        stage.connect(user_id, connection_id)
    return stage


def test_everyone_gets_the_same_frame(call: Call, people: Stage, sockets: Sockets, logs: Logs, server_time: Clock):
    """At the seq that the message got; what it took is measured."""
    server_time.advance(120)
    answer = call(post_to_connections.handler, task("a1", "a2", "b1"))
    assert answer == {"delivered": 3, "gone": 0, "undelivered": []}
    assert set(sockets.received) == {"a1", "a2", "b1"}
    for [frame] in sockets.received.values():
        assert (frame["type"], frame["seq"], frame["text"]) == ("message", 42, SECRET)
    assert logs.metric("MessagesDelivered") == [3]
    assert logs.metric("DeliveryLatency") == [120]


def test_a_hundred_connections_are_posted_to_once_each(call: Call, people: Stage, sockets: Sockets):
    """A whole batch, side by side."""
    ids = [f"k-{number}" for number in range(100)]
    assert call(post_to_connections.handler, task(*ids))["delivered"] == 100
    assert sockets.attempts == dict.fromkeys(ids, 1)


def test_a_gone_connection_is_forgotten_and_told(call: Call, people: Stage, sockets: Sockets):
    """Its rows go, its user is named from the table, and the others get their frame."""
    sockets.answers["b1"] = [410]
    answer = call(post_to_connections.handler, task("a1", "a2", "b1"))
    assert answer == {"delivered": 2, "gone": 1, "undelivered": []}
    assert {row["connectionId"] for row in people.rows("connections")} == {"a1", "a2"}
    assert people.subscriptions() == {("c-1", "a1"), ("c-1", "a2")}
    [event] = people.published()
    assert event["detail-type"] == "UserDisconnected"
    assert (event["detail"]["data"]["userId"], event["detail"]["data"]["reason"]) == ("bob", "gone")
    assert sockets.attempts["b1"] == 1, "a gone connection is not tried again"


def test_a_gone_connection_is_told_once(call: Call, people: Stage, sockets: Sockets):
    """Messages in flight meet it gone too; only the first makes a departure."""
    sockets.answers["b1"] = [410, 410]
    for _ in range(2):
        assert call(post_to_connections.handler, task("b1"))["gone"] == 1
    assert people.published_types() == ["UserDisconnected"]


def test_a_connection_that_is_still_opening_is_not_gone(call: Call, people: Stage, sockets: Sockets):
    """Its handshake may end after the first post to it; forgotten, it would never hear anything."""
    people.connect("bob", "b2", opened_at_ms=NOW_MS - 500)
    sockets.answers["b2"] = [410]
    call(post_to_connections.handler, task("b2"))
    assert ("c-1", "b2") in people.subscriptions()
    assert people.published() == []
    assert call(post_to_connections.handler, task("b2"))["delivered"] == 1


def test_a_gone_connection_of_a_leaver_keeps_no_subscription(call: Call, people: Stage, sockets: Sockets):
    """Its user is no member any more, so their memberships do not lead to it."""
    members.remove("members", "channels", member("bob"))
    sockets.answers["b1"] = [410]
    call(post_to_connections.handler, task("b1"))
    assert ("c-1", "b1") not in people.subscriptions()


@pytest.mark.parametrize("planned", [[429], [429, 429, 500], [503, 500, 429]])
def test_a_post_that_may_yet_succeed_is_tried_again_by_itself(
    call: Call, people: Stage, sockets: Sockets, planned: list[int]
):
    """Throttled or failed, then taken: delivered, and nobody gets a frame twice."""
    sockets.answers["a1"] = list(planned)
    assert call(post_to_connections.handler, task("a1", "b1"))["delivered"] == 2
    assert sockets.attempts == {"a1": len(planned) + 1, "b1": 1}
    assert {connection: len(frames) for connection, frames in sockets.received.items()} == {"a1": 1, "b1": 1}


def test_a_whole_batch_that_is_throttled_is_delivered_in_the_end(call: Call, people: Stage, sockets: Sockets):
    """A large channel's frames meet the account's limit all at once: one's retries take none from another's."""
    ids = [f"k-{number}" for number in range(100)]
    sockets.answers = {connection_id: [429, 429, 429] for connection_id in ids}
    answer = call(post_to_connections.handler, task(*ids))
    assert answer == {"delivered": 100, "gone": 0, "undelivered": []}
    assert sockets.attempts == dict.fromkeys(ids, 4)


@pytest.mark.parametrize(("planned", "attempts"), [([429] * 20, 5), ([500] * 20, 5), ([403], 1)])
def test_what_is_given_up_is_reported(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, planned: list[int], attempts: int
):
    """After all retries, or at once where none can help; it is not forgotten: it may be there yet."""
    sockets.answers["b1"] = planned
    answer = call(post_to_connections.handler, task("a1", "b1"))
    assert answer == {"delivered": 1, "gone": 0, "undelivered": ["b1"]}
    assert sockets.attempts["b1"] == attempts
    assert ("c-1", "b1") in people.subscriptions()
    assert "a post failed" in logs.messages()


def test_nobody_to_post_to_is_nothing_to_do(call: Call, people: Stage, sockets: Sockets):
    """A leaver without a connection, say."""
    answer = call(post_to_connections.handler, task(name="MemberLeft", seq=None))
    assert answer == {"delivered": 0, "gone": 0, "undelivered": []}


@pytest.mark.parametrize("change", [{"text": None}, {"sender": {"userId": ""}}, {"sentAt": "yesterday"}])
def test_a_malformed_event_is_raised_for_the_workflow_to_keep(
    call: Call, people: Stage, sockets: Sockets, change: dict[str, Any]
):
    """Nothing is posted; the error names the field and tells no text."""
    poisoned = task("a1")
    poisoned["event"]["detail"]["data"] |= change
    with pytest.raises(MalformedEventError, match="MessageSent: data") as raised:
        call(post_to_connections.handler, poisoned)
    assert SECRET not in str(raised.value)
    assert sockets.received == {}


def test_the_log_tells_where_each_frame_went(call: Call, people: Stage, sockets: Sockets, logs: Logs):
    """By ids: this is what following a message reads."""
    sockets.answers["b1"] = [410]
    call(post_to_connections.handler, task("a1", "b1"))
    [posted] = [line for line in logs.lines if line.get("message") == "posted"]
    assert (posted["messageId"], posted["channelId"], posted["frameType"]) == ("m-1", "c-1", "message")
    assert (posted["delivered"], posted["gone"], posted["undelivered"]) == (["a1"], ["b1"], [])
