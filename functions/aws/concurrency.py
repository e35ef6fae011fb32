"""Run I/O-bound calls concurrently, on thread pools that an execution environment keeps between invocations."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from functions.aws import clients, tracing
from functions.aws.clients import MAX_CONCURRENCY

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_concurrently(
    task: Callable[[Item], Result], items: Sequence[Item], *, max_concurrency: int = MAX_CONCURRENCY
) -> list[Result]:
    """Call `task` with each item and return the results in order of the items.

    When calls fail, the first error (by item) is raised after all calls have ended. There is one pool per
    `max_concurrency`. `task` must not call this with the same `max_concurrency`: that can deadlock the pool.
    """
    if len(items) < 2:
        return [task(item) for item in items]
    # Creating boto3 clients is not thread-safe, so they are created here.
    for client in (clients.dynamodb, clients.event_bridge, clients.connections_api):
        client()
    traced_task = tracing.in_current_segment(task)
    futures = [_pool(max_concurrency).submit(traced_task, item) for item in items]
    wait(futures)
    return [future.result() for future in futures]


@cache
def _pool(max_concurrency: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max_concurrency, thread_name_prefix="map-concurrently")
