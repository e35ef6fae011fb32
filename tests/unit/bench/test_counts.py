"""What one change costs as the connections grow: the measurement, with few rows."""

from collections.abc import Iterator

import pytest

from bench.counts import Calls, Count, count_messages, count_status, counted_calls, growth
from functions.chat import presence
from tests.unit.stage import Stage


@pytest.fixture
def calls(stage: Stage) -> Iterator[Calls]:
    """The calls of the functions on the stage."""
    with counted_calls() as counted:
        yield counted


def more(counts: list[Count], what: str) -> tuple[int, int, int]:
    """How many calls, posts and rows the last size has more than the first."""
    own = [count for count in counts if count.what == what]
    first, last = own[0], own[-1]
    return last.calls - first.calls, last.posts - first.posts, last.rows - first.rows


def test_presence_and_typing_cost_a_post_for_each_connection(stage: Stage, calls: Calls):
    """And no further call: three more are online, of members whose number does not matter."""
    counts = count_status(stage, calls, members=6, online=(2, 5))
    assert more(counts, "presence of one person") == (0, 3, 3)
    assert more(counts, "typing of one person") == (0, 3, 3)
    assert more(counts, "a page of the list of members") == (0, 0, 0)
    assert [count.posts for count in counts if count.connections == 5] == [5, 4, 0]


def test_presence_and_typing_of_a_large_channel_cost_the_same(
    stage: Stage, calls: Calls, monkeypatch: pytest.MonkeyPatch
):
    """However many are online. The members that a client shows cost one page each."""
    for module in ("functions.chat.presence", "functions.logic.presence"):
        monkeypatch.setattr(f"{module}.MAX_LIVE_MEMBERS", 5)
    assert presence.MAX_LIVE_MEMBERS == 5
    counts = count_status(stage, calls, members=6, online=(2, 5))
    assert {count.posts for count in counts} == {0}
    for what in {count.what for count in counts}:
        assert more(counts, what) == (0, 0, 0)


@pytest.mark.slow
def test_a_message_costs_a_call_for_each_page_and_batch(stage: Stage, calls: Calls):
    """A second page adds its query and its batch, and the states that they enter."""
    one, full, two = count_messages(stage, calls, recipients=(1, 500, 501))
    assert (full.calls - one.calls, two.calls - full.calls) == (4, 2)
    assert (one.posts, full.posts, two.posts) == (1, 500, 501)
    assert two.rows == 501


def test_growth_is_for_a_hundred_connections():
    """Between the fewest and the most of each kind of change."""
    counts = [
        Count(what="a message", members=0, connections=500, calls=9, posts=500, rows=500, states=17),
        Count(what="a message", members=0, connections=1500, calls=21, posts=1500, rows=1500, states=37),
    ]
    assert growth(counts) == [
        {
            "what": "a message",
            "members": 0,
            "connections": "500 to 1500",
            "calls": 1.2,
            "posts": 100,
            "rows": 100,
            "states": 2,
        }
    ]
