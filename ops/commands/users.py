"""`users`: manage who may sign in, and end sessions and connections.

Whatever takes a user's access away ends it now: tokens are revoked, calls and tickets refused, sockets closed.
"""

from typing import Annotated

import typer

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.recording import recorded
from ops.errors import NotFoundError
from ops.models import ConnectionSummary, SessionsEnded, UserAdded, UserEnabled
from ops.stage import lookup, user_sessions
from ops.stage.stage import Stage
from ops.stage.users import Rejection, answered_at, creation_failed, password_failed
from ops.wording import counted

users = typer.Typer(
    help="Manage who may sign in, and end sessions and connections. USER is a username or id.",
    no_args_is_help=True,
)
app.add_typer(users, name="users", rich_help_panel=OPERATE)

User = Annotated[str, typer.Argument(metavar="USER", help="The username or id.")]
Password = Annotated[str, typer.Option(envvar="PARLEY_PASSWORD", show_default=False)]


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
    password: Password = "",
    as_json: AsJson = False,
) -> None:
    """Add a user who may sign in at once. The password is asked for, or taken from PARLEY_PASSWORD."""
    stage = stage_of(context)
    password = password or output.new_password()
    try:
        with recorded(stage, "users add", user=username):
            stage.user_pool.add(username, display_name=name or username, password=password)
    except Rejection as refusal:
        raise creation_failed(refusal) from None
    if as_json:
        output.as_json(UserAdded(username=username))
    else:
        output.console().print(f"{username} may sign in.")


@users.command()
def disable(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Disable a user's sign-in, and end all of their sessions and connections now."""
    stage = stage_of(context)
    known = _in_pool(stage, user)
    with recorded(stage, "users disable", user=known.username):
        _report_end(stage, known.user_id, stage.user_pool.disable(known.username or ""), as_json)
    if not as_json:
        output.console().print(f"{known.username} may no longer sign in.")


@users.command()
def enable(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Enable a user's sign-in again. Sessions that ended stay ended."""
    stage = stage_of(context)
    known = _in_pool(stage, user)
    with recorded(stage, "users enable", user=known.username):
        stage.user_pool.enable(known.username or "")
    if as_json:
        output.as_json(UserEnabled(username=known.username or "", enabled=True))
    else:
        output.console().print(f"{known.username} may sign in again.")


@users.command()
def password(context: typer.Context, user: User, password: Password = "", as_json: AsJson = False) -> None:
    """Set a user's password, and end all of their sessions. It is asked for, or taken from PARLEY_PASSWORD."""
    stage = stage_of(context)
    known = _in_pool(stage, user)
    password = password or output.new_password()
    with recorded(stage, "users password", user=known.username):
        try:
            stage.user_pool.set_password(known.username or "", password)
        except Rejection as refusal:
            raise password_failed(refusal) from None
        _report_end(stage, known.user_id, stage.user_pool.revoke(known.username or ""), as_json)


@users.command(name="sign-out")
def sign_out(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """End all sessions and connections of a user, who may sign in again. Also for a user deleted elsewhere."""
    stage = stage_of(context)
    known = lookup.user(stage, user)
    with recorded(stage, "users sign-out", user=known.username or known.user_id):
        _report_end(stage, known.user_id, _revoke(stage, known), as_json)


@users.command()
def delete(
    context: typer.Context,
    user: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a user from the user pool, and end all of their sessions now. Their messages stay."""
    stage = stage_of(context)
    known = _in_pool(stage, user)
    if not yes:
        output.confirm(f"Delete {known.username}? They cannot be restored")
    with recorded(stage, "users delete", user=known.username):
        until = stage.user_pool.disable(known.username or "")
        stage.user_pool.delete(known.username or "")
        _report_end(stage, known.user_id, until, as_json)


@users.command()
def connections(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """List the open connections of a user."""
    stage = stage_of(context)
    found = user_sessions.connections(stage, lookup.user(stage, user).user_id)
    if as_json:
        output.as_json([ConnectionSummary.model_validate(connection) for connection in found])
        return
    if not found:
        output.console().print(f"{user} has no open connection.")
        return
    table = output.table("connection", "opened", "ends at the latest", "session", whole=("connection", "session"))
    for connection in found:
        table.add_row(connection.connection_id, connection.opened_at, connection.ends_at, connection.session_id)
    output.console().print(table)


@users.command()
def kick(
    context: typer.Context,
    user: User,
    connection: Annotated[
        list[str] | None, typer.Option(help="Only this connection; may be repeated. All without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Close the connections of a user. The client connects again and fetches what it missed."""
    stage = stage_of(context)
    found = user_sessions.connections(stage, lookup.user(stage, user).user_id)
    unknown = set(connection or ()) - {one.connection_id for one in found}
    if unknown:
        raise NotFoundError(f"{user} has no open connection '{sorted(unknown)[0]}'.")
    chosen = [one for one in found if not connection or one.connection_id in connection]
    with recorded(stage, "users kick", user=user):
        user_sessions.close(stage, chosen)
    if as_json:
        output.as_json([ConnectionSummary.model_validate(one) for one in chosen])
    else:
        output.console().print(f"{_count(len(chosen))} closed.")


def _in_pool(stage: Stage, text: str) -> lookup.KnownUser:
    """A user of the user pool. Raises NotFoundError."""
    known = lookup.user(stage, text)
    if known.username is None:
        raise NotFoundError(
            f"The user '{text}' was deleted from the user pool. "
            f"To end their sessions: {stage.command('users', 'sign-out', text)}"
        )
    return known


def _revoke(stage: Stage, known: lookup.KnownUser) -> int:
    """Revoke the tokens of a user, whose account may be deleted already. Returns Cognito's time."""
    pool = stage.user_pool
    try:
        return pool.revoke(known.username or known.user_id)
    except pool.client.exceptions.UserNotFoundException as missing:
        return answered_at(missing.response["ResponseMetadata"])


def _report_end(stage: Stage, user_id: str, until: int, as_json: bool) -> None:
    closed = user_sessions.end_all(stage, user_id, until=until)
    if as_json:
        output.as_json(SessionsEnded(user_id=user_id, closed=[one.connection_id for one in closed]))
    else:
        output.console().print(f"All sessions have ended; {_count(len(closed))} closed.")


def _count(number: int) -> str:
    return counted(number, "connection")
