"""Run I/O-bound calls concurrently, on the calling thread and on pools that an execution environment keeps."""

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

    When calls fail, the first error (by item) is raised after all calls have ended. The calling thread makes calls
    too: most messages go to few connections, and each other thread that wakes up takes time.
    """
    if len(items) < 2:
        return [task(item) for item in items]
    # Creating boto3 clients is not thread-safe, so they are created here.
    for client in (clients.dynamodb, clients.event_bridge, clients.connections_api):
        client()
    results: dict[int, Result] = {}
    errors: dict[int, Exception] = {}
    # Each position is taken by one thread: the interpreter advances the iterator of a range in one step.
    positions = iter(range(len(items)))

    def work(_thread: int = 0) -> None:
        for position in positions:
            try:
                results[position] = task(items[position])
            except Exception as error:
                errors[position] = error

    pool, traced_work = _pool(max_concurrency), tracing.in_current_segment(work)
    helpers = [pool.submit(traced_work, number) for number in range(1, min(len(items), max_concurrency))]
    work()
    for helper in helpers:
        helper.cancel()  # all items are taken, so one that has not started has nothing to do
    wait(helpers)
    for helper in helpers:
        if not helper.cancelled():
            helper.result()  # raises what is no Exception, such as SystemExit
    if errors:
        raise errors[min(errors)]
    return [results[position] for position in range(len(items))]


@cache
def _pool(max_concurrency: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=max_concurrency, thread_name_prefix="map-concurrently")
