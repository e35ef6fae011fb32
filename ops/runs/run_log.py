"""The runs of the workflow `deliver`, read from its log group.

Reading goes backwards in growing steps: the newest runs of a busy stage are found without reading all lines.
"""

import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops import times
from ops.runs import history
from ops.runs.execution import POSTING_STATE, Execution
from ops.runs.history import END_STATUSES, HistoryEvent
from ops.stage import logs
from ops.stage.stage import Stage

MAX_RUN_MS = 5 * 60_000
MAX_IDS_PER_PATTERN = 20
"""A filter pattern has at most 1,024 characters, and the id of a run 36:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
FIRST_STEP_MS = 30_000
# The clocks of the log and of the history may differ, and lines may be late.
MARGIN_MS = 2_000
# The lines with a run's start, its end, and the states that post.
HEADS = (
    "{ "
    + " || ".join(
        [f'($.type = "{kind}")' for kind in ("ExecutionStarted", *END_STATUSES)]
        + [f'($.details.name = "{POSTING_STATE}")']
    )
    + " }"
)


@dataclass(frozen=True)
class RunLog:
    """The log of one stage's workflow."""

    stage: Stage

    @property
    def level(self) -> str:
        """The log level of the workflow. All levels but ALL log failures only, without their events."""
        machine = self.stage.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.stage.output("Delivery", "DeliverStateMachineArn")
        )
        configuration = machine.get("loggingConfiguration") or {}
        return str(configuration.get("level") or "OFF")

    @property
    def omission(self) -> str | None:
        """What this stage's log leaves out, as a sentence; None for the level ALL."""
        level = self.level
        if level == "ALL":
            return None
        if level == "OFF":
            return "This stage's workflow logs nothing: no run is in its log (workflowLogLevel in cdk.json)."
        return (
            f"This stage's workflow logs {level} only: successful runs, and the events of all runs, are not in "
            "its log (workflowLogLevel in cdk.json)."
        )

    def newest(
        self, *, since_ms: int, until_ms: int, limit: int, matches: Callable[[Execution], bool] = lambda _: True
    ) -> list[Execution]:
        """The newest matching runs that started in a time range, newest first."""
        found: list[Execution] = []
        step, end = FIRST_STEP_MS, until_ms
        while end > since_ms and len(found) < limit:
            start = max(since_ms, end - step)
            runs = [run for run in self._started_between(start, end) if matches(run)]
            found += reversed(runs)
            end, step = start, step * 2
        return found[:limit]

    def _started_between(self, start: int, end: int) -> list[Execution]:
        lines = list(self._lines(start - MARGIN_MS, end + MARGIN_MS))
        runs = [run for run in history.read(lines) if start <= run.started_ms < end]
        open_ended = [run for run in runs if run.ended_ms is None]
        if open_ended:
            later = self._lines(end + MARGIN_MS + 1, end + MAX_RUN_MS)
            arns = {run.execution_arn for run in open_ended}
            whole = history.read([*lines, *(line for line in later if line.execution_arn in arns)])
            runs = [run for run in whole if start <= run.started_ms < end]
        return runs

    def troubled(
        self, *, since_ms: int, until_ms: int, limit: int, matches: Callable[[Execution], bool] = lambda _: True
    ) -> list[Execution]:
        """The newest matching troubled runs, newest first."""
        arns: dict[str, int] = {}
        for term in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted", "KeepUndelivered"):
            for line in self._lines(since_ms, until_ms + MAX_RUN_MS, term):
                arns[line.execution_arn] = line.at_ms
        found = (
            run
            for run in self._runs_at(arns)
            if run.troubled and since_ms <= run.started_ms < until_ms and matches(run)
        )
        return list(itertools.islice(found, limit))

    def _runs_at(self, times_ms: Mapping[str, int]) -> Iterator[Execution]:
        """The runs with these ARNs, each with a time during it; the newest first, read several at once."""
        newest = sorted(times_ms, key=lambda arn: times_ms[arn], reverse=True)
        while newest:
            latest = times_ms[newest[0]]
            group = [arn for arn in newest[:MAX_IDS_PER_PATTERN] if latest - times_ms[arn] <= MAX_RUN_MS]
            newest = newest[len(group) :]
            ids = [arn.rpartition(":")[2] for arn in group]
            lines = self._lines(times_ms[group[-1]] - MAX_RUN_MS, latest + MAX_RUN_MS, ids)
            found = {run.execution_arn: run for run in history.read(lines, partial=True)}
            yield from (found[arn] for arn in group if arn in found)

    def about(self, term: str, *, since_ms: int, until_ms: int) -> list[Execution]:
        """The runs whose history contains a term (an id), oldest first."""
        arns: dict[str, int] = {}
        for line in self._lines(since_ms, until_ms, term):
            arns.setdefault(line.execution_arn, line.at_ms)
        return sorted(self._runs_at(arns), key=lambda run: (run.started_ms, run.execution_arn))

    def run(self, arn_or_id: str, *, near_ms: int | None = None, since_ms: int | None = None) -> Execution | None:
        """One run, by its ARN or id; `near_ms` is a time during it. None if the log does not hold it."""
        run_id = arn_or_id.rpartition(":")[2]
        start = near_ms - MAX_RUN_MS if near_ms is not None else since_ms or times.parse("1d")
        end = near_ms + MAX_RUN_MS if near_ms is not None else times.now() + MARGIN_MS
        found = history.read(self._lines(start, end, run_id), partial=True)
        return next((run for run in found if run.run_id == run_id), None)

    def ended_since(self, since_ms: int, *, known: Container[str] = ()) -> list[Execution]:
        """Runs that ended since a time, without those whose ARN is known, for live views.

        They have only the states that post: the other states are most of the log, and are read run by run. A run
        with a failed post is read whole, because the try that the failure belongs to is in the lines between.
        """
        lines = list(self._lines(since_ms, times.now() + MARGIN_MS, pattern=HEADS))
        begun = {line.execution_arn for line in lines if line.type == "ExecutionStarted"}
        ends = {line.execution_arn for line in lines if line.type in END_STATUSES}
        ended = {arn for arn in ends if arn not in known}
        if ended - begun:
            # These started earlier: read their first lines from further back, in one request. A post that was
            # repeated may have begun then too.
            firsts = self._lines(since_ms - MAX_RUN_MS, since_ms, pattern=HEADS)
            lines = [*(line for line in firsts if line.execution_arn in ended - begun), *lines]
        found = [run for run in history.read(lines) if run.ended_ms and run.execution_arn not in known]
        return [
            (self.run(run.execution_arn, near_ms=run.ended_ms) or run) if _had_failed_post(run) else run
            for run in found
        ]

    def _lines(
        self, since_ms: int, until_ms: int, containing: str | Sequence[str] = (), *, pattern: str | None = None
    ) -> Iterator[HistoryEvent]:
        group = self.stage.output("Delivery", "DeliverLogGroupName")
        found = logs.lines(
            self.stage.client("logs"),
            group,
            since_ms=since_ms,
            until_ms=until_ms,
            containing=containing,
            pattern=pattern,
        )
        for text in found:
            if event := HistoryEvent.parse(text):
                yield event


def _had_failed_post(run: Execution) -> bool:
    """Whether a try of a batch failed, by the output of its state."""
    return any(isinstance(state.output, dict) and "failure" in state.output for state in run.states)
