"""The time of messages by hop: what is inside of the stage, and the rest of what the clients measured."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bench import hops
from bench.groups import Channel, Group
from bench.hops import OUTSIDE, HopTime, hop_times, hops_table
from ops.errors import NotFoundError
from ops.follow import message_report
from ops.follow.latency import Moment, split


def group(**seconds: float) -> Group:
    """A group whose messages, by key, were sent at 0 and arrived at these seconds."""
    measured = Group("parley", [Channel("c-1", [])])
    measured.sent = dict.fromkeys(seconds, 0.0)
    measured.arrived = {key: [at / 2, at] for key, at in seconds.items()}
    measured.message_ids = {key: f"id-{key}" for key in seconds}
    return measured


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stage that knows a complete message `a`, of one `b` only the run, and of `c` nothing."""
    route, run, post = Moment("route", 0, "trace"), Moment("persist", 3, "log"), Moment("post", 5, "trace")
    known = {"id-a": [route, run, post], "id-b": [run]}

    def follow(_stage: Any, message_id: str) -> Any:
        if message_id not in known:
            raise NotFoundError("unknown")
        return SimpleNamespace(hops=split(known[message_id], 9))

    monkeypatch.setattr(message_report, "follow", follow)
    monkeypatch.setattr(hops, "MAX_WAIT_SECONDS", 0.0)
    return None


def durations(found: list[HopTime]) -> dict[str, float]:
    """The medians, by the first word of the hop."""
    return {hop.hop.partition(":")[0].partition(",")[0]: hop.p50 for hop in found}


def test_the_rest_of_the_measured_time_is_outside_the_stage(stage: Any):
    """The clients' clock is compared with durations only, since it is not the stage's."""
    found = asyncio.run(hop_times(stage, group(a=0.012), "a load"))
    assert durations(found) == {"send_message": 3, "workflow": 2, "post_to_connections": 4, "client": 3}
    assert sum(hop.p50 for hop in found) == 12


def test_messages_without_complete_data_are_left_out(stage: Any):
    """A hop that is missing would be counted as time outside the stage."""
    assert asyncio.run(hop_times(stage, group(b=0.012, c=0.012), "a load")) == []


def test_the_table_has_a_column_for_each_load():
    """With an empty cell for a hop that one load does not have."""
    times = [
        HopTime(load="idle", hop="bus", messages=1, p50=1, p95=2),
        HopTime(load="busy", hop="bus", messages=1, p50=3, p95=4),
        HopTime(load="busy", hop=OUTSIDE, messages=1, p50=5, p95=6),
    ]
    table = hops_table(times)
    assert [column.header for column in table.columns] == ["hop", "idle", "busy"]
    assert [list(column.cells) for column in table.columns] == [
        ["bus", OUTSIDE],
        ["1.0 (2.0)", ""],
        ["3.0 (4.0)", "5.0 (6.0)"],
    ]
