"""Record who changes a stage with which command, and warn of another operator who runs the same command.

A command publishes OperationStarted and OperationEnded; the archive keeps both. While it runs, a row of the table
`tickets` says so. The row expires soon after the command ended in any way, and the next operator who starts the
same command is warned, not stopped: every repair can run twice.
"""

import getpass
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from functions.contract.model import timestamp
from functions.contract.operations import OPERATOR, OperationEnded, OperationStarted
from ops import times
from ops.errors import ExitCode, OpsError
from ops.stage import publishing
from ops.stage.stage import Stage

RUNNING_PREFIX = "operation#"
"""The key of the row of a running command; the command's name follows."""
RUNNING_SECONDS = 180
"""The longest time for which others are warned after a command was killed."""
RENEW_SECONDS = 60.0
FAULTS = (OpsError, ClientError, BotoCoreError)


@dataclass
class Operation:
    """A command in progress. `exit_code` is what it will exit with, unless it raises."""

    operation_id: str
    exit_code: int = ExitCode.DONE


def operator(stage: Stage) -> str:
    """Who runs this command: the ARN of their AWS identity, or their name on the machine of a local stage."""
    if stage.is_local:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            # A user id without an entry, as in some containers.
            name = str(os.getuid())
        return f"{name}@{socket.gethostname()}"
    return str(stage.client("sts").get_caller_identity()["Arn"])


@contextmanager
def recorded(
    stage: Stage, command: str, options: Mapping[str, object], *, warn: Callable[[str], None]
) -> Iterator[Operation]:
    """Record the command that runs within the block. `warn` gets a sentence if another operator runs it too.

    What cannot be recorded does not prevent a repair: then `warn` gets a sentence too.
    """
    try:
        who = operator(stage)
    except FAULTS as fault:
        warn(f"Your AWS identity is not known: {fault}")
        who = "unknown"
    operation = Operation(str(uuid4()))
    started = OperationStarted(
        operation_id=operation.operation_id,
        operator=who,
        command=command,
        options={name: str(value) for name, value in options.items() if value not in (None, False, (), "")},
        started_at=timestamp(times.now()),
    )
    running = _Running(stage, command, started)
    if other := running.begin(warn):
        warn(other)
    _publish(stage, started, warn)
    try:
        yield operation
    except BaseException as failure:
        operation.exit_code = _exit_code(failure)
        raise
    finally:
        running.end()
        ended = OperationEnded(
            operation_id=operation.operation_id,
            operator=who,
            command=command,
            outcome="done" if operation.exit_code == ExitCode.DONE else "failed",
            exit_code=operation.exit_code,
            ended_at=timestamp(times.now()),
        )
        _publish(stage, ended, warn)


def _exit_code(failure: BaseException) -> int:
    """The exit code of a command that ends with an exception; typer's Exit and SystemExit have their own."""
    code = failure.code if isinstance(failure, SystemExit) else getattr(failure, "exit_code", None)
    if isinstance(code, int):
        return int(code)
    return 130 if isinstance(failure, KeyboardInterrupt) else int(ExitCode.FAILED)


def _publish(stage: Stage, fact: OperationStarted | OperationEnded, warn: Callable[[str], None]) -> None:
    try:
        publishing.publish(stage, [fact], actor=OPERATOR)
    except FAULTS as fault:
        warn(f"This command is not recorded in the archive: {fault}")


class _Running:
    """The row that says that a command runs, renewed while it does."""

    def __init__(self, stage: Stage, command: str, started: OperationStarted) -> None:
        self._stage = stage
        self._key = {"ticketHash": RUNNING_PREFIX + command}
        self._started = started
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="operation", daemon=True)

    def begin(self, warn: Callable[[str], None]) -> str | None:
        """Write the row. Returns a sentence if another command's row is there."""
        try:
            self._table: Any = self._stage.table("Tickets")
            before = self._table.put_item(Item=self._row(), ReturnValues="ALL_OLD").get("Attributes")
        except FAULTS as fault:
            warn(f"Other operators are not warned of this command: {fault}")
            return None
        self._renewing.start()
        if before is None or int(before["expiresAt"]) * 1000 <= times.now():
            return None
        return (
            f"{before['operator']} has run '{before['command']}' since {before['startedAt']} and may still be at "
            "work. Both can run; agree with them."
        )

    def end(self) -> None:
        """Delete the row, unless another command has replaced it."""
        self._ended.set()
        if not self._renewing.ident:
            return
        with suppress(ClientError, BotoCoreError):
            self._table.delete_item(
                Key=self._key,
                ConditionExpression="operationId = :mine",
                ExpressionAttributeValues={":mine": self._started.operation_id},
            )

    def _row(self) -> dict[str, Any]:
        return {
            **self._key,
            "operationId": self._started.operation_id,
            "operator": self._started.operator,
            "command": " ".join(["parley", self._started.command]),
            "startedAt": self._started.started_at,
            "expiresAt": times.now() // 1000 + RUNNING_SECONDS,
        }

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with suppress(ClientError, BotoCoreError):
                self._table.update_item(
                    Key=self._key,
                    UpdateExpression="SET expiresAt = :later",
                    ConditionExpression="operationId = :mine",
                    ExpressionAttributeValues={
                        ":later": times.now() // 1000 + RUNNING_SECONDS,
                        ":mine": self._started.operation_id,
                    },
                )
