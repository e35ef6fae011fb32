"""Reads that must see what was written just before.

moto always answers with the newest rows, so these tests check what is asked of DynamoDB.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.aws import channels, clients, connections, members, messages, text_keys, tickets, users
from functions.contract.errors import NameTakenError
from tests.unit.builders import CHANNEL, NOW_MS, SIGNED_IN_AT
from tests.unit.stage import Stage

READS = ("GetItem", "Query", "BatchGetItem")


@pytest.fixture
def reads(stage: Stage) -> Iterator[list[tuple[str, bool]]]:
    """The table of each read of the test, and whether the read is strongly consistent."""
    found: list[tuple[str, bool]] = []

    def note(params: Any, **_: Any) -> None:
        of_tables = params.get("RequestItems") or {params.get("TableName"): params}
        found.extend((name, bool(request.get("ConsistentRead"))) for name, request in of_tables.items())

    events = clients.dynamodb().meta.client.meta.events
    for read in READS:
        events.register(f"provide-client-params.dynamodb.{read}", note, unique_id=f"note {read}")
    yield found
    for read in READS:
        events.unregister(f"provide-client-params.dynamodb.{read}", unique_id=f"note {read}")


def take_the_name_of_a_channel() -> None:
    with pytest.raises(NameTakenError):
        channels.create("channels", "members", CHANNEL.model_copy(update={"channel_id": "c-2"}), ())


def unsubscribe() -> None:
    connections.unsubscribe("subscriptions", ["c-1"], ["a1"])


CASES: dict[str, tuple[str, Callable[[], Any]]] = {
    "a session that has just ended is refused": (
        "tickets",
        lambda: tickets.session_has_ended("tickets", user_id="alice", session_id="s-1", signed_in_at=SIGNED_IN_AT),
    ),
    "a backfill has the message whose frame was posted while no socket was open": (
        "messages",
        lambda: messages.page("messages", "reactions", "textKeys", "c-1", limit=10, after=0),
    ),
    "a backfill has the reaction whose frame was posted while no socket was open": (
        "reactions",
        lambda: messages.page("messages", "reactions", "textKeys", "c-1", limit=10, after=0),
    ),
    "a search finds the newest message": (
        "messages",
        lambda: messages.search("messages", "reactions", "textKeys", "c-1", "hi", limit=10),
    ),
    "a message can be edited as soon as it is shown": ("messages", lambda: messages.get("messages", "c-1", 1)),
    "a member who was removed cannot read the channel": (
        "members",
        lambda: members.get("members", "alice", "c-1"),
    ),
    "a connection that opens sees a join just before": (
        "members",
        lambda: list(members.of_user("members", "alice")),
    ),
    "a join sees a connection that opened just before": (
        "connections",
        lambda: list(connections.of_user("connections", "alice", now_ms=NOW_MS)),
    ),
    "a connection that is opening is not pruned": (
        "connections",
        lambda: connections.is_opening("connections", "alice", "a1", now_ms=NOW_MS),
    ),
    "a message is posted to those who subscribed just before": (
        "subscriptions",
        lambda: list(connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS)),
    ),
    "a late post goes only to those who are still subscribed": (
        "subscriptions",
        lambda: connections.subscribed("subscriptions", "c-1", ["a1"]),
    ),
    "the user of a connection is found": (
        "subscriptions",
        lambda: connections.subscriber("subscriptions", "c-1", "a1"),
    ),
    "a user who leaves is unsubscribed in the shards of the channel": ("subscriptions", unsubscribe),
    "a channel is found as soon as it is created": ("channels", lambda: channels.get("channels", "c-1")),
    "a name that was just taken is refused": ("channels", take_the_name_of_a_channel),
    "a text is opened with a key created just before": (
        "textKeys",
        lambda: text_keys.of_users("textKeys", ["alice"], now_ms=NOW_MS),
    ),
    "two first texts of a user are sealed with one key": (
        "textKeys",
        lambda: text_keys._create("textKeys", "alice", NOW_MS),
    ),
    "a user is registered once": ("users", lambda: users.get("users", "alice", now_ms=NOW_MS)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_read_sees_what_was_written_just_before(stage: Stage, reads: list[tuple[str, bool]], case: str):
    """A stale read would break what the case says."""
    stage.add_user("alice")
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a1")
    stage.add_message(1)
    text_keys.of_author("textKeys", "alice", now_ms=NOW_MS)
    text_keys.cached_keys.clear()
    reads.clear()
    table, read = CASES[case]
    read()
    of_table = [is_consistent for name, is_consistent in reads if name == table]
    assert of_table
    assert all(of_table)
