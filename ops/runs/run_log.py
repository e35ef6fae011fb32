"""The runs of the workflow `deliver`, from its log group: locally and on AWS, by one reader.

Reading goes backwards in growing steps, so that the newest runs of a busy stage are found without reading it all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ops import times
from ops.runs import history
from ops.runs.execution import POSTING_STATES, Execution
from ops.runs.history import END_STATUSES, HistoryEvent
from ops.stage import logs
from ops.stage.stage import Stage

LONGEST_RUN_MS = 5 * 60_000
FIRST_STEP_MS = 30_000
# The log's own clock and the history's may differ a little, and lines come late.
MARGIN_MS = 2_000
LOOK_BACK_MS = 30_000
# The lines that tell a run's beginning, its end, and whom it reached.
HEADS = (
    "{ "
    + " || ".join(
        [f'($.type = "{kind}")' for kind in ("ExecutionStarted", *END_STATUSES)]
        + [f'($.details.name = "{state}")' for state in POSTING_STATES]
    )
    + " }"
)


@dataclass(frozen=True)
class RunLog:
    """The log of one stage's workflow."""

    stage: Stage

    @property
    def level(self) -> str:
        """How much the workflow logs. Anything but ALL tells of failures only, and without the events."""
        machine = self.stage.client("stepfunctions").describe_state_machine(
            stateMachineArn=self.stage.output("Delivery", "DeliverStateMachineArn")
        )
        configuration = machine.get("loggingConfiguration") or {}
        return str(configuration.get("level") or "OFF")

    @property
    def omission(self) -> str | None:
        """What the workflow's log leaves out on this stage, in a sentence; None where it has everything."""
        level = self.level
        if level == "ALL":
            return None
        return (
            f"This stage's workflow logs {level} only: runs that went well, and the events of all, are not in "
            "its log (workflowLogLevel in cdk.json)."
        )

    def newest(
        self, *, since_ms: int, until_ms: int, limit: int, wanted: Callable[[Execution], bool] = lambda _: True
    ) -> list[Execution]:
        """The newest runs that are wanted and started in a time, newest first."""
        found: list[Execution] = []
        step, end = FIRST_STEP_MS, until_ms
        while end > since_ms and len(found) < limit:
            start = max(since_ms, end - step)
            runs = [run for run in self._started_between(start, end) if wanted(run)]
            found += reversed(runs)
            end, step = start, step * 2
        return found[:limit]

    def _started_between(self, start: int, end: int) -> list[Execution]:
        lines = list(self._lines(start - MARGIN_MS, end + MARGIN_MS))
        runs = [run for run in history.read(lines) if start <= run.started_ms < end]
        open_ended = [run for run in runs if run.ended_ms is None]
        if open_ended:
            later = self._lines(end + MARGIN_MS + 1, end + LONGEST_RUN_MS)
            arns = {run.execution_arn for run in open_ended}
            whole = history.read([*lines, *(line for line in later if line.execution_arn in arns)])
            runs = [run for run in whole if start <= run.started_ms < end]
        return runs

    def troubled(self, *, since_ms: int, until_ms: int, limit: int) -> list[Execution]:
        """The newest runs that somebody should look at, newest first."""
        arns: dict[str, int] = {}
        for term in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted", "KeepUndelivered"):
            for line in self._lines(since_ms, until_ms + LONGEST_RUN_MS, term):
                arns[line.execution_arn] = line.at_ms
        newest = sorted(arns, key=lambda arn: arns[arn], reverse=True)
        runs = [run for arn in newest[: limit * 2] if (run := self.run(arn, near_ms=arns[arn]))]
        return [run for run in runs if run.troubled and since_ms <= run.started_ms < until_ms][:limit]

    def about(self, term: str, *, since_ms: int, until_ms: int) -> list[Execution]:
        """The runs in whose history a term (an id) occurs, oldest first."""
        arns: dict[str, int] = {}
        for line in self._lines(since_ms, until_ms, term):
            arns.setdefault(line.execution_arn, line.at_ms)
        runs = [run for arn, at_ms in arns.items() if (run := self.run(arn, near_ms=at_ms))]
        return sorted(runs, key=lambda run: (run.started_ms, run.execution_arn))

    def run(self, arn_or_id: str, *, near_ms: int | None = None, since_ms: int | None = None) -> Execution | None:
        """One run, by its ARN or its id. `near_ms` is a moment within it."""
        run_id = arn_or_id.rpartition(":")[2]
        start = near_ms - LONGEST_RUN_MS if near_ms is not None else since_ms or times.parse("1d")
        end = near_ms + LONGEST_RUN_MS if near_ms is not None else times.now() + MARGIN_MS
        found = history.read(self._lines(start, end, run_id), partial=True)
        return next((run for run in found if run.run_id == run_id), None)

    def ended_since(self, since_ms: int) -> list[Execution]:
        """Runs whose history came in since a moment, for whoever watches.

        Of their states only those that post are there: the rest is most of the log, and asked for run by run.
        """
        lines = list(self._lines(since_ms, times.now() + MARGIN_MS, pattern=HEADS))
        begun = {line.execution_arn for line in lines if line.type == "ExecutionStarted"}
        ended = {line.execution_arn for line in lines if line.type in END_STATUSES}
        if ended - begun:
            # They began before: one look further back for all of them, at their first lines alone.
            firsts = self._lines(since_ms - LOOK_BACK_MS, since_ms, pattern='{ $.type = "ExecutionStarted" }')
            lines += [line for line in firsts if line.execution_arn in ended - begun]
        found = history.read(lines)
        return [run for run in found if run.ended_ms]

    def _lines(
        self, since_ms: int, until_ms: int, containing: str | None = None, *, pattern: str | None = None
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
