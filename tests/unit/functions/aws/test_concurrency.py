"""map_concurrently: the calls run concurrently, and all have ended when it returns."""

import threading
from typing import Any

import pytest

from functions.aws import clients, concurrency
from tests.unit.stage import Stage
from tests.waiting import DEADLINE_SECONDS


def test_results_come_in_the_order_of_the_items(stage: Stage):
    """In whatever order the calls end. All run at the same time, or the barrier would time out."""
    together = threading.Barrier(clients.MAX_CONCURRENCY, timeout=DEADLINE_SECONDS)

    def squared(number: int) -> int:
        together.wait()
        return number * number

    numbers = list(range(clients.MAX_CONCURRENCY))
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


def test_what_ends_a_thread_ends_the_call(stage: Stage):
    """What is no Exception, such as SystemExit, is raised as it is, in place of a result that is missing."""
    together = threading.Barrier(2, timeout=DEADLINE_SECONDS)

    def end_other_thread(_number: int) -> None:
        together.wait()
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        concurrency.map_concurrently(end_other_thread, [1, 2])


def test_the_calling_thread_makes_calls_too(stage: Stage):
    """Two posts need one other thread. Both run at the same time, or the barrier would time out."""
    together = threading.Barrier(2, timeout=DEADLINE_SECONDS)

    def post(_connection: int) -> threading.Thread:
        together.wait()
        return threading.current_thread()

    used = concurrency.map_concurrently(post, [1, 2])
    assert threading.main_thread() in used
    assert len(set(used)) == 2


def test_a_task_may_run_tasks(stage: Stage):
    """It does not wait for threads that wait for it."""
    together = threading.Barrier(3, timeout=DEADLINE_SECONDS)

    def outer(_number: int) -> list[int]:
        together.wait()
        return concurrency.map_concurrently(abs, [-1, -2, -3], max_concurrency=3)

    assert concurrency.map_concurrently(outer, [1, 2, 3], max_concurrency=3) == [[1, 2, 3]] * 3


def test_one_item_runs_on_the_calling_thread(stage: Stage):
    """Most messages go to few connections, and often to one."""
    assert concurrency.map_concurrently(str, []) == []
    assert concurrency.map_concurrently(lambda _: threading.current_thread(), [1]) == [threading.main_thread()]


def test_each_thread_has_a_connection_in_its_clients_pool(stage: Stage):
    """Otherwise botocore opens a connection for the call and drops it afterwards."""
    pools: list[tuple[Any, int]] = [
        (clients.dynamodb().meta.client, clients.MAX_CONCURRENCY),
        (clients.event_bridge(), clients.MAX_CONCURRENCY),
        (clients.connections_api(), clients.MAX_CONCURRENCY),
    ]
    for client, threads in pools:
        assert client.meta.config.max_pool_connections >= threads
