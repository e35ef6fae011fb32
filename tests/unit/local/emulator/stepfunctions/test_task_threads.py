"""Tasks of workflows run in a shared pool, within their time limits."""

import contextvars
import json
import threading
from typing import Any

import pytest
from ministack import app
from ministack.services import stepfunctions

from local.emulator.stepfunctions.task_threads import TaskThreads

scope: contextvars.ContextVar[str] = contextvars.ContextVar("scope", default="")
faults_are_in_force = False


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> TaskThreads:
    monkeypatch.setattr(app, "call_service_handler_sync", app.call_service_handler_sync)
    for name in (
        "_invoke_resource_with_timeout",
        "_api_name_to_sfn_key",
        "_sdk_json_param_value",
        "_invoke_resource",
        "ThreadPoolExecutor",
    ):
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    return TaskThreads(may_be_delayed=lambda: faults_are_in_force)


@pytest.mark.parametrize(
    ("resource", "is_faulty", "in_own_thread"),
    [
        ("arn:aws:states:::lambda:invoke", False, True),
        ("arn:aws:states:::sqs:sendMessage", False, True),
        ("arn:aws:states:::dynamodb:getItem", False, False),
        ("arn:aws:states:::aws-sdk:dynamodb:transactWriteItems", False, False),
        ("arn:aws:states:::dynamodb:getItem", True, True),
    ],
)
def test_a_task_that_may_wait_runs_in_another_thread(
    tasks: TaskThreads, monkeypatch: pytest.MonkeyPatch, resource: str, is_faulty: bool, in_own_thread: bool
):
    """With the account and region of its workflow, which are context variables. DynamoDB waits only by a fault."""
    monkeypatch.setitem(globals(), "faults_are_in_force", is_faulty)

    def task(resource: str, task_input: Any) -> tuple[str, Any, str, bool]:
        return resource, task_input, scope.get(), threading.current_thread() is not threading.main_thread()

    monkeypatch.setattr(stepfunctions, "_invoke_resource", task)
    scope.set("an account")
    answer = stepfunctions._invoke_resource_with_timeout(resource, 7, 5)
    assert answer == (resource, 7, "an account", in_own_thread)


def test_a_task_that_takes_too_long_fails(tasks: TaskThreads, monkeypatch: pytest.MonkeyPatch):
    """With States.Timeout; an error of the task itself stays what it is."""
    ended = threading.Event()
    monkeypatch.setattr(stepfunctions, "_invoke_resource", lambda *_: ended.wait())
    with pytest.raises(stepfunctions._ExecutionError) as late:
        tasks.invoke("a task", {}, 0)
    ended.set()
    assert late.value.error == "States.Timeout"

    def fail(*_: Any) -> None:
        raise TimeoutError("its own")

    monkeypatch.setattr(stepfunctions, "_invoke_resource", fail)
    with pytest.raises(TimeoutError, match="its own"):
        tasks.invoke("a task", {}, 5)


def test_dynamodb_is_called_in_the_thread_of_the_task(tasks: TaskThreads, monkeypatch: pytest.MonkeyPatch):
    """Other services are called in the event loop."""
    monkeypatch.setattr(tasks, "_call_in_loop", lambda *_, **__: "in the loop")
    handlers = app.SERVICE_HANDLERS
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables"}
    status, _, body = app.call_service_handler_sync(handlers["dynamodb"], "POST", "/", headers, "{}", {})
    assert (status, set(json.loads(body))) == (200, {"TableNames"})
    assert app.call_service_handler_sync(handlers["sqs"], "POST", "/", headers, "{}", {}) == "in the loop"


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "t", "Item": {"a": {"Nul": True}, "Nul": {"L": [{"S": "x"}]}}}}
                ]
            },
        ),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "ExpressionAttributeValues": {":a": {"NULL": True}}, "Other": [1]},
        ),
        ("ecs", "RunTask", {"Cluster": "c", "Overrides": {"ContainerOverrides": [{"Name": "n", "Cpu": 1}]}}),
        ("ecs", "RunTask", {"cluster": "c", "Overrides": "no object"}),
    ],
)
def test_members_of_a_request_get_their_names_in_the_api(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, request_: dict[str, Any]
):
    """As MiniStack names them; keys of maps are data."""
    shape = stepfunctions._service_model(service).operation_model(operation).input_shape
    expected = stepfunctions._sdk_json_param_value(request_, shape)
    for name in ("_api_name_to_sfn_key", "_sdk_json_param_value"):
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    TaskThreads(may_be_delayed=lambda: False)
    assert stepfunctions._sdk_json_param_value(request_, shape) == expected
