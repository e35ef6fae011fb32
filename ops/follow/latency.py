"""The time of a message by hop: from the start of the route's function to the response to the last post.

Each hop ends where the next one starts, so the hops add up to the total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from functions.contract.model import timestamp
from ops.follow.traces import walk
from ops.models import Hop, Segment, Trace
from ops.runs.execution import POSTING_STATE, Execution

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
    """The start of a hop. `clock` is its source: the trace (microseconds) or a log (milliseconds)."""

    hop: str
    at_ms: float
    clock: Literal["trace", "log"]


def split(moments: Sequence[Moment], end_ms: float) -> list[Hop]:
    """The hops between moments. A moment before its predecessor (clocks differ) is moved to its predecessor."""
    starts: list[float] = []
    for moment in moments:
        starts.append(max(moment.at_ms, starts[-1]) if starts else moment.at_ms)
    ends = [*starts[1:], max(end_ms, starts[-1])] if starts else []
    return [
        Hop(
            name=moment.hop,
            label=LABELS[moment.hop],
            start_ms=start,
            end_ms=end,
            started_at=timestamp(int(start)),
            offset_ms=round(start - starts[0], 3),
            duration_ms=round(end - start, 3),
            clock=moment.clock,
        )
        for moment, start, end in zip(moments, starts, ends, strict=True)
    ]


def of_run(run: Execution, traces: Sequence[Trace]) -> list[Hop]:
    """The hops of the message of a run."""
    segments = [segment for trace in traces for segment in walk(trace.segments)]
    route = _route(run, traces)
    posts = _steps(segments, "post frames", run)
    function = _function_start(segments, run)
    moments: list[Moment] = []
    if route is not None:
        moments.append(Moment("route", route.start * 1000, "trace"))
        publish = next((segment for segment in walk([route]) if segment.name == "publish"), None)
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
    posting = [state for state in run.states if state.name == POSTING_STATE]
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
            return next((root for root in trace.segments if root.origin == "AWS::Lambda::Function"), None)
    return None


def _workflow(segments: Sequence[Segment], run: Execution) -> Segment | None:
    """The state machine's segment of the run: the one that started when the run did."""
    machines = [segment for segment in segments if segment.origin == "AWS::StepFunctions::StateMachine"]
    near = [segment for segment in machines if abs(segment.start * 1000 - run.started_ms) < 5]
    return min(near, key=lambda segment: abs(segment.start * 1000 - run.started_ms), default=None)


def _within(segment: Segment, run: Execution) -> bool:
    end = run.ended_ms if run.ended_ms is not None else float("inf")
    return run.started_ms - 5 <= segment.start * 1000 <= end + 5


def _steps(segments: Sequence[Segment], name: str, run: Execution) -> list[Segment]:
    return [segment for segment in segments if segment.name == name and _within(segment, run)]


def _function_start(segments: Sequence[Segment], run: Execution) -> float | None:
    """When the first posting function started (seconds): the segment with the step "post frames"."""
    starts = [
        segment.start
        for segment in segments
        if segment.origin == "AWS::Lambda::Function"
        and _within(segment, run)
        and any(child.name == "post frames" for child in walk([segment]))
        and not any(child.name == "publish" and child.start < run.started_ms / 1000 for child in walk([segment]))
    ]
    return min(starts, default=None)
