"""A message's time, split by hop: from the route's function taking it to the last post answered.

The hops are what lies between moments that follow each other, so they add up to the total whatever these are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.contract.model import timestamp
from ops.follow.traces import Segment, Trace
from ops.runs.history import POSTING_STATES, Execution

LABELS = {
    "route": "send_message: validate, admit",
    "bus": "EventBridge: PutEvents to the run's start",
    "persist": "workflow: find the original, take a seq, store once",
    "recipients": "workflow: find recipients",
    "invoke": "workflow: start post_to_connections",
    "post": "post_to_connections: frames to every connection",
}


@dataclass(frozen=True)
class Moment:
    """Where one hop ends and the next begins. `clock` says who told: the trace, to the microsecond, or a log."""

    hop: str
    at_ms: float
    clock: str


@dataclass(frozen=True)
class Hop:
    """One part of the way."""

    name: str
    start_ms: float
    end_ms: float
    clock: str

    def as_json(self, total_start_ms: float) -> dict[str, Any]:
        """The form of `--json` and of the inspector."""
        return {
            "name": self.name,
            "label": LABELS[self.name],
            "startedAt": timestamp(int(self.start_ms)),
            "offsetMs": round(self.start_ms - total_start_ms, 3),
            "durationMs": round(self.end_ms - self.start_ms, 3),
            "clock": self.clock,
        }


def split(moments: Sequence[Moment], end_ms: float) -> list[Hop]:
    """The hops between moments. One that would begin before its predecessor (clocks differ) begins with it."""
    found: list[Hop] = []
    bounds: list[float] = []
    latest = float("-inf")
    for moment in moments:
        latest = max(latest, moment.at_ms)
        bounds.append(latest)
    last = max(end_ms, latest)
    for index, moment in enumerate(moments):
        end = bounds[index + 1] if index + 1 < len(bounds) else last
        found.append(Hop(moment.hop, bounds[index], end, moment.clock))
    return found


def of_run(run: Execution, traces: Sequence[Trace]) -> list[Hop]:
    """The hops of a run's message. Empty for a run that never got anywhere."""
    segments = [segment for trace in traces for segment in trace.walk()]
    route = _route(run, traces)
    posts = _steps(segments, "post frames", run)
    function = _function_start(segments, run)
    moments: list[Moment] = []
    if route is not None:
        moments.append(Moment("route", route.start * 1000, "trace"))
        publish = next((each for each in route.walk() if each.name == "publish"), None)
        if publish is not None:
            moments.append(Moment("bus", publish.start * 1000, "trace"))
    elif run.event.occurred_ms:
        moments.append(Moment("bus", float(run.event.occurred_ms), "log"))
    workflow = _workflow(segments, run)
    if workflow is not None:
        moments.append(Moment("persist", workflow.start * 1000, "trace"))
    else:
        moments.append(Moment("persist", float(run.started_ms), "log"))
    entered = {state.name: state.entered_ms for state in reversed(run.states)}
    if "FindRecipients" in entered:
        moments.append(Moment("recipients", float(entered["FindRecipients"]), "log"))
    posting = [state for state in run.states if state.name in POSTING_STATES]
    if posting:
        moments.append(Moment("invoke", float(min(state.entered_ms for state in posting)), "log"))
    if function is not None:
        moments.append(Moment("post", function * 1000, "trace"))
    if posts:
        end = max(segment.end or segment.start for segment in posts) * 1000
    else:
        end = float(max((state.exited_ms or state.entered_ms for state in run.states), default=run.started_ms))
    return split(moments, end)


def _route(run: Execution, traces: Sequence[Trace]) -> Segment | None:
    """The function that published the event: the root of the event's own trace."""
    for trace in traces:
        if trace.trace_id == run.event.trace_id:
            return next((root for root in trace.roots if root.origin == "AWS::Lambda::Function"), None)
    return None


def _workflow(segments: Sequence[Segment], run: Execution) -> Segment | None:
    """The run's segment: the one of a state machine that lasted around it."""
    machines = [segment for segment in segments if segment.origin == "AWS::StepFunctions::StateMachine"]
    near = [segment for segment in machines if abs(segment.start * 1000 - run.started_ms) < 5]
    return min(near, key=lambda segment: abs(segment.start * 1000 - run.started_ms), default=None)


def _within(segment: Segment, run: Execution) -> bool:
    end = run.ended_ms if run.ended_ms is not None else float("inf")
    return run.started_ms - 5 <= segment.start * 1000 <= end + 5


def _steps(segments: Sequence[Segment], name: str, run: Execution) -> list[Segment]:
    return [segment for segment in segments if segment.name == name and _within(segment, run)]


def _function_start(segments: Sequence[Segment], run: Execution) -> float | None:
    """When the first posting function began: the segment that holds the step of posting."""
    starts = [
        segment.start
        for segment in segments
        if segment.origin == "AWS::Lambda::Function"
        and _within(segment, run)
        and any(each.name == "post frames" for each in segment.walk())
        and not any(each.name == "publish" and each.start < run.started_ms / 1000 for each in segment.walk())
    ]
    return min(starts, default=None)
