"""Many calls that wait, at once, and all of them ended when the result is there."""

import threading

import pytest

from functions.aws import concurrency
from tests.unit.stage import Stage
from tests.waiting import DEADLINE_SECONDS


def test_results_come_in_the_order_of_the_items(stage: Stage):
    """However the tasks overtake each other: all of them run at once, or the barrier would break."""
    together = threading.Barrier(concurrency.MAX_CONCURRENCY, timeout=DEADLINE_SECONDS)

    def squared(number: int) -> int:
        together.wait()
        return number * number

    numbers = list(range(concurrency.MAX_CONCURRENCY))
    assert concurrency.map_concurrently(squared, numbers) == [number * number for number in numbers]


def test_an_error_is_raised_when_all_have_ended(stage: Stage):
    """What is under way when another fails is not left running into the next invocation."""
    done: list[int] = []

    def failing_at_first(number: int) -> None:
        if number == 0:
            raise LookupError("the first")
        done.append(number)

    with pytest.raises(LookupError, match="the first"):
        concurrency.map_concurrently(failing_at_first, list(range(100)))
    assert sorted(done) == list(range(1, 100))


def test_nothing_and_one_need_no_thread(stage: Stage):
    """A message to one connection is the usual case."""
    assert concurrency.map_concurrently(str, []) == []
    assert concurrency.map_concurrently(lambda _: threading.current_thread(), [1]) == [threading.main_thread()]
