"""Run the mutants: `python -m tests.mutants`, or `make mutants`.

Each mutant is a small change of the code that breaks a promise, and its tests must fail. The exit code is 1 if a
test passes with its mutant or fails without it, and 2 if no mutant is chosen.
"""

import json
import os
from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.running import Result, Runner, Verdict

DEADLINE_SECONDS = 20.0
"""The tests' deadline: shorter than usual (tests/waiting.py), because most tests of a mutant reach it."""

STYLES = {Verdict.KILLED: "green", Verdict.SURVIVED: "bold red", Verdict.NO_PROOF: "bold yellow"}


def main(
    only: Annotated[
        str, typer.Option(help="Only mutants whose promise ('4 '), description, target or test contains this.")
    ] = "",
    jobs: Annotated[
        int, typer.Option(min=1, help="How many run concurrently, each with a local stage.")
    ] = os.cpu_count() or 1,
    deadline: Annotated[float, typer.Option(min=1, help="How long tests wait, in seconds.")] = DEADLINE_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON document.")] = False,
) -> None:
    """Apply each mutant, and run the tests that must fail."""
    chosen = [mutant for mutant in MUTANTS if only.lower() in _searched(mutant).lower()]
    if not chosen:
        typer.echo(f"No mutant contains '{only}'; tests/mutants/catalogue.py lists them.", err=True)
        raise typer.Exit(2)
    messages = output.console(stderr=True)
    with output.progress() as progress:
        task = progress.add_task("Running mutants", total=len(chosen))

        def on_result(result: Result) -> None:
            progress.advance(task)
            if result.verdict is not Verdict.KILLED or not messages.is_terminal:
                progress.console.print(f"{result.verdict}: {result.mutant.description}", markup=False)

        try:
            results = Runner(min(jobs, len(chosen)), deadline, on_result).run(chosen)
        except RuntimeError as error:
            typer.echo(f"The mutants cannot be run: {error}", err=True)
            raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps([_fields(result) for result in results], indent=2))
    else:
        _print(results)
    raise typer.Exit(0 if all(result.verdict is Verdict.KILLED for result in results) else 1)


def _searched(mutant: Mutant) -> str:
    return f"{mutant.promise} {mutant.description} {mutant.change.name} {' '.join(mutant.tests)}"


def _fields(result: Result) -> dict[str, object]:
    return {
        "promise": result.mutant.promise,
        "description": result.mutant.description,
        "target": result.mutant.change.name,
        "tests": list(result.mutant.tests),
        "verdict": str(result.verdict),
        "reason": result.reason,
        "seconds": round(result.seconds, 1),
    }


def _print(results: list[Result]) -> None:
    console = output.console()
    table = output.table(
        "verdict", "promise", "broken behaviour, its test, and the reason", "s", right=("promise", "s")
    )
    for result in results:
        tests = ", ".join(test.removeprefix("tests/") for test in result.mutant.tests)
        description = Text(result.mutant.description)
        description.append(f"\n  {result.mutant.change.name}\n  {tests}\n  {result.reason}", style="dim")
        verdict = Text(result.verdict, style=STYLES[result.verdict])
        table.add_row(verdict, str(result.mutant.promise), description, f"{result.seconds:.0f}")
    console.print(table)
    killed = sum(result.verdict is Verdict.KILLED for result in results)
    console.print(f"{killed} of {len(results)} mutants were killed.")


if __name__ == "__main__":
    typer.run(main)
