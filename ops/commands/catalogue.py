"""The operators' commands by name: their modules, and the line of each in the list of commands.

The list imports none of the modules, which take most of a second. Only the module of a command that runs, or whose
own help is shown, is imported.
"""

import importlib
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import typer


@dataclass(frozen=True)
class Listed:
    """A command: the modules that add it when they are imported, and the first line of its help."""

    modules: tuple[str, ...]
    help: str


def _listed(*names: str, help: str) -> Listed:  # noqa: A002
    return Listed(tuple(f"ops.commands.{name}" for name in names), help)


COMMANDS: dict[str, Listed] = {
    "check": _listed("check", help="Compare the state that all archived events lead to with the tables."),
    "cost": _listed(
        "cost",
        help="Show what 1,000 messages, an idle connection and the stage at rest cost, and what changes it.",
    ),
    "dashboard": _listed(
        "dashboard", help="Show the dashboard's graphs, with what to do when one looks wrong, and the alarms."
    ),
    "dead-letters": _listed("dead_letters", help="List, show, discard and restore dead letters."),
    "follow": _listed("follow", help="Follow one message: event, runs, posts, traces, and its time by hop."),
    "health": _listed(
        "health", help="Show queues, rates, latency, errors and alarms of the last minutes on one screen."
    ),
    "logs": _listed(
        "logs",
        help="Show the log lines of all functions about one id, or without an id all errors with their ids.",
    ),
    "operations": _listed(
        "operations",
        help="List who changed the stage with which command, newest first. On AWS, about ten minutes late.",
    ),
    "prepare-destroy": _listed(
        "prepare_destroy",
        help="Remove what prevents the deletion of a deployed stage's bus; `make destroy` runs this first.",
    ),
    "redrive": _listed("redrive", help="Show the dead letters with their reasons, and process them again."),
    "repair": _listed(
        "repair",
        help="Derive one row from the archive and the other tables, show it before and after, ask, and write it.",
    ),
    "replay": _listed(
        "replay", help="Run past events through the workflow again. Nothing is posted without --redeliver."
    ),
    "runs": _listed("runs", help="List recent runs of the workflow, troubled ones first."),
    "shard": _listed(
        "shard",
        help="Spread a hot channel's subscriptions over partitions. It cannot be undone; see docs/scale.md.",
    ),
    "tail": _listed("tail", help="Show events, message texts included, as they are published, until Ctrl-C."),
    "users": _listed(
        "users",
        "personal_data",
        help="Manage who may sign in, and end sessions and connections. USER is a username or id.",
    ),
}


def load(app: typer.Typer, names: Collection[str] = COMMANDS) -> None:
    """Import the modules of these commands, which adds them to the command line."""
    # Their lines in a list that was shown before, in the same process.
    app.registered_commands[:] = [
        one for one in app.registered_commands if one.callback is not only_listed or one.name not in names
    ]
    for name in names:
        for module in COMMANDS[name].modules:
            importlib.import_module(module)


def add_for(app: typer.Typer, word: str | None, *, panel: str) -> None:
    """Add the command of this word. If it is none, add a line for each command, for help and for suggestions."""
    if word in COMMANDS:
        load(app, [word])
        return
    for name, listed in COMMANDS.items():
        if not all(module in sys.modules for module in listed.modules):
            app.command(name, help=listed.help, rich_help_panel=panel)(only_listed)


def only_listed() -> None:
    """Stands for a command that is not loaded."""
    raise AssertionError("a command that was only listed was run")


WITH_VALUE = ("--stage", "--state-dir", "--profile", "--region")
"""The options before a command that take a value."""


def command_word(arguments: Sequence[str]) -> str | None:
    """The command in the arguments of `parley`; None if there is none."""
    remaining = iter(arguments)
    for argument in remaining:
        if argument in WITH_VALUE:
            next(remaining, None)
        elif not argument.startswith("-"):
            return argument
    return None
