"""The figures of the measurements: percentiles, medians, growth and charts."""

import asyncio
import os
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import load, processes
from bench.aging import Block, aging_of, growth
from bench.baseline import stack
from bench.groups import Channel, Group
from bench.load import figures_of, median_of, percentile
from bench.overload import channels_for, overload_of
from bench.plots import Chart, svg
from bench.processes import Usage, UsageReader, usage_of_processes
from bench.storm import storm_of


def group(**arrived: list[float]) -> Group:
    """A group of two recipients, with when messages sent at 0 arrived."""
    sockets: Any = [Recipient(), Recipient()]
    measured = Group("parley", [Channel("c-1", sockets)])
    measured.sent = dict.fromkeys(arrived, 0.0)
    measured.arrived = arrived
    return measured


class Recipient:
    """A socket that receives nothing."""

    on_frame: Any = None


def used(seconds: float) -> Usage:
    return Usage(emulator=seconds, functions=seconds, others=0, emulator_megabytes=0, all_megabytes=0)


def test_lost_and_repeated_frames_are_counted():
    """A frame that arrived twice does not replace one that was lost."""
    measured = group(a=[0.010, 0.020], b=[0.030], c=[0.040, 0.050, 0.060])
    figures = figures_of(measured, "a load", ["a", "b", "c"], used(1), used(1.3))
    assert (figures.expected, figures.lost, figures.duplicated) == (6, 1, 1)
    assert (figures.p50, figures.p99) == (30.0, 50.0)
    assert (figures.emulator_ms, figures.processor_ms) == (100.0, 200.0)


def test_the_median_of_rounds_keeps_every_loss():
    """A round with a loss must not disappear behind two without."""
    rounds = [figures_of(group(a=times), "a load", ["a"]) for times in ([0.1, 0.1], [0.2, 0.2], [0.3])]
    merged = median_of(rounds)
    assert (merged.p50, merged.lost, merged.messages, merged.name) == (200.0, 1, 3, "a load")


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 3.0), (95, 5.0), (100, 5.0)])
def test_percentiles(percent: float, value: float):
    """Of sorted values, by the nearest rank; 0 without values."""
    assert percentile([1, 2, 3, 4, 5], percent) == value
    assert percentile([], percent) == 0


def test_the_95th_percentile_of_twenty_is_not_their_maximum():
    """Nineteen of twenty are 95 %. The median of an even number is the lower one of the middle."""
    assert percentile(range(1, 21), 95) == 19
    assert percentile(range(1, 21), 50) == 10


def test_a_latency_counts_from_the_time_at_which_a_message_was_due():
    """A client that is late sends at a lower rate, which is reported, and its delay is part of the latency."""

    async def send_late(**_frame: object) -> None:
        await asyncio.sleep(0.02)

    measured = group()
    for socket in measured.channels[0].sockets:
        socket.send = send_late  # type: ignore[method-assign]
    keys, achieved = asyncio.run(load.send_steadily(measured, rate=1_000, seconds=0.01))
    due = [measured.sent[key] for key in keys]
    assert due[-1] - due[0] == pytest.approx(0.009)
    assert achieved < 50


def test_growth_compares_medians():
    """One exceptional value changes nothing."""
    assert growth([10, 99, 10], [12, 12, 99]) == 0.2
    assert growth([10, 10, 10], [1, 10, 10]) == 0


def test_a_used_stage_is_compared_with_a_fresh_one():
    """Its last blocks; its first ones, on a machine that may have been faster then, are not compared."""
    used_stage = [block(sent, p50, 100 + sent / 100) for sent, p50 in enumerate_blocks([9, 9, 9, 20, 22, 22, 99])]
    fresh = [block(sent, p50, 80) for sent, p50 in enumerate_blocks([20, 20, 20])]
    found = aging_of(used_stage, fresh, minutes=7)
    assert (found.messages, found.p50_growth, found.processor_growth) == (2_100, 0.1, 0)
    assert found.memory_growth == round((100 + 15) / 80 - 1, 3)
    assert found.megabytes_per_1000_messages == 10


def enumerate_blocks(p50s: list[float]) -> list[tuple[int, float]]:
    """How many messages were sent before each block, and its p50."""
    return [(300 * number, p50) for number, p50 in enumerate(p50s)]


def block(sent_before: int, p50: float, megabytes: float) -> Block:
    """A block of 300 messages."""
    figures = replace(figures_of(group(a=[0.1, 0.1]), "a load", ["a"]), messages=300, p50=p50, processor_ms=30)
    return Block(sent_before=sent_before, figures=figures, emulator_megabytes=megabytes, all_megabytes=megabytes)


def test_a_chart_is_svg():
    """With a line for each design that has points; texts are escaped."""
    chart = Chart("a < b", "x", "y", {"parley": [(1, 10), (2, 20)], "baseline": []})
    root = ElementTree.fromstring(svg(chart))
    lines = [element for element in root if element.tag.endswith("polyline")]
    assert [line.attrib["points"] for line in lines] == ["344.0,176.0 624.0,40.0"]
    assert "a < b" in [element.text for element in root]


def test_the_usage_of_processes_includes_children():
    """This process as supervisor and emulator has used some time and memory."""
    found, _ = usage_of_processes({"supervisor": os.getppid(), "emulator": os.getpid()})
    assert found.emulator > 0
    assert found.all_megabytes >= found.emulator_megabytes > 1


def test_the_time_of_an_environment_that_has_ended_is_kept(monkeypatch: pytest.MonkeyPatch):
    """The system does not report it, since nothing waits for these processes."""
    readings = iter([(used(5), {7: 300, 8: 100}), (used(3), {8: 150}), (used(4), {8: 150, 9: 20})])
    monkeypatch.setattr(processes, "usage_of_processes", lambda _: next(readings))
    monkeypatch.setattr(os, "sysconf", lambda _: 100)
    read = UsageReader({})
    assert [read().functions for _ in range(3)] == [5, 6, 7]


def test_a_load_begins_when_the_one_before_has_ended(monkeypatch: pytest.MonkeyPatch):
    """Such as the direct design's work for sockets that were closed."""
    monkeypatch.setattr(load, "POLL_SECONDS", 0)
    readings = [0.0, 3.0, 4.0, 4.05, 9.0]
    asyncio.run(load.until_idle(lambda: used(readings.pop(0))))
    assert readings == [9.0]


def test_the_direct_design_is_one_inline_function():
    """CloudFormation takes up to 4,096 characters."""
    assert len(stack.CODE) <= 4096


def test_a_storm_counts_its_batches_and_what_was_sent_twice():
    """Two batches to two sockets are three frames, because the second connected later; one change came again."""
    alice, later, bob = (
        {"userId": user_id, "status": "online", "lastSeenAt": seen}
        for user_id, seen in (("alice", "1"), ("alice", "2"), ("bob", "2"))
    )
    first, second = ({"type": "presence", "changes": changes} for changes in ([alice], [later, bob]))
    storm = storm_of("parley", 2, 1.0, [[first, second], [second]], 0.5)
    assert (storm.frames, storm.batches, storm.repeated_changes) == (3, 2, 1)


def test_beyond_the_limit_only_an_acknowledged_message_can_be_lost():
    """One is delivered, one is acknowledged and lost at one recipient, and one is neither."""
    measured = group(a=[0.5, 2.0], b=[0.1], c=[])
    measured.acked = {"a": 0.1, "b": 0.1}
    carried = replace(figures_of(measured, "load", ["a"]), emulator_ms=15.0, functions_ms=5.0)
    found = overload_of(measured, ["a", "b", "c"], 0.4, limit=60, carried=carried, usual=(20.0, 21.0))
    assert (found.rate, found.sent, found.acknowledged, found.lost) == (90, 3, 2, 1)
    assert (found.emulator_processors, found.functions_processors) == (0.9, 0.3)
    assert (found.p95, found.recovery_seconds) == (2000, 1.6)


def test_no_member_exceeds_their_rate():
    """Each may send 18 messages at once, and two a second."""
    assert channels_for(1, 8, 10) == 1
    for rate in (10, 60, 225):
        assert channels_for(rate, 8, 10) * 10 * (18 + 2 * 8) >= rate * 8
