"""Run a task with a time limit in a thread that is used again, and calls of DynamoDB without another thread.

On AWS, a task that exceeds its `TimeoutSeconds` fails with `States.Timeout`. MiniStack starts a pool with new
threads for every task (`stepfunctions._invoke_resource_with_timeout`) and for every Map state
(`ThreadPoolExecutor`, `futures_wait`). This addition replaces both by threads that are used again, and runs the
only item of a Map in the thread of its execution. A task that has exceeded its limit keeps its thread until it
ends (as before). A task that calls DynamoDB, which never waits, runs in the thread of its execution, unless a
fault may delay it. MiniStack runs the `aws-sdk:` calls of a task in the event loop
(`app.call_service_handler_sync`), which answers no other request meanwhile; DynamoDB's are run in the task's
thread here. The names that members of an API have in Step Functions (`_api_name_to_sfn_key`) are derived once, and
not for each object of a request (`_sdk_json_param_value`), whose members usually have the names of the API.
"""

from collections.abc import Callable, Coroutine
from functools import lru_cache
from typing import Any

from local.emulator import patching
from local.emulator.threads import LimitedThreads, threads, wait_for_calls

MAX_MEMBER_NAMES = 10_000
DYNAMODB = ("arn:aws:states:::dynamodb:", "arn:aws:states:::aws-sdk:dynamodb:")
"""The resources of tasks that call DynamoDB."""


class TaskThreads:
    """The replaced functions."""

    def __init__(self, may_be_delayed: Callable[[], bool]) -> None:
        """`may_be_delayed` returns whether there are faults that may let a task of any service take long."""
        service = "services.stepfunctions"
        self._may_be_delayed = may_be_delayed
        self._workflows = patching.module(service)
        patching.replace(service, "_invoke_resource_with_timeout", self.invoke)
        patching.replace(service, "ThreadPoolExecutor", LimitedThreads)
        patching.replace(service, "futures_wait", wait_for_calls)
        self._dynamodb = patching.original("app", "SERVICE_HANDLERS")["dynamodb"]
        self._call_in_loop = patching.replace("app", "call_service_handler_sync", self.call_service)
        name_of = patching.original(service, "_api_name_to_sfn_key")
        self._name_of = lru_cache(MAX_MEMBER_NAMES)(name_of)
        patching.replace(service, "_api_name_to_sfn_key", self._name_of)
        self._other_names = patching.original(service, "_SDK_PARAM_NAME_OVERRIDES")
        patching.replace(service, "_sdk_json_param_value", self.request_value)

    def invoke(self, resource: str, task_input: Any, timeout_seconds: float) -> Any:
        """The result of a task. Raises States.Timeout if it takes longer; its result is then ignored."""
        if resource.startswith(DYNAMODB) and not self._may_be_delayed():
            return self._workflows._invoke_resource(resource, task_input)
        running = threads.submit(self._workflows._invoke_resource, resource, task_input)
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

    def request_value(self, value: Any, shape: Any) -> Any:
        """A value of a request, with the names that the members of its shape (of botocore) have in the API."""
        kind, of_type = shape.type_name, type(value)
        if kind == "structure" and of_type is dict and not getattr(shape, "is_document_type", False):
            members = shape.members
            renamed = {}
            for key, item in value.items():
                name = key if key in members else self._api_name(key, shape)
                renamed[name] = self.request_value(item, members[name]) if name in members else item
            return renamed
        if kind == "list" and of_type is list:
            return [self.request_value(item, shape.member) for item in value]
        if kind == "map" and of_type is dict:
            return {key: self.request_value(item, shape.value) for key, item in value.items()}
        return value

    def _api_name(self, key: str, shape: Any) -> str:
        """The name in the API of a member that has another one in Step Functions; other keys are kept."""
        by_sdk_name = {self._name_of(name): name for name in shape.members}
        name: str = self._other_names.get((shape.name, key)) or by_sdk_name.get(key, key)
        return name
