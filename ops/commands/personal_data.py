"""`users export` and `users erase`: export or delete everything that a person wrote."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.commands import output
from ops.commands.cli import AsJson, stage_of
from ops.commands.recording import recorded
from ops.commands.users import users
from ops.errors import ExitCode
from ops.models import RemainingCopy, UserErased, UserExported
from ops.privacy import access, erasure, export, remaining_copies, written
from ops.privacy.erasure import Erasure
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage
from ops.stage.tables import Unreadable
from ops.wording import counted, counted_are

User = Annotated[str, typer.Argument(metavar="USER", help="The username or the id.")]


@users.command(name="export")
def export_user(
    context: typer.Context,
    name: User,
    file: Annotated[
        Path | None, typer.Option("--output", help="The new file; parley-USER_ID.json without it.")
    ] = None,
    with_archive: Annotated[
        bool,
        typer.Option(
            "--archive", help="Also every archived event of the user: earlier texts of messages are there."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write what the stage has about a user, and everything that they wrote, to a JSON file."""
    stage = stage_of(context)
    user = access.find(stage, name)
    damaged: list[Unreadable] = []
    data = export.collect(stage, user, damaged.append)
    if with_archive:
        with output.progress() as bar:
            task = bar.add_task("reading the archive", total=None)
            data["archive"] = export.archived(stage, user, lambda count: bar.update(task, completed=count))
    path = file or Path(f"parley-{user.user_id}.json")
    export.write(path, data)
    if damaged:
        output.warn(
            f"{counted_are(len(damaged), 'damaged row')} left out. Repair what is damaged, then run this again: "
            + _repairs(stage, damaged)
        )
    result = UserExported(
        user_id=user.user_id,
        file=str(path),
        messages=len(data["messages"]),
        reactions=len(data["reactions"]),
        archived=len(data["archive"]) if with_archive else None,
    )
    if as_json:
        output.as_json(result)
        return
    found = f"{counted(result.messages, 'message')} and {counted(result.reactions, 'reaction')}"
    events = "" if result.archived is None else f", and {counted(result.archived, 'archived event')},"
    output.console().print(f"{found}{events} are in {path}, with the account, the profile and the channels.")


@users.command()
def erase(
    context: typer.Context,
    name: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a user: account, names, and everything that they wrote, also in the archive and in backups.

    It cannot be undone. If it is interrupted, run it again.
    """
    stage = stage_of(context)
    user = access.find(stage, name)
    if not yes:
        _ask(stage, user)
    # By the id: the record stays in the archive, and the username must not.
    with recorded(stage, "users erase", user=user.user_id) as operation, output.progress() as bar:
        tasks = {step: bar.add_task(step, total=None) for step in ("messages", "deletions", "names", "reactions")}
        done = erasure.erase(
            stage, user, lambda step, count, total: bar.update(tasks[step], completed=count, total=total)
        )
        operation.exit_code = ExitCode.DONE if done.is_complete else ExitCode.UNREPAIRED
    remains = remaining_copies.copies(
        remaining_copies.retention(stage),
        erased_at=done.erased_at,
        sealed_since=done.sealed_since,
        messages=done.messages,
    )
    if as_json:
        output.as_json(_result(done, remains))
    else:
        _show(stage, done, remains, output.console())
    raise typer.Exit(operation.exit_code)


def _repairs(stage: Stage, damaged: list[Unreadable]) -> str:
    """The commands that repair damaged rows."""
    return "; ".join(stage.command(*row.repair) for row in damaged)


def _ask(stage: Stage, user: KnownUser) -> None:
    messages = written.messages(stage, user.user_id)
    channels = len({row["channelId"] for row in messages})
    output.confirm(
        f"Erase {user.username or user.user_id} of the stage '{stage.name}': their account, their names and the "
        f"texts of {counted(len(messages), 'message')} in {counted(channels, 'channel')}? It cannot be undone",
    )


def _result(done: Erasure, remains: list[RemainingCopy]) -> UserErased:
    return UserErased(
        user_id=done.user_id,
        erased_at=done.erased_at,
        deleted=done.deleted,
        reactions=done.reactions,
        connections=done.connections,
        pending=done.pending + done.pending_reactions + len(done.damaged),
        account_deleted=done.account_deleted,
        memberships=len(done.channels),
        remains=remains,
    )


def _show(stage: Stage, done: Erasure, remains: list[RemainingCopy], console: Console) -> None:
    console.print(
        f"The user {done.user_id} was erased at {done.erased_at}: no text of theirs can be read any more."
    )
    console.print(
        f"Now: {counted(done.deleted, 'message')} deleted, {counted(done.reactions, 'reaction')} removed, "
        f"{counted(done.connections, 'connection')} closed, names replaced"
        f"{', the account deleted' if done.account_deleted else ''}."
    )
    if done.channels:
        console.print(
            f"They stay a member of {counted(len(done.channels), 'channel')}, by their id only and without a "
            f"name: "
            f"{', '.join(done.channels)}"
        )
    for pending, noun in ((done.pending, "message"), (done.pending_reactions, "reaction")):
        if not pending:
            continue
        output.warn(
            f"{counted_are(pending, noun)} not deleted yet, so the account is only disabled: "
            f"look at {stage.command('runs', '--failed')}, then run this again: "
            f"{stage.command('users', 'erase', done.user_id)}"
        )
    if done.damaged:
        output.warn(
            f"{counted_are(len(done.damaged), 'row')} damaged or missing, so something of the user is left, and "
            f"the account is only disabled. Repair what is damaged, then run this again, "
            f"{stage.command('users', 'erase', done.user_id)}: " + _repairs(stage, done.damaged)
        )
    table = output.table("what remains", "where", "until")
    for copy in remains:
        table.add_row(copy.what, copy.where, copy.until or "no time is known")
    console.print(table)
