"""Runs mutants concurrently, and returns which of them the tests killed.

A test kills a mutant if it passes without the mutant, on the same stage and with the same deadline, and fails with
it. So each mutant has a control run directly before it, which would also reveal what an earlier mutant left
behind.
"""

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

from tests.mutants.catalogue import Mutant
from tests.mutants.deployed import MutableStage, mutable_stage
from tests.mutants.errors import MutationError
from tests.mutants.outcomes import Ending, Outcome, run_pytest, run_vitest
from tests.mutants.project_copy import project_copy, with_change
from tests.mutants.python import PythonChange
from tests.mutants.typescript import TypeScriptChange
from tests.mutants.workflow import WorkflowChange


class Verdict(StrEnum):
    """The result of running a mutant's tests."""

    KILLED = "killed"
    """Each of its tests passes without it and fails with it."""
    SURVIVED = "survived"
    """One of its tests passes with it."""
    NO_PROOF = "no proof"
    """One of its tests fails without it, or could not run."""


@dataclass(frozen=True)
class Result:
    """The verdict on a mutant, the reason, and the duration of its tests."""

    mutant: Mutant
    verdict: Verdict
    reason: str
    seconds: float


def judge(control: Sequence[Outcome], outcomes: Sequence[Outcome]) -> tuple[Verdict, str]:
    """The verdict on a mutant and its reason, from the outcomes of its tests without it and with it."""
    for outcome in control:
        if outcome.ending is not Ending.PASSED:
            return Verdict.NO_PROOF, f"{outcome.ending} without the mutant: {outcome.reason}"
    for outcome in outcomes:
        if outcome.ending is Ending.PASSED:
            return Verdict.SURVIVED, "the test passed"
    for outcome in outcomes:
        if outcome.ending is Ending.NOT_RUN:
            return Verdict.NO_PROOF, f"not run with the mutant: {outcome.reason}"
    if not outcomes or len(outcomes) < len(control):
        return Verdict.NO_PROOF, "not run with the mutant"
    return Verdict.KILLED, outcomes[0].reason


Report = Callable[[Result], None]


@dataclass(frozen=True)
class Runner:
    """Runs up to `jobs` mutants concurrently. `deadline` is that of all test runs, in seconds."""

    jobs: int
    deadline: float
    on_result: Report
    """Called from several threads, one at a time."""
    _stopping: threading.Event = field(default_factory=threading.Event, repr=False)

    def run(self, mutants: Sequence[Mutant]) -> list[Result]:
        """Run mutants, and return the results in the same order. Raises RuntimeError if a stage does not start."""
        results: list[Result] = []
        lock = threading.Lock()

        def report(result: Result) -> None:
            with lock:
                results.append(result)
                self.on_result(result)

        browser = [mutant for mutant in mutants if isinstance(mutant.change, TypeScriptChange)]
        copied = [mutant for mutant in mutants if _needs_copy(mutant)]
        running: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in mutants:
            if mutant not in browser and mutant not in copied:
                running.put(mutant)
        # Mutants that are deployed take longest, so they start first.
        work: list[Callable[[], None]] = [
            *([lambda: self._run_copied(copied, report)] if copied else []),
            *([lambda: self._run_browser(browser, report)] if browser else []),
            *[lambda: self._run_deployed(running, report)] * min(self.jobs, running.qsize()),
        ]
        with ThreadPoolExecutor(max_workers=self.jobs) as threads:
            futures = [threads.submit(task) for task in work]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                # Ctrl-C has ended the running tests too; no further ones are started.
                self._stopping.set()
                for future in futures:
                    future.cancel()
                raise
        order = {mutant.description: place for place, mutant in enumerate(mutants)}
        return sorted(results, key=lambda result: order[result.mutant.description])

    def _run_browser(self, mutants: Sequence[Mutant], report: Report) -> None:
        """Run mutants of the browser client, which need Vitest and no stage."""
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        control = run_vitest(tests, {})
        for mutant in self._until_stopped(mutants):
            assert isinstance(mutant.change, TypeScriptChange)
            began = time.monotonic()
            outcomes = run_vitest(mutant.tests, mutant.change.environment)
            report(_result(mutant, control, outcomes, began))

    def _run_copied(self, mutants: Sequence[Mutant], report: Report) -> None:
        """Run mutants in a copy of the project, from which the tests of a stack deploy; one run is the control."""
        with project_copy() as copy:
            tests = sorted({test for mutant in mutants for test in mutant.tests})
            control = run_pytest(tests, root=copy, deadline=self.deadline)
            for mutant in self._until_stopped(mutants):
                assert isinstance(mutant.change, PythonChange | WorkflowChange)
                began = time.monotonic()
                with _reported(mutant, report, began), with_change(copy, mutant.change):
                    outcomes = run_pytest(mutant.tests, root=copy, deadline=self.deadline)
                    report(_result(mutant, control, outcomes, began))

    def _run_deployed(self, mutants: "queue.SimpleQueue[Mutant]", report: Report) -> None:
        """Run mutants of functions and workflow one after the other on one stage, until the queue is empty."""
        if mutants.empty():
            return
        with mutable_stage() as stage, contextlib.suppress(queue.Empty):
            while not self._stopping.is_set():
                self._run_on(stage, mutants.get_nowait(), report)

    def _run_on(self, stage: MutableStage, mutant: Mutant, report: Report) -> None:
        assert isinstance(mutant.change, PythonChange | WorkflowChange)
        began = time.monotonic()
        options = ["--state-dir", str(stage.state_dir)]
        with _reported(mutant, report, began):
            control = run_pytest(mutant.tests, options=options, deadline=self.deadline)
            outcomes: dict[str, Outcome] = {}
            if all(outcome.ending is Ending.PASSED for outcome in control.values()):
                with stage.with_change(mutant.change):
                    outcomes = run_pytest(mutant.tests, options=options, deadline=self.deadline)
            report(_result(mutant, control, outcomes, began))

    def _until_stopped(self, mutants: Sequence[Mutant]) -> Iterator[Mutant]:
        return itertools.takewhile(lambda _: not self._stopping.is_set(), mutants)


def _needs_copy(mutant: Mutant) -> bool:
    """Whether a mutant's tests deploy or import the changed project, instead of using a stage that runs."""
    if isinstance(mutant.change, TypeScriptChange):
        return False
    if mutant.tests[0].startswith("tests/unit/"):
        return True
    return isinstance(mutant.change, PythonChange) and not mutant.change.file.startswith("functions/")


def _result(mutant: Mutant, control: dict[str, Outcome], outcomes: dict[str, Outcome], began: float) -> Result:
    verdict, reason = judge(
        [control[test] for test in mutant.tests], [outcomes[test] for test in mutant.tests if test in outcomes]
    )
    return Result(mutant, verdict, reason, time.monotonic() - began)


@contextlib.contextmanager
def _reported(mutant: Mutant, report: Report, began: float) -> Iterator[None]:
    """Report a mutant that cannot be applied as NO_PROOF, so that the others still run."""
    try:
        yield
    except MutationError as error:
        report(Result(mutant, Verdict.NO_PROOF, str(error), time.monotonic() - began))
