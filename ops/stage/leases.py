"""Leases: one command at a time does something on a stage, for as long as it renews its lease.

A lease is a row of the table `tickets`, written under conditions. Nothing compares the clocks of two machines: a
lease has ended when its row has not changed for LEASE_SECONDS by the clock of the command that waits for it, as in
AWS's lock client for DynamoDB (https://aws.amazon.com/blogs/database/building-distributed-locks-with-the-dynamodb-lock-client/).
"""

import getpass
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from ops import times
from ops.errors import OpsError
from ops.stage.conditional_writes import write_if
from ops.stage.stage import Stage

KEY_PREFIX = "lease#"
LEASE_SECONDS = 30
RENEW_SECONDS = 10.0
"""A third of the lease, so that a call may fail."""
KEPT_SECONDS = 86_400
"""After this time DynamoDB deletes the row of a command that was killed."""
POLL_SECONDS = 1.0
LOCAL_POLL_SECONDS = 0.05


class LeaseError(OpsError):
    """The lease is held by another command, or was lost."""


@dataclass
class Lease:
    """A lease that this command holds."""

    stage: Stage
    key: str
    previous: str | None
    """The command that held it before and was killed; None if there was none."""
    _version: str = ""
    _is_lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    def require(self) -> None:
        """Raise LeaseError if another command has taken the lease."""
        if self._is_lost:
            raise LeaseError(
                f"This command did not answer for {LEASE_SECONDS} s, and another has taken over: run it again."
            )

    def renew(self) -> None:
        """Renew the lease until it ends."""
        while not self._ended.wait(RENEW_SECONDS):
            with suppress(BotoCoreError, ClientError):
                self._is_lost = not self._write()
                if self._is_lost:
                    return

    def stop(self) -> None:
        """Renew the lease no longer."""
        self._ended.set()

    def release(self) -> None:
        """Delete the row, unless another command has taken the lease. After `renew` has returned."""
        # A row that stays ends like that of a killed command.
        with suppress(BotoCoreError, ClientError):
            self.stage.table("Tickets").delete_item(
                Key={"ticketHash": self.key},
                ConditionExpression="version = :mine",
                ExpressionAttributeValues={":mine": self._version},
            )

    def _write(self) -> bool:
        """Renew the row. Returns whether it is still that of this command."""
        version = uuid4().hex
        is_written = _put(self.stage, self.key, version, "version IN (:known, :mine)", {":known": self._version})
        if is_written:
            self._version = version
        return is_written


@contextmanager
def hold(stage: Stage, name: str, *, max_wait_seconds: float, on_wait: Callable[[str], None]) -> Iterator[Lease]:
    """Hold a lease while the block runs; wait for it if another command holds it.

    `on_wait` gets a sentence that says who holds it, once for each holder. Raises LeaseError after
    `max_wait_seconds`.
    """
    lease = _acquire(stage, KEY_PREFIX + name, max_wait_seconds, on_wait)
    renewing = threading.Thread(target=lease.renew, daemon=True, name=f"renew-{name}")
    renewing.start()
    try:
        yield lease
    finally:
        lease.stop()
        renewing.join()
        lease.release()


def _acquire(stage: Stage, key: str, max_wait_seconds: float, on_wait: Callable[[str], None]) -> Lease:
    started = changed = time.monotonic()
    seen: dict[str, Any] = {}
    version = uuid4().hex
    while True:
        row = stage.table("Tickets").get_item(Key={"ticketHash": key}, ConsistentRead=True).get("Item")
        now = time.monotonic()
        if row is None:
            if _put(stage, key, version, "attribute_not_exists(ticketHash) OR version = :mine", {}):
                return Lease(stage, key, None, version)
        elif row["version"] != seen.get("version"):
            changed = now
            if row["holder"] != seen.get("holder"):
                end = times.iso(times.now() + LEASE_SECONDS * 1000 + 59_999)[11:16]
                on_wait(f"{row['holder']} is at work. Waiting until it ends, or until {end} UTC if it was killed.")
            seen = row
        elif now - changed >= LEASE_SECONDS:
            known = {":known": row["version"]}
            if _put(stage, key, version, "version IN (:known, :mine)", known):
                return Lease(stage, key, str(row["holder"]), version)
        if now - started > max_wait_seconds:
            raise LeaseError(f"{seen.get('holder', 'Another command')} is still at work: run this again later.")
        time.sleep(LOCAL_POLL_SECONDS if stage.is_local else POLL_SECONDS)


def _put(stage: Stage, key: str, version: str, condition: str, known: dict[str, str]) -> bool:
    """Write the row of this command. Returns False if the condition does not hold.

    In it, `:mine` is the new version: a call that is repeated because its answer was lost finds its own row.
    """
    row = {
        "ticketHash": key,
        "version": version,
        "holder": _holder(),
        "expiresAt": times.now() // 1000 + KEPT_SECONDS,
    }
    values = {":mine": version, **known}
    return write_if(
        stage.table("Tickets").put_item,
        Item=row,
        ConditionExpression=condition,
        ExpressionAttributeValues=values,
    )


def _holder() -> str:
    """This process, for other operators."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a process without a user name, as in a container
        user = str(os.getuid())
    return f"Process {os.getpid()} of {user} on {platform.node()}"
