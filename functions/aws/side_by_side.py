"""Many calls that mostly wait, at once: in threads that an environment keeps from one invocation to the next."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from functions.aws import clients, tracing

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 16


def each(task: Callable[[Item], Result], items: Sequence[Item], *, at_once: int = AT_ONCE) -> list[Result]:
    """What the task makes of every item, in order. If some fail: the first of their errors, once all have ended.

    As many threads as may run `at_once` are a pool of their own. A task must not call this for the pool that it
    runs in: it would wait for threads that wait for it.
    """
    if len(items) < 2:
        return [task(item) for item in items]
    # Made here once: boto3 does not promise that threads may make clients side by side.
    for client in (clients.dynamodb, clients.event_bridge, clients.connections_api):
        client()
    carried = tracing.carried(task)
    futures = [_pool(at_once).submit(carried, item) for item in items]
    wait(futures)
    return [future.result() for future in futures]


@cache
def _pool(at_once: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="side-by-side")
