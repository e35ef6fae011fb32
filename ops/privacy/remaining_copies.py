"""What remains of an erased user, where, and until when. docs/security.md explains each copy."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.contract.model import milliseconds
from ops import times
from ops.models import RemainingCopy
from ops.stage.stage import Stage
from ops.stage.tables import Row
from ops.wording import counted

DAY_MS = 86_400_000
KEY_CACHE_MS = 60_000
"""How long functions keep a key in memory (functions/aws/text_keys.py)."""
DEAD_LETTER_DAYS = 14
DEFAULT_RECOVERY_DAYS = 35


@dataclass(frozen=True, kw_only=True)
class Retention:
    """For how many days a stage keeps copies. 0: it keeps none. `archive` and `log` are None for: always."""

    archive: int | None
    log: int | None
    tables: int
    keys: int


def retention(stage: Stage) -> Retention:
    """The retention of a stage, as it is deployed."""
    archive = stage.client("events").describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    return Retention(
        archive=int(archive.get("RetentionDays") or 0) or None,
        log=_log_days(stage),
        tables=_recovery_days(stage, "Messages"),
        keys=_recovery_days(stage, "TextKeys"),
    )


def copies(
    kept: Retention, *, erased_at: str, sealed_since: str | None, messages: Iterable[Row]
) -> list[RemainingCopy]:
    """What remains of a user who was erased at a time, and whose texts are sealed since a time (None: never)."""
    erased_ms = milliseconds(erased_at)
    found = [
        _copy("the memory of the functions", "the text key", erased_ms + KEY_CACHE_MS),
        _copy(
            "the archive of the bus", "the ids and display names in the events", _after(erased_ms, kept.archive)
        ),
        _copy(
            "dead letters", "the ids and display names in events that failed", _after(erased_ms, DEAD_LETTER_DAYS)
        ),
        _copy("browsers of other members", "messages that are on their screen without a connection", None),
    ]
    if kept.log != 0:
        found.append(
            _copy("the workflow's log", "the ids and display names in the events", _after(erased_ms, kept.log))
        )
    if kept.tables:
        found.append(
            _copy("point-in-time recovery of the tables", "the rows as they were", _after(erased_ms, kept.tables))
        )
    if kept.keys:
        found.append(_copy("point-in-time recovery of the keys", "the text key", _after(erased_ms, kept.keys)))
    unsealed = [row for row in messages if sealed_since is None or str(row["sentAt"]) < sealed_since]
    if unsealed:
        last_ms = max(milliseconds(str(row["sentAt"])) for row in unsealed)
        place = "the archive of the bus, the workflow's log"
        until = None if kept.archive is None or kept.log is None else max(kept.archive, kept.log)
        what = f"the texts of {counted(len(unsealed), 'message')} from before texts were sealed"
        found.append(_copy(place, what, _after(last_ms, until)))
    now = times.iso(times.now())
    return [copy for copy in found if copy.until is None or copy.until > now]


def _copy(where: str, what: str, until_ms: int | None) -> RemainingCopy:
    return RemainingCopy(where=where, what=what, until=None if until_ms is None else times.iso(until_ms))


def _after(time_ms: int, days: int | None) -> int | None:
    return None if days is None else time_ms + days * DAY_MS


def _recovery_days(stage: Stage, name: str) -> int:
    """The days for which a table can be restored; 0 if it cannot."""
    answer = stage.client("dynamodb").describe_continuous_backups(
        TableName=stage.output("Data", f"{name}TableName")
    )
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return 0
    return int(recovery.get("RecoveryPeriodInDays") or DEFAULT_RECOVERY_DAYS)


def _log_days(stage: Stage) -> int | None:
    """The days for which the workflow's log has the data of events: 0 if it has none, None if for ever."""
    machine = stage.client("stepfunctions").describe_state_machine(
        stateMachineArn=stage.output("Delivery", "DeliverStateMachineArn")
    )
    if not machine.get("loggingConfiguration", {}).get("includeExecutionData"):
        return 0
    name = stage.output("Delivery", "DeliverLogGroupName")
    groups = stage.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group.get("retentionInDays") for group in groups if group["logGroupName"] == name), 0)
