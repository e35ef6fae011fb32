"""Read runs from the workflow's log: each line is one event of an execution's history.

Express workflows have no history in Step Functions' API; their history goes to a log group
(https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). `run_log` fetches the lines.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from functions.contract.model import timestamp
from ops.models import Failure, MapIteration, StateExecution, Task
from ops.runs.execution import Execution, RunStatus, decoded

END_STATUSES: dict[str, RunStatus] = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
FAILURES = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "MapStateFailed")


@dataclass(frozen=True)
class HistoryEvent:
    """One line."""

    execution_arn: str
    id: int
    previous_id: int
    type: str
    at_ms: int
    details: dict[str, Any]

    @classmethod
    def parse(cls, line: str) -> "HistoryEvent | None":
        """The event in a line, None if the line is not one."""
        try:
            fields = json.loads(line)
            return cls(
                execution_arn=str(fields["execution_arn"]),
                id=int(fields["id"]),
                previous_id=int(fields["previous_event_id"]),
                type=str(fields["type"]),
                at_ms=int(fields["event_timestamp"]),
                details=fields.get("details") or {},
            )
        except (ValueError, KeyError, TypeError):
            return None

    def detail(self, name: str) -> str:
        """One of the details as text, empty if it is missing."""
        return str(self.details.get(name) or "")


def read(lines: Iterable[HistoryEvent], *, partial: bool = False) -> list[Execution]:
    """The executions of the lines, oldest first.

    An execution whose first line is missing is left out, unless `partial`: a workflow that logs errors only
    writes no line but the failure.
    """
    by_arn: dict[str, list[HistoryEvent]] = {}
    for line in lines:
        by_arn.setdefault(line.execution_arn, []).append(line)
    executions = [
        _execution(sorted(history, key=lambda event: event.id))
        for history in by_arn.values()
        if partial or any(event.type == "ExecutionStarted" for event in history)
    ]
    return sorted(executions, key=lambda execution: (execution.started_ms, execution.execution_arn))


def _execution(history: Sequence[HistoryEvent]) -> Execution:
    first = history[0]
    execution = Execution(first.execution_arn, first.at_ms, decoded(first.details.get("input")))
    parser = HistoryParser(first.at_ms)
    for event in history:
        if event.type not in END_STATUSES:
            parser.add(event)
            continue
        execution.status = END_STATUSES[event.type]
        execution.ended_ms = event.at_ms
        execution.output = decoded(event.details.get("output"))
        if execution.status != "SUCCEEDED":
            execution.error = Failure(error=event.detail("error") or execution.status, cause=event.detail("cause"))
    execution.states = parser.states
    for state in execution.states:
        state.status = _status(state, has_ended=execution.ended_ms is not None)
    return execution


class HistoryParser:
    """Assign events to states. Branches run concurrently; each event names the one before it in its branch."""

    def __init__(self, started_ms: int) -> None:
        self.states: list[StateExecution] = []
        self._started_ms = started_ms
        self._state_at: dict[int, StateExecution | None] = {}
        self._iteration_at: dict[int, MapIteration | None] = {}

    def add(self, event: HistoryEvent) -> None:
        """Add one event. Events are added in the order of their ids."""
        state = self._state_at.get(event.previous_id)
        iteration = self._iteration_at.get(event.previous_id)
        if event.type.endswith("StateEntered"):
            state = self._enter(event, state, iteration)
        elif event.type == "MapIterationStarted":
            iteration = MapIteration(map=event.detail("name"), index=int(event.details.get("index", 0)))
        elif event.type.endswith("StateExited"):
            state = self._open_state(event.detail("name"), state)
            if state is not None:
                _exit(state, event)
                iteration = state.iteration
        elif state is not None:
            _add_to_state(state, event)
        self._state_at[event.id] = state
        self._iteration_at[event.id] = iteration

    def _enter(
        self, event: HistoryEvent, previous: StateExecution | None, iteration: MapIteration | None
    ) -> StateExecution:
        state = StateExecution(
            index=len(self.states),
            name=event.detail("name"),
            type=event.type.removesuffix("StateEntered"),
            entered_ms=event.at_ms,
            entered_at=timestamp(event.at_ms),
            offset_ms=float(event.at_ms - self._started_ms),
            input=decoded(event.details.get("input")),
            iteration=iteration,
        )
        if previous is not None and previous.iteration == iteration:
            previous.next = state.name
        self.states.append(state)
        return state

    def _open_state(self, name: str, likely: StateExecution | None) -> StateExecution | None:
        if likely is not None and likely.name == name and likely.exited_ms is None:
            return likely
        still_open = (state for state in reversed(self.states) if state.name == name and state.exited_ms is None)
        return next(still_open, None)


def _exit(state: StateExecution, event: HistoryEvent) -> None:
    state.exited_ms = event.at_ms
    state.exited_at = timestamp(event.at_ms)
    state.duration_ms = float(event.at_ms - state.entered_ms)
    state.output = decoded(event.details.get("output"))
    variables = event.details.get("assignedVariables") or {}
    state.assigned = {name: decoded(value) for name, value in variables.items()}


def _add_to_state(state: StateExecution, event: HistoryEvent) -> None:
    """Add what a task did: its call, its result, its failure."""
    if event.type == "TaskScheduled":
        state.task = Task(
            resource=f"{event.details.get('resourceType')}:{event.details.get('resource')}",
            parameters=decoded(event.details.get("parameters")),
            attempts=state.task.attempts + 1 if state.task else 1,
        )
    elif event.type == "TaskSucceeded" and state.task:
        state.task = state.task.model_copy(update={"result": decoded(event.details.get("output"))})
    elif event.type in FAILURES:
        state.error = Failure(error=event.detail("error") or event.type, cause=event.detail("cause"))


def _status(state: StateExecution, *, has_ended: bool) -> Any:
    if state.exited_ms is None:
        return "failed" if has_ended else "running"
    has_result = state.task is not None and state.task.result is not None
    return "caught" if state.error and not has_result and state.type in ("Task", "Map") else "succeeded"
