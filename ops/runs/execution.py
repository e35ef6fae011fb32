"""One run of the workflow `deliver`: its states, its posting batches and its outcome."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from functions.contract.model import timestamp
from ops.events.bus_event import BusEvent
from ops.models import Failure, Post, StateExecution
from ops.wording import counted

RunStatus = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING"]
FAILED_STATUSES: tuple[RunStatus, ...] = ("FAILED", "TIMED_OUT", "ABORTED")
POSTING_STATE = "PostBatch"
MAX_CAUSE_LENGTH = 200


@dataclass(frozen=True)
class Batch:
    """One call of the posting function: the connections to reach, and what it returned."""

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
    """One run. `RunSummary` is built from its attributes."""

    execution_arn: str
    started_ms: int
    input: dict[str, Any] | None = None
    ended_ms: int | None = None
    status: RunStatus = "RUNNING"
    output: Any = None
    error: Failure | None = None
    states: list[StateExecution] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    """Read from the posting function's log, by `posts.run_detail`."""

    @property
    def run_id(self) -> str:
        """The last part of its ARN, unique."""
        return self.execution_arn.rpartition(":")[2]

    @property
    def name(self) -> str:
        """The execution's name, which may repeat."""
        return self.execution_arn.split(":")[-2]

    @property
    def event(self) -> BusEvent:
        """The event that it was started with."""
        return BusEvent(self.input or {})

    @property
    def mode(self) -> Literal["live", "dry-run"]:
        """A dry run writes nothing and posts nothing."""
        return "dry-run" if (self.input or {}).get("mode") == "dry-run" else "live"

    @property
    def replayed(self) -> bool:
        """Whether an operator started it."""
        given = self.input or {}
        return bool(given.get("replay-name") or given.get("mode") or given.get("onlyTo"))

    @property
    def outcome(self) -> str | None:
        """The outcome in its output, None unless it succeeded."""
        return self.output.get("outcome") if isinstance(self.output, dict) else None

    @property
    def started_at(self) -> str:
        """When it started."""
        return timestamp(self.started_ms)

    @property
    def ended_at(self) -> str | None:
        """When it ended, None while it runs."""
        return None if self.ended_ms is None else timestamp(self.ended_ms)

    @property
    def duration_ms(self) -> float | None:
        """How long it took, None while it runs."""
        return None if self.ended_ms is None else float(self.ended_ms - self.started_ms)

    @property
    def seq(self) -> int | None:
        """The seq of its message."""
        candidates = [self.output.get("seq") if isinstance(self.output, dict) else None]
        candidates += [state.assigned.get("seq") for state in reversed(self.states)]
        candidates += [self.event.data.get("seq")]
        return next((seq for seq in candidates if isinstance(seq, int)), None)

    @property
    def batches(self) -> list[Batch]:
        """Its batches of connections, in the order of their start; of a repeated one, the last try."""
        posting: dict[Any, StateExecution] = {}
        for number, state in enumerate(state for state in self.states if state.name == POSTING_STATE):
            # In a log without data, every execution counts as a batch, because the connections are unknown.
            posting[_ids(state.input, "connectionIds") or number] = state
        return [_batch(number, state) for number, state in enumerate(posting.values())]

    @property
    def recipients(self) -> int:
        """How many connections it was to reach."""
        return sum(len(batch.connection_ids) for batch in self.batches)

    @property
    def delivered(self) -> int:
        """How many posts were delivered."""
        return sum(batch.delivered for batch in self.batches)

    @property
    def gone(self) -> int:
        """How many connections were gone."""
        return sum(batch.gone for batch in self.batches)

    @property
    def undelivered(self) -> int:
        """How many connections were not reached after all retries."""
        return sum(len(batch.undelivered) for batch in self.batches)

    @property
    def path(self) -> list[str]:
        """The names of its states, in the order of their start."""
        return [state.name for state in self.states]

    @property
    def troubled(self) -> bool:
        """Whether it failed or did not reach every connection."""
        return self.status in FAILED_STATUSES or self.undelivered > 0

    @property
    def trouble(self) -> str | None:
        """What went wrong, in one line."""
        if self.status in FAILED_STATUSES:
            return failure_message(self.error.error, self.error.cause) if self.error else self.status
        if not self.undelivered:
            return None
        reason = next((batch.failure for batch in self.batches if batch.failure), "posts failed after all retries")
        connections = f"{counted(self.undelivered, 'connection')} {'was' if self.undelivered == 1 else 'were'}"
        return f"{connections} not reached: {reason}"


def failure_message(error: Any, cause: Any) -> str:
    """`error: cause` in one line, shortened. Of Lambda's cause, which is JSON, only the message."""
    text = str(cause or "")
    document = decoded(text)
    if isinstance(document, dict):
        text = str(document.get("errorMessage") or document.get("message") or document.get("Message") or text)
    if len(text) > MAX_CAUSE_LENGTH:
        text = f"{text[:MAX_CAUSE_LENGTH]}…"
    return f"{error}: {text}" if text else str(error)


def decoded(text: Any) -> Any:
    """The value of JSON text; None for anything else, such as text that the log cut off."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _batch(number: int, state: StateExecution) -> Batch:
    connection_ids = _ids(state.input, "connectionIds")
    result = state.output if isinstance(state.output, dict) and "delivered" in state.output else None
    if result is None and state.task and isinstance(state.task.result, dict):
        result = state.task.result.get("Payload")
    result = result if isinstance(result, dict) else {}
    failure = result.get("failure")
    message = failure_message(failure.get("Error"), failure.get("Cause")) if isinstance(failure, dict) else None
    if message is None and state.error and state.status != "succeeded":
        message = failure_message(state.error.error, state.error.cause)
    undelivered = _ids(result, "undelivered")
    if not result and message:
        undelivered = connection_ids
    return Batch(
        number=number,
        connection_ids=connection_ids,
        entered_ms=state.entered_ms,
        exited_ms=state.exited_ms,
        undelivered=undelivered,
        delivered=_count(result.get("delivered")),
        gone=_count(result.get("gone")),
        failure=message,
    )


def _ids(value: Any, name: str) -> tuple[str, ...]:
    ids = value.get(name) if isinstance(value, dict) else None
    return tuple(str(connection_id) for connection_id in ids) if isinstance(ids, list) else ()


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
