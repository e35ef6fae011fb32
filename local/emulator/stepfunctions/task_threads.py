"""Run a task with a time limit in a thread that is used again.

On AWS, a task that exceeds its `TimeoutSeconds` fails with `States.Timeout`. MiniStack
(`stepfunctions._invoke_resource_with_timeout`) starts a pool with one new thread for every task. This addition
replaces that function by one with a shared pool. A task that has exceeded its limit keeps its thread until it ends
(as before). It also keeps the names that members of an API have in Step Functions
(`_api_name_to_sfn_key`), which MiniStack derives again for each member at each call.
"""

import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from local.emulator import patching

MAX_TASK_THREADS = 1_024
MAX_MEMBER_NAMES = 10_000


class TaskThreads:
    """The shared pool; its threads start when they are needed."""

    def __init__(self) -> None:
        service = "services.stepfunctions"
        self._workflows = patching.module(service)
        self._threads = ThreadPoolExecutor(MAX_TASK_THREADS, thread_name_prefix="task")
        patching.replace(service, "_invoke_resource_with_timeout", self.invoke)
        name_of = patching.original(service, "_api_name_to_sfn_key")
        patching.replace(service, "_api_name_to_sfn_key", lru_cache(MAX_MEMBER_NAMES)(name_of))

    def invoke(self, resource: str, task_input: Any, timeout_seconds: float) -> Any:
        """The result of a task. Raises States.Timeout if it takes longer; its result is then ignored."""
        context = contextvars.copy_context()
        running = self._threads.submit(context.run, self._workflows._invoke_resource, resource, task_input)
        try:
            return running.result(timeout=timeout_seconds)
        except TimeoutError:
            if running.done():
                raise
            cause = f"Task timed out after {timeout_seconds} seconds"
            raise self._workflows._ExecutionError("States.Timeout", cause) from None
