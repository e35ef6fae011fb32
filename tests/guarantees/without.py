"""Can these tests fail? `python -m tests.guarantees.without`, or `make mechanisms`.

In a copy of the project one mechanism after another is taken away, and the test that guards its promise is run on
a local stage made from that copy. Every test has to fail; a stage that does not even start is no proof.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import typer
from rich.console import Console

from ops import output
from tests.guarantees.mechanisms import MECHANISMS, Mechanism
from tests.local_stage import ROOT

# Made from the same files, too large to copy, and changed by nothing here.
SHARED = (".venv", "node_modules", "ui/node_modules", "ui/dist")
TEST_SECONDS = 300


@dataclass(frozen=True)
class Verdict:
    """What a test said without its mechanism."""

    noticed: bool
    reason: str
    seconds: float


def main(
    only: Annotated[str, typer.Option(help="Mechanisms whose promise, file or test contains this.")] = "",
) -> None:
    """Take each mechanism away, and see its test fail. Exit code 1 if one is not missed."""
    chosen = [each for each in MECHANISMS if only in f"{each.promise} {each.what} {each.file} {each.test}"]
    if not chosen:
        typer.echo(f"No mechanism contains '{only}'; tests/guarantees/mechanisms.py lists them.", err=True)
        raise typer.Exit(2)
    console = output.console()
    missed_by_nobody = 0
    with copy_of_the_project() as copy:
        for number, mechanism in enumerate(chosen, 1):
            with console.status(f"{number} of {len(chosen)}: without '{mechanism.what}'"):
                verdict = without(copy, mechanism)
            missed_by_nobody += not verdict.noticed
            tell(console, mechanism, verdict)
    console.print(f"{len(chosen) - missed_by_nobody} of {len(chosen)} mechanisms are missed when they are gone.")
    raise typer.Exit(1 if missed_by_nobody else 0)


def tell(console: Console, mechanism: Mechanism, verdict: Verdict) -> None:
    """One line for the mechanism, one for what its test said."""
    mark = "[green]missed[/]    " if verdict.noticed else "[bold red]NOT MISSED[/]"
    console.print(f"{mark} {mechanism.promise:>2}. {mechanism.what}  [dim]{verdict.seconds:.0f} s[/]")
    console.print(f"               {mechanism.file} → {mechanism.test}", style="dim", markup=False)
    console.print(f"               {verdict.reason}", style="dim", markup=False)


@contextmanager
def copy_of_the_project() -> Iterator[Path]:
    """What is under version control, as it stands in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="parley-without-") as folder:
        copy = Path(folder)
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for name in SHARED:
            (copy / name).symlink_to(ROOT / name)
        yield copy


def without(copy: Path, mechanism: Mechanism) -> Verdict:
    """What the mechanism's test says while the mechanism is gone."""
    file = copy / mechanism.file
    whole = file.read_text()
    file.write_text(whole.replace(mechanism.line, mechanism.instead))
    began = time.monotonic()
    try:
        noticed, reason = run_test(copy, mechanism.test)
    finally:
        file.write_text(whole)
    return Verdict(noticed, reason, time.monotonic() - began)


def run_test(copy: Path, test: str) -> tuple[bool, str]:
    """Whether the test failed, and how. One that could not even start has not."""
    report = copy / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"tests/guarantees/{test}", "--thorough"]
    try:
        ran = subprocess.run(
            [*command, f"--junitxml={report}"], cwd=copy, timeout=TEST_SECONDS, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        return False, f"the test had not ended after {TEST_SECONDS} s"
    if not report.exists():
        return (
            False,
            f"pytest broke off with {ran.returncode}: {' '.join((ran.stdout + ran.stderr).split())[-160:]}",
        )
    for case in ElementTree.parse(report).iter("testcase"):
        for outcome, failed in (("failure", True), ("error", False)):
            if (found := case.find(outcome)) is not None:
                return failed, " ".join(found.get("message", "").split())[:160]
    return False, "the test passed"


if __name__ == "__main__":
    typer.run(main)
