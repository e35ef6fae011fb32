"""`users`: manage who may sign in."""

from typing import Annotated

import typer
from botocore.exceptions import ClientError

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.models import UserAdded, UserEnabled
from ops.stage.users import creation_failed

users = typer.Typer(help="Add, list, disable and enable the stage's users.", no_args_is_help=True)
app.add_typer(users, name="users", rich_help_panel=OPERATE)


@users.command(name="list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """List all users of the user pool."""
    found = stage_of(context).user_pool.list_users()
    if as_json:
        output.as_json(found)
        return
    table = output.table("username", "name", "e-mail", "status", "enabled", "id")
    for user in found:
        table.add_row(
            user.username,
            user.display_name or "",
            user.email or "",
            user.status,
            "yes" if user.enabled else "no",
            user.user_id,
        )
    output.console().print(table)


@users.command()
def add(
    context: typer.Context,
    username: str,
    name: Annotated[str | None, typer.Option(help="The display name; the username without it.")] = None,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="PARLEY_PASSWORD")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Add a user who may sign in at once. The password is asked for, or taken from PARLEY_PASSWORD."""
    pool = stage_of(context).user_pool
    try:
        pool.add(username, display_name=name or username, password=password)
    except ClientError as refusal:
        raise creation_failed(refusal) from None
    if as_json:
        output.as_json(UserAdded(username=username))
    else:
        output.console().print(f"{username} may sign in.")


@users.command()
def disable(context: typer.Context, username: str, as_json: AsJson = False) -> None:
    """Disable a user's sign-in. Open connections end with their session, within one hour."""
    _set_enabled(context, username, False, as_json)


@users.command()
def enable(context: typer.Context, username: str, as_json: AsJson = False) -> None:
    """Enable a user's sign-in again."""
    _set_enabled(context, username, True, as_json)


def _set_enabled(context: typer.Context, username: str, enabled: bool, as_json: bool) -> None:
    stage_of(context).user_pool.set_enabled(username, enabled=enabled)
    if as_json:
        output.as_json(UserEnabled(username=username, enabled=enabled))
    else:
        output.console().print(f"{username} may {'sign in again' if enabled else 'no longer sign in'}.")
