"""An Express execution, read from the lines of its history in the workflow's log group.

Express keeps no history that an API would tell; Step Functions writes it to the log group, one event a line. This
module only understands such lines; where they come from, `run_log` says.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.contract.model import timestamp
from ops.events.bus_event import BusEvent

ENDINGS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
POSTING_STATES = ("PostBatch", "PostToLeaver")
LONGEST_CAUSE = 200


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
        """The event in a line; None for a line that is none."""
        try:
            found = json.loads(line)
            return cls(
                execution_arn=str(found["execution_arn"]),
                id=int(found["id"]),
                previous_id=int(found["previous_event_id"]),
                type=str(found["type"]),
                at_ms=int(found["event_timestamp"]),
                details=found.get("details") or {},
            )
        except (ValueError, KeyError, TypeError):
            return None


@dataclass
class StateExecution:
    """One state, once: from its entering to its leaving."""

    name: str
    type: str
    entered_ms: int
    input: Any = None
    iteration: tuple[str, int] | None = None
    exited_ms: int | None = None
    output: Any = None
    assigned: dict[str, Any] = field(default_factory=dict)
    resource: str | None = None
    parameters: Any = None
    result: Any = None
    attempts: int = 0
    error: tuple[str, str] | None = None
    following: str | None = None

    def status(self, *, has_ended: bool) -> str:
        """What became of it."""
        if self.exited_ms is None:
            return "failed" if has_ended else "running"
        return "caught" if self.error and self.result is None and self.type in ("Task", "Map") else "succeeded"

    def as_json(self, index: int, started_ms: int, *, has_ended: bool) -> dict[str, Any]:
        """The form of `--json` and of the inspector."""
        return {
            "index": index,
            "name": self.name,
            "type": self.type,
            "status": self.status(has_ended=has_ended),
            "enteredAt": timestamp(self.entered_ms),
            "exitedAt": None if self.exited_ms is None else timestamp(self.exited_ms),
            "offsetMs": float(self.entered_ms - started_ms),
            "durationMs": None if self.exited_ms is None else float(self.exited_ms - self.entered_ms),
            "input": self.input,
            "output": self.output,
            "assigned": self.assigned,
            "task": None
            if self.resource is None
            else {
                "resource": self.resource,
                "parameters": self.parameters,
                "result": self.result,
                "attempts": self.attempts,
            },
            "error": None if self.error is None else {"error": self.error[0], "cause": self.error[1]},
            "iteration": None
            if self.iteration is None
            else {"map": self.iteration[0], "index": self.iteration[1]},
            "next": self.following,
        }


@dataclass(frozen=True)
class Batch:
    """One call of the posting function: whom it was to reach, and what it said."""

    number: int
    connection_ids: tuple[str, ...]
    entered_ms: int
    exited_ms: int | None
    undelivered: tuple[str, ...]
    delivered: int
    gone: int
    failure: str | None


@dataclass
class Execution:
    """One run of the workflow `deliver`."""

    arn: str
    started_ms: int
    input: dict[str, Any] | None = None
    ended_ms: int | None = None
    status: str = "RUNNING"
    output: Any = None
    error: tuple[str, str] | None = None
    states: list[StateExecution] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """What tells it from all others: the last part of its ARN."""
        return self.arn.rpartition(":")[2]

    @property
    def event(self) -> BusEvent:
        """The event that it ran."""
        return BusEvent(self.input or {})

    @property
    def mode(self) -> str:
        """Whether it wrote and posted."""
        return "dry-run" if (self.input or {}).get("mode") == "dry-run" else "live"

    @property
    def is_replay(self) -> bool:
        """Whether an operator had it run again."""
        given = self.input or {}
        return bool(given.get("replay-name") or given.get("mode") or given.get("onlyTo"))

    @property
    def outcome(self) -> str | None:
        """How a successful run ended."""
        return self.output.get("outcome") if isinstance(self.output, dict) else None

    @property
    def seq(self) -> int | None:
        """The place of its message."""
        candidates = [self.output.get("seq") if isinstance(self.output, dict) else None]
        candidates += [state.assigned.get("seq") for state in reversed(self.states)]
        candidates += [self.event.data.get("seq")]
        return next((seq for seq in candidates if isinstance(seq, int)), None)

    @property
    def batches(self) -> list[Batch]:
        """Its calls of the posting function, in the order of their starting."""
        found = [state for state in self.states if state.name in POSTING_STATES]
        return [_batch(number, state) for number, state in enumerate(found)]

    @property
    def undelivered(self) -> int:
        """How many connections were given up."""
        return sum(len(batch.undelivered) for batch in self.batches)

    @property
    def is_troubled(self) -> bool:
        """Whether somebody should look at it."""
        return self.status in ("FAILED", "TIMED_OUT", "ABORTED") or self.undelivered > 0

    @property
    def trouble(self) -> str | None:
        """What is wrong, in a sentence."""
        if self.status in ("FAILED", "TIMED_OUT", "ABORTED"):
            return failure_message(*(self.error or (self.status, "")))
        if self.undelivered:
            failure = next(
                (batch.failure for batch in self.batches if batch.failure), "posts failed after every retry"
            )
            people = "1 connection was" if self.undelivered == 1 else f"{self.undelivered} connections were"
            return f"{people} not reached: {failure}"
        return None

    def summary(self) -> dict[str, Any]:
        """The form of a list of runs."""
        event, batches = self.event, self.batches
        return {
            "runId": self.run_id,
            "executionArn": self.arn,
            "name": self.arn.split(":")[-2],
            "status": self.status,
            "outcome": self.outcome,
            "mode": self.mode,
            "replayed": self.is_replay,
            "troubled": self.is_troubled,
            "trouble": self.trouble,
            "startedAt": timestamp(self.started_ms),
            "endedAt": None if self.ended_ms is None else timestamp(self.ended_ms),
            "durationMs": None if self.ended_ms is None else float(self.ended_ms - self.started_ms),
            "detailType": event.detail_type or None,
            "eventId": event.event_id or None,
            "channelId": event.channel_id,
            "messageId": event.message_id,
            "userId": event.actor,
            "seq": self.seq,
            "recipients": sum(len(batch.connection_ids) for batch in batches),
            "delivered": sum(batch.delivered for batch in batches),
            "gone": sum(batch.gone for batch in batches),
            "undelivered": self.undelivered,
            "path": [state.name for state in self.states],
        }

    def detail(self) -> dict[str, Any]:
        """The form of one run, without its posts, which the functions' log tells."""
        has_ended = self.ended_ms is not None
        return {
            **self.summary(),
            "input": self.input,
            "output": self.output,
            "error": None if self.error is None else {"error": self.error[0], "cause": self.error[1]},
            "states": [
                state.as_json(index, self.started_ms, has_ended=has_ended)
                for index, state in enumerate(self.states)
            ],
            "traceId": self.event.trace_id,
        }


def read(lines: Iterable[HistoryEvent], *, partial: bool = False) -> list[Execution]:
    """The executions that lines are of, oldest first.

    One whose beginning is not among the lines is left out, unless `partial`: where only errors are logged, an
    execution is known by its failure alone.
    """
    by_arn: dict[str, list[HistoryEvent]] = {}
    for line in lines:
        by_arn.setdefault(line.execution_arn, []).append(line)
    found = [_execution(sorted(history, key=lambda event: event.id), partial) for history in by_arn.values()]
    return sorted((each for each in found if each), key=lambda execution: (execution.started_ms, execution.arn))


def _execution(history: Sequence[HistoryEvent], partial: bool) -> Execution | None:
    first = history[0]
    if first.type != "ExecutionStarted" and not partial:
        return None
    execution = Execution(first.execution_arn, first.at_ms, _decoded(first.details.get("input")))
    walk = HistoryParser()
    for event in history:
        if event.type in ENDINGS:
            execution.status = ENDINGS[event.type]
            execution.ended_ms = event.at_ms
            execution.output = _decoded(event.details.get("output"))
            if execution.status != "SUCCEEDED":
                execution.error = (
                    str(event.details.get("error") or execution.status),
                    str(event.details.get("cause") or ""),
                )
        else:
            walk.take(event)
    execution.states = walk.states
    return execution


class HistoryParser:
    """Put events of branches that ran side by side with their states: each names the event before it."""

    def __init__(self) -> None:
        self.states: list[StateExecution] = []
        self._state_at: dict[int, StateExecution | None] = {}
        self._iteration_at: dict[int, tuple[str, int] | None] = {}

    def take(self, event: HistoryEvent) -> None:
        """One event, later than all before."""
        state = self._state_at.get(event.previous_id)
        iteration = self._iteration_at.get(event.previous_id)
        if event.type.endswith("StateEntered"):
            entered = StateExecution(
                name=str(event.details.get("name")),
                type=event.type.removesuffix("StateEntered"),
                entered_ms=event.at_ms,
                input=_decoded(event.details.get("input")),
                iteration=iteration,
            )
            if state is not None and state.iteration == iteration:
                state.following = entered.name
            self.states.append(entered)
            state = entered
        elif event.type == "MapIterationStarted":
            iteration = (str(event.details.get("name")), int(event.details.get("index", 0)))
        elif event.type.endswith("StateExited"):
            state = self._open(str(event.details.get("name")), state)
            if state is not None:
                state.exited_ms = event.at_ms
                state.output = _decoded(event.details.get("output"))
                state.assigned = {
                    name: _decoded(value) for name, value in (event.details.get("assignedVariables") or {}).items()
                }
                iteration = state.iteration
        elif state is not None:
            _note(state, event)
        self._state_at[event.id] = state
        self._iteration_at[event.id] = iteration

    def _open(self, name: str, likely: StateExecution | None) -> StateExecution | None:
        if likely is not None and likely.name == name and likely.exited_ms is None:
            return likely
        return next((each for each in reversed(self.states) if each.name == name and each.exited_ms is None), None)


def _note(state: StateExecution, event: HistoryEvent) -> None:
    """What a task did in its state."""
    if event.type == "TaskScheduled":
        state.attempts += 1
        state.resource = f"{event.details.get('resourceType')}:{event.details.get('resource')}"
        state.parameters = _decoded(event.details.get("parameters"))
    elif event.type == "TaskSucceeded":
        state.result = _decoded(event.details.get("output"))
    elif event.type in ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "MapStateFailed"):
        state.error = (str(event.details.get("error") or event.type), str(event.details.get("cause") or ""))


def _batch(number: int, state: StateExecution) -> Batch:
    wanted = _ids(state.input, "connectionIds")
    said = state.output if isinstance(state.output, dict) and "delivered" in state.output else None
    if said is None and isinstance(state.result, dict):
        said = state.result.get("Payload")
    said = said if isinstance(said, dict) else {}
    failure = said.get("failure")
    failure = failure_message(failure.get("Error"), failure.get("Cause")) if isinstance(failure, dict) else None
    if failure is None and state.error and state.status(has_ended=True) != "succeeded":
        failure = failure_message(*state.error)
    missed = _ids(said, "undelivered")
    if not said and failure:
        missed = wanted
    return Batch(
        number=number,
        connection_ids=wanted,
        entered_ms=state.entered_ms,
        exited_ms=state.exited_ms,
        undelivered=missed,
        delivered=_count(said.get("delivered")),
        gone=_count(said.get("gone")),
        failure=failure,
    )


def failure_message(error: Any, cause: Any) -> str:
    """An error and its cause for people. Lambda's cause is JSON, whose message is what one wants to read."""
    text = str(cause or "")
    decoded = _decoded(text)
    if isinstance(decoded, dict):
        text = str(decoded.get("errorMessage") or decoded.get("message") or decoded.get("Message") or text)
    if len(text) > LONGEST_CAUSE:
        text = f"{text[:LONGEST_CAUSE]}…"
    return f"{error}: {text}" if text else str(error)


def _ids(value: Any, name: str) -> tuple[str, ...]:
    found = value.get(name) if isinstance(value, dict) else None
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _decoded(text: Any) -> Any:
    """JSON in a string; None for what was left out or cut off."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
