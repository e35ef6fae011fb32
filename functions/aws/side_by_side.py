"""Many calls that mostly wait, at once: in threads that an environment keeps from one invocation to the next."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from functions.aws import clients, tracing

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 16


def each(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What the task makes of every item, in order. If some fail: the first of their errors, once all have ended.

    A task must not call this itself: it would wait for threads that wait for it.
    """
    if len(items) < 2:
        return [task(item) for item in items]
    # Made here once: boto3 does not promise that threads may make clients side by side.
    clients.dynamodb(), clients.event_bridge(), clients.connections_api()
    carried = tracing.carried(task)
    futures = [_pool().submit(carried, item) for item in items]
    wait(futures)
    return [future.result() for future in futures]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="side-by-side")
