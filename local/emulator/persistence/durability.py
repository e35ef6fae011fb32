"""Keep acknowledged changes through a kill: items, messages, archived events, users and running workflows.

AWS acknowledges a change when it is stored safely. MiniStack keeps changes in memory until it saves its state
(`state_saving`), so a kill loses changes that clients regard as done. This addition writes each such change to the
journal before the request is answered. When the emulator starts, it applies the entries again to the last saved
state: items and messages as they were after the change; executions from their beginning, as Express workflows run
at least once. It also runs the writes to tables one at a time, as DynamoDB does per item, because MiniStack runs
the tasks of workflows in threads without a lock. Not kept are logs, traces, sign-ins in progress, and what is
deployed between two saves (the supervisor saves after a deployment).
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.emulator import patching
from local.emulator.persistence.archived_events import ArchivedEvents
from local.emulator.persistence.journal import Journal
from local.emulator.persistence.queue_changes import QueueChanges
from local.emulator.persistence.table_changes import TableChanges
from local.emulator.persistence.user_changes import UserChanges
from local.emulator.request_scope import context_of

logger = logging.getLogger("parley.durability")

Entry = dict[str, Any]


class Durability:
    """The journal of one emulator, the running executions, and the changes of each service."""

    def __init__(self, directory: Path, *, since: int = 0) -> None:
        """`since` is the first segment of the journal with changes that the saved state lacks."""
        self._since = since
        self._previous_save = since
        persistence = patching.module("core.persistence")
        self._decode: Callable[[dict[str, Any]], Any] = patching.original("core.persistence", "_json_object_hook")
        self._journal = Journal(directory, encode=persistence._json_default)
        self._responses = patching.module("core.responses")
        self._running: dict[str, Entry] = {}
        self._unfinished: list[Entry] = []
        tables, queues = TableChanges(self._record), QueueChanges(self._record)
        events, users = ArchivedEvents(self._record), UserChanges(self._record)
        self.record_queued = queues.record_queued
        self._apply_again: dict[str, Callable[[Entry], None]] = {
            "items": tables.apply_again,
            "queued": queues.apply_queued_again,
            "unqueued": queues.apply_unqueued_again,
            "archived": events.apply_again,
            "user": users.apply_again,
        }

    @property
    def journal_bytes(self) -> int:
        """The size of the changes since the last save."""
        return self._journal.segment_bytes

    def before_saving(self) -> int:
        """Begin a new segment, for the changes after the snapshot that is taken now. Returns its number."""
        return self._journal.begin_segment(lambda: list(self._running.values()))

    def after_saving(self, segment: int) -> None:
        """Delete the segments whose changes are in the snapshot and in the one before it, which is kept."""
        self._journal.drop_before(self._previous_save)
        self._previous_save = segment

    def restore(self) -> None:
        """Apply the changes in the journal to the restored state; `resume` starts the unfinished executions."""
        running: dict[str, Entry] = {}
        changes = 0
        for entry in self._journal.read(self._decode, since=self._since):
            kind = entry.get("kind")
            if kind == "execution began":
                running[entry["arn"]] = entry
            elif kind == "execution ended":
                running.pop(entry["arn"], None)
            else:
                self._in_scope(entry, self._apply_again[entry["kind"]], entry)
                changes += 1
        self._unfinished = list(running.values())
        self._running = running
        if changes or running:
            logger.info("Restored from the journal: %d changes, %d executions to run again", changes, len(running))

    def resume(self, start: Callable[[dict[str, Any]], Any]) -> None:
        """Start the executions that a kill interrupted again, from their beginning, with StartExecution's data."""
        unfinished, self._unfinished = self._unfinished, []
        for entry in unfinished:
            request = {"stateMachineArn": entry["machine"], "input": entry["input"]}
            self._in_scope(entry, start, request)
            self.execution_ended(entry["arn"])

    def execution_began(self, arn: str, machine: str, execution_input: str) -> None:
        """Record that an Express execution begins to run in the background."""
        entry = {"kind": "execution began", **self._scope(), "arn": arn, "machine": machine}
        entry["input"] = execution_input
        self._running[arn] = entry
        self._journal.append(entry)

    def execution_ended(self, arn: str) -> None:
        """Record that an execution ended, successfully or not."""
        if self._running.pop(arn, None) is not None:
            self._journal.append({"kind": "execution ended", "arn": arn})

    def _in_scope(self, entry: Entry, call: Callable[..., Any], *arguments: Any) -> None:
        """Call with the account and region of an entry."""
        context_of(entry["account"], entry["region"]).run(call, *arguments)

    def _record(self, kind: str, **change: Any) -> None:
        self._journal.append({"kind": kind, **self._scope(), **change})

    def _scope(self) -> dict[str, str]:
        return {"account": self._responses.get_account_id(), "region": self._responses.get_region()}
