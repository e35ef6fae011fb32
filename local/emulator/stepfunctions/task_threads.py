"""Run a task with a time limit in a thread that is used again, and its calls of DynamoDB in that thread.

On AWS, a task that exceeds its `TimeoutSeconds` fails with `States.Timeout`. MiniStack
(`stepfunctions._invoke_resource_with_timeout`) starts a pool with one new thread for every task. This addition
replaces that function by one with a shared pool. A task that has exceeded its limit keeps its thread until it ends
(as before). MiniStack runs the `aws-sdk:` calls of a task in the event loop (`app.call_service_handler_sync`),
which answers no other request meanwhile; DynamoDB's, which never wait, are run in the task's thread here.
The names that members of an API have in Step Functions (`_api_name_to_sfn_key`) are derived once.
"""

import contextvars
from collections.abc import Callable, Coroutine
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
        self._dynamodb = patching.original("app", "SERVICE_HANDLERS")["dynamodb"]
        self._call_in_loop = patching.replace("app", "call_service_handler_sync", self.call_service)
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

    def call_service(self, handler: Callable[..., Coroutine[Any, Any, Any]], *request: Any, **options: Any) -> Any:
        """The response of a service to a request from a thread."""
        if handler is not self._dynamodb:
            return self._call_in_loop(handler, *request, **options)
        running = handler(*request)
        try:
            running.send(None)
        except StopIteration as finished:
            return finished.value
        running.close()
        raise RuntimeError("DynamoDB waits for something, which it must not in a task's thread")
