"""Run Express executions of Step Functions as AWS does, without a delay and with AWS's history.

On AWS, the ARN of an Express execution contains `express` and a unique id, so that names may repeat. Its history
exists only as lines in the workflow's log group, at the level and with the data of the logging configuration. It
emits no status events, it continues the trace of the event that started it, and a task whose function is throttled
fails with `Lambda.TooManyRequestsException`. An error of DynamoDB for which the SDK for Java has no class, such as
a throttle of an on-demand table, is `DynamoDB.AmazonDynamoDBException` (optimised integration) or
`DynamoDb.DynamoDbException` (`aws-sdk:` integration). No Retry or Catch matches `States.Runtime`,
`States.TaskFailed` does not match `States.QueryEvaluationError`, and neither it nor `States.ALL` matches
`States.DataLimitExceeded`: the arguments of a task, its result and the output of a state have at most 256 KiB.
After five minutes an execution times out; here that is noticed when its current state ends.

MiniStack (`stepfunctions._start_execution`, `_start_sync_execution`, `_run_execution`, `_run_sub_machine`,
`_run_parallel_branches`, `_add_event`, `_call_lambda`, `_invoke_resource`, `_error_matches`,
`_apply_state_assign`, `_evaluate_jsonata_choice_rule`) has neither limit, sleeps 0.15 s before every execution,
evaluates a state's variables one after the other, ignores the arguments, the output and the variables of a
Parallel state, lets its branches change the variables of the workflow, treats a number or a text as a condition
that holds, rejects a repeated name, publishes status events, writes no logs, records nothing inside Map, gives
parallel branches the same event ids, keeps every execution without end, describes a log configuration in the
template's form, names a throttle `Lambda.Unknown`, and gives every error of DynamoDB its own name. This addition
replaces these functions; the states themselves stay MiniStack's. Executions in the background are recorded by
`Durability`, so that they run again after a kill.
"""

import contextvars
import json
import logging
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch import service_metrics
from local.emulator.deferred_writes import deferred_writes
from local.emulator.json_text import json_text
from local.emulator.persistence.durability import Durability
from local.emulator.request_scope import context_of
from local.emulator.stepfunctions import jsonata_expressions
from local.emulator.stepfunctions.history_logs import Execution, data_of, is_express, lower_keys
from local.emulator.stepfunctions.history_writer import HistoryWriter
from local.emulator.threads import threads
from local.emulator.xray import trace_collector, trace_headers

logger = logging.getLogger("parley.workflows")

Response = tuple[int, dict[str, str], bytes]

SERVER_ERRORS = ("InternalServerError", "InternalServerErrorException")
EXCEPTIONS = {
    "InternalServerError": "InternalServerErrorException",
    "RequestLimitExceeded": "RequestLimitExceededException",
    **{
        name: name
        for name in (
            "ConditionalCheckFailedException",
            "IdempotentParameterMismatchException",
            "InternalServerErrorException",
            "ItemCollectionSizeLimitExceededException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceededException",
            "ResourceNotFoundException",
            "TransactionCanceledException",
            "TransactionConflictException",
            "TransactionInProgressException",
        )
    },
}
"""The classes that the SDK for Java has for errors of DynamoDB, by their code."""

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_DATA_BYTES = 256 * 1024
MAX_EXPRESS_SECONDS = 300.0
DATA_LIMIT = "States.DataLimitExceeded"

# Of the current branch: the id of its last event, the arguments of its task, and the variables its state assigned.
previous_event: contextvars.ContextVar[int] = contextvars.ContextVar("parley_previous_event", default=0)
task_arguments: contextvars.ContextVar[Any] = contextvars.ContextVar("parley_task_arguments", default=None)
assigned: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("parley_assigned", default=None)
# Of the current execution: when it times out, by time.monotonic().
deadline: contextvars.ContextVar[float] = contextvars.ContextVar("parley_deadline", default=math.inf)


class WorkflowExecutions:
    """Replaces how executions start and run, and deletes the oldest finished ones."""

    def __init__(self, kept_executions: int, durability: Durability) -> None:
        self._workflows = patching.module("services.stepfunctions")
        self._responses = patching.module("core.responses")
        self._kept = kept_executions
        self._durability = durability
        self._histories = HistoryWriter()
        self._finished: deque[tuple[contextvars.Context, str]] = deque()
        self._lock = threading.Lock()
        service = "services.stepfunctions"
        self._start_standard = patching.replace(service, "_start_execution", self.start)
        self._start_standard_sync = patching.replace(service, "_start_sync_execution", self.start_sync)
        self._describe_machine = patching.replace(service, "_describe_state_machine", self.describe_machine)
        self._emit_status = patching.replace(service, "_emit_execution_status_event", self.emit_status)
        self._arguments = patching.replace(service, "_apply_jsonata_arguments", self.arguments)
        patching.replace(service, "_apply_state_assign", self.assign)
        patching.replace(service, "_evaluate_jsonata_choice_rule", self.matches)
        self._call_function = patching.replace(service, "_call_lambda", self.call_function)
        self._invoke = patching.replace(service, "_invoke_resource", self.invoke_resource)
        patching.replace(service, "_error_matches", error_matches)
        patching.replace(service, "_run_execution", self.run)
        self._parallel = patching.replace(service, "_run_parallel_branches", self.run_parallel)
        patching.replace(service, "_run_sub_machine", self.run_branch)
        patching.replace(service, "_add_event", self.add_event)

    def restore(self) -> None:
        """Count the executions of the restored state as finished, the oldest first, and prune them."""
        restored = sorted(
            self._workflows._executions.all_items(), key=lambda item: str(item[1].get("stopDate") or "")
        )
        with self._lock:
            for (account, region, arn), _execution in restored:
                self._finished.append((context_of(account, region), arn))
        self._prune()

    def describe_machine(self, data: dict[str, Any]) -> Response:
        """DescribeStateMachine, with the log configuration in the API's form; MiniStack has the template's."""
        machine = self._machine(data)
        if machine is not None:
            machine["loggingConfiguration"] = lower_keys(machine.get("loggingConfiguration") or {})
        response: Response = self._describe_machine(data)
        return response

    def start(self, data: dict[str, Any]) -> Response:
        """StartExecution: run an Express execution in its own thread; MiniStack runs Standard executions."""
        response: Response
        machine = self._machine(data)
        if machine is None or machine.get("type") != "EXPRESS":
            response = self._start_standard(data)
            return response
        execution = self._new_express(machine, data)
        self._durability.execution_began(
            execution["executionArn"], execution["stateMachineArn"], execution["input"]
        )
        threads.submit(self.run, execution["executionArn"])
        response = self._responses.json_response(
            {"executionArn": execution["executionArn"], "startDate": execution["startDate"]}
        )
        return response

    def start_sync(self, data: dict[str, Any]) -> Response:
        """StartSyncExecution: run an Express execution and return its result."""
        response: Response
        machine = self._machine(data)
        if machine is None or machine.get("type") != "EXPRESS":
            response = self._start_standard_sync(data)
            return response
        execution = self._new_express(machine, data)
        began = time.monotonic()
        contextvars.copy_context().run(self.run, execution["executionArn"])
        billed = math.ceil((time.monotonic() - began) * 10) * 100
        body = {
            "executionArn": execution["executionArn"],
            "stateMachineArn": execution["stateMachineArn"],
            "name": execution["name"],
            "startDate": execution["startDate"],
            "stopDate": execution["stopDate"],
            "status": execution["status"],
            "input": execution["input"],
            "inputDetails": {"included": True},
            # The least memory that is billed: what an execution uses is not known here.
            "billingDetails": {"billedDurationInMilliseconds": billed, "billedMemoryUsedInMB": 64},
        }
        if execution["status"] in ("FAILED", "TIMED_OUT"):
            body |= {"error": execution.get("error"), "cause": execution.get("cause")}
        else:
            body |= {"output": execution["output"], "outputDetails": {"included": True}}
        response = self._responses.json_response(body)
        return response

    def _machine(self, data: dict[str, Any]) -> dict[str, Any] | None:
        arn = self._workflows._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        machine: dict[str, Any] | None = self._workflows._state_machines.get(arn) if arn else None
        return machine

    def _new_express(self, machine: dict[str, Any], data: dict[str, Any]) -> Execution:
        name = data.get("name") or str(uuid.uuid4())
        parts = str(machine["stateMachineArn"]).split(":")
        arn = ":".join([*parts[:5], "express", str(machine["name"]), name, str(uuid.uuid4())])
        started = self._responses.now_iso()
        execution: Execution = {
            "executionArn": arn,
            "stateMachineArn": machine["stateMachineArn"],
            "name": name,
            "status": "RUNNING",
            "startDate": started,
            "stopDate": None,
            "input": data.get("input", "{}"),
            "inputDetails": {"included": True},
            "output": None,
            "outputDetails": {"included": True},
            "testCase": "",
            "mockAttempts": {},
            "sync": True,  # no status events
            "events": [
                {
                    "id": 1,
                    "type": "ExecutionStarted",
                    "timestamp": started,
                    "previousEventId": 0,
                    "executionStartedEventDetails": {
                        "input": data.get("input", "{}"),
                        "roleArn": machine["roleArn"],
                    },
                }
            ],
        }
        self._workflows._executions[arn] = execution
        return execution

    def emit_status(self, execution: Execution) -> None:
        """Emit a status event for a Standard execution; Express executions have none."""
        if not is_express(execution):
            self._emit_status(execution)

    def run(self, execution_arn: str) -> None:
        """Run an execution to its end and write its history; of the finished executions, the newest are kept."""
        execution = self._workflows._executions.get(execution_arn)
        if execution is None:
            return
        began = time.time()
        service_metrics.execution_started(str(execution["stateMachineArn"]))
        inbound = trace_headers.parse(trace_headers.current.get()) or trace_headers.new_trace()
        segment_id = trace_headers.new_segment_id()
        trace_headers.current.set(str(inbound.with_parent(segment_id)))
        previous_event.set(1)
        deadline.set(time.monotonic() + MAX_EXPRESS_SECONDS if is_express(execution) else math.inf)
        machine = self._workflows._state_machines.get(execution["stateMachineArn"])
        if machine is None:
            self._workflows._fail_execution(execution, "StateMachineDeleted", "State machine no longer exists")
            return
        self._histories.began(execution, machine, began)
        self._run_to_end(execution, machine)
        if inbound.sampled:
            deferred_writes.add(
                trace_collector.record_execution,
                machine["name"],
                execution_arn,
                inbound,
                segment_id,
                began,
                time.time(),
            )
        self._durability.execution_ended(execution_arn)
        service_metrics.execution_ended(
            str(execution["stateMachineArn"]), str(execution["status"]), (time.time() - began) * 1000
        )
        self._histories.ended(execution)
        self._keep_newest(execution_arn)

    def _run_to_end(self, execution: Execution, machine: dict[str, Any]) -> None:
        error_type = self._workflows._ExecutionError
        jsonata_expressions.note_input(execution["input"])
        try:
            definition = parsed_definition(machine["definition"])
            execution_input = json.loads(execution["input"])
            context = {
                "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
                "Execution": {
                    "Id": execution["executionArn"],
                    "Input": execution_input,
                    "Name": execution["name"],
                    "RoleArn": machine["roleArn"],
                    "StartTime": execution["startDate"],
                },
                "StateMachine": {"Id": machine["stateMachineArn"], "Name": machine["name"]},
                "variables": {},
            }
            output = self._run_states(
                definition["States"], definition["StartAt"], execution_input, execution, context
            )
        except error_type as failure:
            self._fail(execution, failure.error, failure.cause)
        except Exception as failure:
            logger.exception("Execution %s failed unexpectedly", execution["executionArn"])
            self._fail(execution, "States.Runtime", str(failure))
        else:
            if execution["status"] == "RUNNING":
                execution["output"] = json_text(output)
                execution["stopDate"] = self._responses.now_iso()
                execution["status"] = "SUCCEEDED"
                self.add_event(
                    execution,
                    "ExecutionSucceeded",
                    {"executionSucceededEventDetails": {"output": execution["output"]}},
                )
                self.emit_status(execution)

    def _fail(self, execution: Execution, error: str, cause: str) -> None:
        """End an execution, unless it has ended already: one that timed out, or was stopped, stays so."""
        if execution["status"] == "RUNNING":
            self._workflows._fail_execution(execution, error, cause)

    def run_parallel(
        self, state: dict[str, Any], data: Any, execution: Execution, context: dict[str, Any]
    ) -> tuple[Any, str | None]:
        """Run the branches of a Parallel state with its arguments; its output is computed from their results."""
        workflows = self._workflows
        if workflows._state_query_language(state, context) != "JSONata":
            results, following = self._parallel(state, data, execution, context)
            return results, following
        given = self._arguments(state, data, context)
        results, following = self._parallel(state, given, execution, context)
        output = workflows._apply_jsonata_output(state, data, context, result=results, default=results)
        self.assign(state, data, context, result=results)
        return output, following

    def run_branch(
        self, states: dict[str, Any], start_at: str, data: Any, execution: Execution, context: dict[str, Any]
    ) -> Any:
        """Run the states of a Map item or a Parallel branch, with the history events of a Map iteration.

        The variables that they assign are their own.
        """
        iteration = (context.get("Map") or {}).get("Item")
        context = {**context, "variables": dict(context.get("variables", {}))}
        if iteration is None:
            return self._run_states(states, start_at, data, execution, context)
        details = {"name": context["State"]["Name"], "index": iteration["Index"]}
        self.add_event(execution, "MapIterationStarted", {"mapIterationStartedEventDetails": details})
        try:
            output = self._run_states(states, start_at, data, execution, context)
        except Exception:
            self.add_event(execution, "MapIterationFailed", {"mapIterationFailedEventDetails": details})
            raise
        if execution["status"] == "RUNNING":
            self.add_event(execution, "MapIterationSucceeded", {"mapIterationSucceededEventDetails": details})
        return output

    def _run_states(
        self, states: dict[str, Any], start_at: str, data: Any, execution: Execution, context: dict[str, Any]
    ) -> Any:
        workflows = self._workflows
        name: str | None = start_at
        text = json_text(data)
        while name and execution["status"] == "RUNNING":
            if time.monotonic() > deadline.get():
                self._time_out(execution)
                break
            state = states.get(name)
            if state is None:
                raise workflows._ExecutionError("States.Runtime", f"State '{name}' not found in definition")
            kind = state.get("Type")
            context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
            details: dict[str, Any] = {"name": name, "input": text}
            self.add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})
            assigned.set(None)
            if kind == "Fail":
                raise workflows._ExecutionError(*workflows._fail_state_error(state, data, context))
            output, next_name = self._execute(kind, state, data, execution, context)
            has_changed, data = output is not data, output
            if execution["status"] != "RUNNING":
                break
            if has_changed:
                text = json_text(data)
                self._check_size(text, f"output of the state '{name}'")
            details = {"name": name, "output": text}
            variables = assigned.get()
            if variables:
                details |= data_of(execution, assignedVariables=variables)
                details["assignedVariablesDetails"] = {"truncated": False}
            self.add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})
            name = next_name
        return data

    def _time_out(self, execution: Execution) -> None:
        """End an execution in all its branches: they stop when it does not run any more."""
        with self._lock:
            if execution["status"] != "RUNNING":
                return
            execution["status"] = "TIMED_OUT"
            execution["error"] = "States.Timeout"
            execution["stopDate"] = self._responses.now_iso()
        details = {"error": execution["error"]}
        self.add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": details})

    def _execute(
        self, kind: str, state: dict[str, Any], data: Any, execution: Execution, context: dict[str, Any]
    ) -> tuple[Any, str | None]:
        workflows = self._workflows
        if kind == "Succeed":
            if workflows._state_query_language(state, context) == "JSONata":
                return workflows._apply_jsonata_output(state, data, context, default=data), None
            return workflows._apply_output_path(
                state, workflows._apply_input_path(state, data, context), context
            ), None
        types_with_execution: dict[str, Callable[..., tuple[Any, str | None]]] = {
            "Task": workflows._execute_task,
            "Parallel": workflows._execute_parallel,
            "Map": workflows._execute_map,
        }
        other_types: dict[str, Callable[..., tuple[Any, str | None]]] = {
            "Pass": workflows._execute_pass,
            "Choice": workflows._execute_choice,
            "Wait": workflows._execute_wait,
        }
        if kind in types_with_execution:
            return types_with_execution[kind](state, data, execution, context)
        if kind in other_types:
            return other_types[kind](state, data, context)
        raise workflows._ExecutionError("States.Runtime", f"Unknown state type: {kind}")

    def arguments(self, state: dict[str, Any], data: Any, context: Any = None) -> Any:
        """A task's arguments, kept for its TaskScheduled event."""
        arguments = self._arguments(state, data, context)
        task_arguments.set(arguments)
        return arguments

    def assign(self, state: dict[str, Any], data: Any, context: Any = None, **results: Any) -> None:
        """Assign a state's variables, each from the values before the state; its StateExited event has them.

        https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
        """
        workflows, expressions = self._workflows, state.get("Assign")
        if context is None or not isinstance(expressions, dict):
            return
        if workflows._state_query_language(state, context) == "JSONata":
            values = workflows._apply_jsonata_template(expressions, data, context, **results)
            context.setdefault("variables", {}).update(values)
            assigned.set(values)

    def matches(self, rule: dict[str, Any], data: Any, context: Any) -> bool:
        """Whether a rule of a Choice state matches. A condition that is not a boolean fails the execution."""
        return bool(self._workflows._jsonata_state_field(rule, "Condition", "boolean", data, context))

    def call_function(self, function: str, payload: Any) -> Any:
        """Call a task's function; a throttle fails with the error name that Retry expects."""
        error_type = self._workflows._ExecutionError
        try:
            return self._call_function(function, payload)
        except error_type as failure:
            if is_throttle(failure.cause):
                raise error_type("Lambda.TooManyRequestsException", failure.cause) from failure
            raise

    def invoke_resource(self, resource: str, task_input: Any) -> Any:
        """One attempt of a task; an error of DynamoDB has the name that it has on AWS."""
        error_type = self._workflows._ExecutionError
        try:
            return self._invoke(resource, task_input)
        except error_type as failure:
            name, cause = dynamodb_error(failure.error, failure.cause)
            raise error_type(name, cause) from failure

    def add_event(
        self, execution: Execution, event_type: str, details: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Append an event to an execution's history, with a unique id and the id of its branch's last event.

        Raises MiniStack's error of an execution for a task with too large arguments or a too large result.
        """
        if event_type == "TaskScheduled" and details is not None:
            arguments = json_text(task_arguments.get())
            details["taskScheduledEventDetails"]["parameters"] = arguments
            self._check_size(arguments, "arguments of the task")
        if event_type == "TaskSucceeded" and details is not None:
            self._check_size(details["taskSucceededEventDetails"]["output"], "result of the task")
        with self._lock:
            event: dict[str, Any] = {
                "id": len(execution["events"]) + 1,
                "type": event_type,
                "timestamp": now_iso(),
                "previousEventId": previous_event.get(),
                **(details or {}),
            }
            execution["events"].append(event)
        previous_event.set(event["id"])
        return event

    def _check_size(self, text: str, what: str) -> None:
        if is_too_large(text):
            raise self._workflows._ExecutionError(DATA_LIMIT, f"The {what} has more than {MAX_DATA_BYTES} bytes.")

    def _keep_newest(self, execution_arn: str) -> None:
        with self._lock:
            self._finished.append((contextvars.copy_context(), execution_arn))
        self._prune()

    def _prune(self) -> None:
        """Delete the oldest finished executions, so that the newest are kept."""
        with self._lock:
            excess = max(0, len(self._finished) - self._kept)
            oldest = [self._finished.popleft() for _ in range(excess)]
        for context, arn in oldest:
            context.run(self._workflows._executions.pop, arn, None)


def is_too_large(text: str) -> bool:
    """Whether data is larger than a workflow may have, given as JSON. A character has up to four bytes."""
    if len(text) * 4 <= MAX_DATA_BYTES:
        return False
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return len(compact.encode(errors="surrogatepass")) > MAX_DATA_BYTES


@lru_cache(8)
def parsed_definition(text: str) -> Any:
    """A workflow's definition, which no execution changes."""
    return json.loads(text)


@lru_cache(2)
def start_of_iso(second: int) -> str:
    """The part of a timestamp before its milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def now_iso() -> str:
    """The current time, as MiniStack writes it. An execution needs it for each of its events."""
    second, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{start_of_iso(second)}.{nanoseconds // 1_000_000:03d}Z"


def error_matches(names: list[str], error: str) -> bool:
    """Whether a Retry or Catch with these names matches an error."""
    if error == "States.Runtime":
        return False
    if error in names:
        return True
    if error == DATA_LIMIT:
        return False
    if "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error not in ("States.Timeout", "States.QueryEvaluationError")


def dynamodb_error(error: str, cause: str) -> tuple[str, str]:
    """The name and cause of a failed task, with DynamoDB's as the SDK for Java gives them."""
    prefix, _, code = error.partition(".")
    if prefix not in ("DynamoDB", "DynamoDb") or code in ("AmazonDynamoDBException", "DynamoDbException"):
        return error, cause
    status = 500 if code in SERVER_ERRORS else 400
    if prefix == "DynamoDb":
        name = EXCEPTIONS.get(code, "DynamoDbException")
        return (
            f"DynamoDb.{name}",
            f"{cause} (Service: DynamoDb, Status Code: {status}, Request ID: {uuid.uuid4()})",
        )
    name = EXCEPTIONS.get(code, "AmazonDynamoDBException")
    request = f"Status Code: {status}; Error Code: {code}; Request ID: {uuid.uuid4()}; Proxy: null"
    return f"DynamoDB.{name}", f"{cause} (Service: AmazonDynamoDBv2; {request})"


def is_throttle(cause: str) -> bool:
    """Whether the cause of a failed call is Lambda's TooManyRequestsException."""
    try:
        body = json.loads(cause)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("__type") == "TooManyRequestsException"
