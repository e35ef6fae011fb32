"""map_concurrently: the calls run concurrently, and all have ended when it returns."""

import threading

import pytest

from functions.aws import concurrency
from tests.unit.stage import Stage
from tests.waiting import DEADLINE_SECONDS


def test_results_come_in_the_order_of_the_items(stage: Stage):
    """In whatever order the calls end. All run at the same time, or the barrier would time out."""
    together = threading.Barrier(concurrency.MAX_CONCURRENCY, timeout=DEADLINE_SECONDS)

    def squared(number: int) -> int:
        together.wait()
        return number * number

    numbers = list(range(concurrency.MAX_CONCURRENCY))
    assert concurrency.map_concurrently(squared, numbers) == [number * number for number in numbers]


def test_an_error_is_raised_after_all_calls_have_ended(stage: Stage):
    """No call continues into the next invocation."""
    ended: list[int] = []

    def fail_for_the_first_item(number: int) -> None:
        if number == 0:
            raise LookupError("the first")
        ended.append(number)

    with pytest.raises(LookupError, match="the first"):
        concurrency.map_concurrently(fail_for_the_first_item, list(range(100)))
    assert sorted(ended) == list(range(1, 100))


def test_one_item_runs_on_the_calling_thread(stage: Stage):
    """Most messages go to few connections, and often to one."""
    assert concurrency.map_concurrently(str, []) == []
    assert concurrency.map_concurrently(lambda _: threading.current_thread(), [1]) == [threading.main_thread()]
