"""What an operator looks up during a fault: a row by its key, log lines by an id, and who is connected."""

from itertools import islice

from inspector.models import ConnectionPage, LogPage, OpenConnection, StoredRow, TableKey, TableList
from ops import times
from ops.errors import BadRequestError
from ops.models import LogLineSummary
from ops.replay import repair
from ops.runs import function_logs
from ops.runs.run_log import RunLog
from ops.stage import lookup, tables, user_sessions
from ops.stage.stage import Stage

MAX_LINES = 1_000
"""The most log lines that are shown: the latest."""
MAX_CONNECTIONS = 500
"""The most connections that are listed."""
MIN_ID_CHARACTERS = 8


def table_list() -> TableList:
    """The tables, with the attributes of their keys."""
    return TableList(items=[TableKey(table=name, key=list(key)) for name, (_, key) in tables.ROW_TYPES.items()])


def row(stage: Stage, table: str, key_values: tuple[str, ...]) -> StoredRow:
    """One row by its key, with what is wrong with it. Raises BadRequestError and NotFoundError for a bad key."""
    key = repair.named(stage, repair.key_of(table, key_values))
    found = stage.table(tables.output_name(table)).get_item(Key=key, ConsistentRead=True).get("Item")
    fault = None if found is None else tables.fault(table, found)
    words = ("repair", table, *(str(value) for value in key.values()))
    return StoredRow(
        table=table,
        key=tables.plain(key),
        row=None if found is None else tables.plain(found),
        fault=fault,
        repair=stage.command(*words) if found is None or fault else None,
    )


def logs(stage: Stage, identifier: str, *, since_ms: int, until_ms: int) -> LogPage:
    """The lines of all functions and of the workflow about an id, or all errors without one; the oldest first."""
    if identifier and len(identifier) < MIN_ID_CHARACTERS:
        raise BadRequestError(f"'{identifier}' is too short for an id: copy it whole.")
    if identifier:
        found = function_logs.about(stage, identifier, since_ms=since_ms, until_ms=until_ms)
    else:
        found = function_logs.errors(stage, since_ms=since_ms, until_ms=until_ms)
    # Errors are logged at every level.
    omissions = (function_logs.omission(stage) if identifier else None, RunLog(stage).omission)
    return LogPage(
        items=[LogLineSummary.model_validate(line) for line in found[-MAX_LINES:]],
        truncated=len(found) > MAX_LINES,
        omission=" ".join(filter(None, omissions)) or None,
    )


def connections(stage: Stage, user: str | None) -> ConnectionPage:
    """The open connections of all users, or of one; the newest first. Raises NotFoundError for an unknown user."""
    if user:
        rows = user_sessions.rows(stage, lookup.user(stage, user).user_id)
    else:
        rows = list(islice(tables.paginate(stage.table("Connections").scan), MAX_CONNECTIONS + 1))
    now = times.now() // 1000
    listed = rows[:MAX_CONNECTIONS]
    user_ids = dict.fromkeys(str(row["userId"]) for row in listed)
    users = {
        str(row["userId"]): row
        for row in tables.batch_get(stage, "Users", ({"userId": user_id} for user_id in user_ids))
    }
    found = [(user_sessions.stored(row), tables.fault("connections", row)) for row in listed]
    return ConnectionPage(
        items=[
            OpenConnection(
                user_id=connection.user_id,
                name=_text(users.get(connection.user_id, {}).get("displayName")),
                last_seen_at=_text(users.get(connection.user_id, {}).get("lastSeenAt")),
                connection_id=connection.connection_id,
                opened_at=connection.opened_at,
                ends_at=connection.ends_at,
                expired=connection.expires_at <= now,
                fault=fault,
            )
            for connection, fault in sorted(found, key=lambda pair: -pair[0].opened_ms)
        ],
        truncated=len(rows) > MAX_CONNECTIONS,
        read_at=times.iso(times.now()),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
