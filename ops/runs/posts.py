"""The posts of a run, with outcome and retries, from the log of the posting function."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from ops.models import Post, RunDetail
from ops.runs.execution import Batch, Execution
from ops.stage import logs, tables
from ops.stage.stage import Stage

# The clocks of the function and of the workflow's log differ by less; the function logs its line at its end.
MARGIN_MS = 1_000
Outcome = Literal["delivered", "gone", "slow", "undelivered", "unknown"]
OUTCOMES: tuple[Outcome, ...] = ("delivered", "gone", "slow", "undelivered")


def run_detail(stage: Stage, run: Execution) -> RunDetail:
    """A run with its posts; a dry run has none."""
    run.posts = of_run(stage, run) if run.mode == "live" else []
    return RunDetail.model_validate(run)


def of_run(stage: Stage, run: Execution) -> list[Post]:
    """The posts of a run, in the order of its batches."""
    batches = run.batches
    if not batches:
        return []
    reports = _reports(stage, run, batches)
    user_ids = _user_ids(stage, run)
    names = _names(stage, {user_id for user_id in user_ids.values() if user_id})
    return [
        post.model_copy(
            update={
                "user_id": user_ids.get(post.connection_id),
                "display_name": names.get(user_ids.get(post.connection_id, "")),
            }
        )
        for batch in batches
        for post in posts_of_batch(batch, reports)
    ]


def posts_of_batch(batch: Batch, reports: Iterable[dict[str, Any]]) -> list[Post]:
    """The posts of a batch, from the log lines of the function's calls (newest last).

    The line about a repeated batch leaves out the connections that are not subscribed any more. Their outcome is
    unknown, unless a line names all connections of the batch.
    """
    connection_ids = set(batch.connection_ids)
    outcomes: dict[str, Outcome] = {}
    retries: dict[str, int] = {}
    for report in reports:
        named: dict[str, Outcome] = {
            connection_id: outcome for outcome in OUTCOMES for connection_id in report.get(outcome) or ()
        }
        if named and connection_ids.issuperset(named) and len(named) >= len(outcomes):
            outcomes = named
            retries = {name: int(count) for name, count in (report.get("retries") or {}).items()}
    for connection_id in batch.undelivered:
        outcomes.setdefault(connection_id, "undelivered")
    if not outcomes and not batch.undelivered and batch.exited_ms is not None:
        # Without a log line, the counts are enough if all posts had the same outcome.
        if batch.delivered == len(connection_ids):
            outcomes = dict.fromkeys(connection_ids, "delivered")
        elif batch.gone == len(connection_ids):
            outcomes = dict.fromkeys(connection_ids, "gone")
    return [
        Post(
            connection_id=connection_id,
            outcome=outcomes.get(connection_id, "unknown"),
            retries=retries.get(connection_id, 0),
            batch=batch.number,
            reason=batch.failure if outcomes.get(connection_id) == "undelivered" else None,
        )
        for connection_id in batch.connection_ids
    ]


def _reports(stage: Stage, run: Execution, batches: Sequence[Batch]) -> list[dict[str, Any]]:
    start = min(batch.entered_ms for batch in batches) - MARGIN_MS
    end = max(batch.exited_ms or run.ended_ms or batch.entered_ms for batch in batches) + MARGIN_MS
    group = stage.output("Delivery", "PostToConnectionsLogGroupName")
    term = run.event.message_id or run.event.channel_id
    found = []
    for line in logs.lines(stage.client("logs"), group, since_ms=start, until_ms=end, containing=term or ()):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("message") == "posted":
            found.append(record)
    return found


def _user_ids(stage: Stage, run: Execution) -> dict[str, str]:
    """User ids by connection id, for the connections that are still subscribed to the channel.

    Rows that cannot be read are left out, here and of the names: `check` reports them.
    """
    channel_id = run.event.channel_id
    if channel_id is None:
        return {}
    rows = tables.readable("subscriptions", tables.subscriptions(stage, channel_id), lambda _: None)
    return {str(row["connectionId"]): str(row["userId"]) for row in rows}


def _names(stage: Stage, user_ids: set[str]) -> dict[str, str]:
    found = tables.batch_get(stage, "Users", [{"userId": user_id} for user_id in user_ids])
    rows = tables.readable("users", found, lambda _: None)
    return {str(row["userId"]): str(row["displayName"]) for row in rows}
