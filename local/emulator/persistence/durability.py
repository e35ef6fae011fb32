"""Keep what was acknowledged through a kill: items, queued messages, archived events, users, running workflows.

AWS acknowledges what is safe. MiniStack keeps everything in memory until it is saved (`state_saving`), so a kill
would take back what clients were told is done. Here every change of that kind is a line in the journal before its
request is answered, and the lines are done again over the last saved state when the emulator starts: items and
messages as they were after the change, executions from their beginning, as Express workflows run at least once.
Writes to tables are serialised besides, as DynamoDB's are per item: MiniStack runs the tasks of workflows in
threads beside its event loop, without a lock. Not kept: logs, traces, the sign-ins under way, and what is deployed
between two saves (the supervisor saves after a deployment).
"""

import contextvars
import logging
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from local.emulator import patching
from local.emulator.persistence.journal import Journal

logger = logging.getLogger("parley.durability")

TABLE_OPERATIONS = (
    "_put_item",
    "_update_item",
    "_delete_item",
    "_get_item",
    "_query",
    "_batch_write_item",
    "_batch_get_item",
    "_transact_write_items",
    "_transact_get_items",
    "_execute_statement",
    "_execute_transaction",
)
QUEUE_OPERATIONS = ("SendMessage", "DeleteMessage", "DeleteMessageBatch", "SendMessageBatch", "PurgeQueue")
USER_OPERATIONS = (
    "_admin_create_user",
    "_admin_set_user_password",
    "_admin_update_user_attributes",
    "_admin_confirm_sign_up",
    "_sign_up",
    "_confirm_sign_up",
)

Entry = dict[str, Any]


class Durability:
    """The journal of one emulator, and the functions that write to it."""

    def __init__(self, directory: Path) -> None:
        persistence = patching.module("core.persistence")
        self._decode: Callable[[dict[str, Any]], Any] = patching.original("core.persistence", "_json_object_hook")
        self._journal = Journal(directory, encode=persistence._json_default)
        self._responses = patching.module("core.responses")
        self._running: dict[str, Entry] = {}
        self._unfinished: list[Entry] = []
        self._watch_tables()
        self._watch_queues()
        self._watch_archives()
        self._watch_users()

    # --- saving and restoring --------------------------------------------------

    def before_saving(self) -> int:
        """Begin the segment of what happens after the picture that is taken now."""
        return self._journal.begin_segment(lambda: list(self._running.values()))

    def after_saving(self, segment: int) -> None:
        """Forget what that picture holds."""
        self._journal.drop_before(segment)

    def restore(self) -> None:
        """Do again what the journal holds, over the saved state; executions wait for `resume`."""
        running: dict[str, Entry] = {}
        done = 0
        for entry in self._journal.read(self._decode):
            kind = entry.get("kind")
            if kind == "execution began":
                running[entry["arn"]] = entry
            elif kind == "execution ended":
                running.pop(entry["arn"], None)
            else:
                self._in_scope(entry, self._redo, entry)
                done += 1
        self._unfinished = list(running.values())
        self._running = running
        if done or running:
            logger.info("Done again from the journal: %d changes, %d executions to run", done, len(running))

    def resume(self, start: Callable[[dict[str, Any]], Any]) -> None:
        """Run again, from their beginning, the executions that a kill interrupted."""
        unfinished, self._unfinished = self._unfinished, []
        for entry in unfinished:
            request = {"stateMachineArn": entry["machine"], "input": entry["input"]}
            self._in_scope(entry, start, request)
            self.execution_ended(entry["arn"])

    def _in_scope(self, entry: Entry, call: Callable[..., Any], *arguments: Any) -> None:
        """Call with the account and region that the change was made in."""
        context = contextvars.copy_context()
        context.run(self._responses._request_account_id.set, entry["account"])
        context.run(self._responses._request_region.set, entry["region"])
        context.run(call, *arguments)

    def _redo(self, entry: Entry) -> None:
        {
            "items": self._redo_items,
            "queued": self._redo_queued,
            "unqueued": self._redo_unqueued,
            "archived": self._redo_archived,
            "user": self._redo_user,
        }[entry["kind"]](entry)

    def _note(self, kind: str, **what: Any) -> None:
        scope = {"account": self._responses.get_account_id(), "region": self._responses.get_region()}
        self._journal.append({"kind": kind, **scope, **what})

    # --- executions -------------------------------------------------------------

    def execution_began(self, arn: str, machine: str, given: str) -> None:
        """An Express execution is about to run in the background."""
        scope = {"account": self._responses.get_account_id(), "region": self._responses.get_region()}
        entry = {"kind": "execution began", **scope, "arn": arn, "machine": machine, "input": given}
        self._running[arn] = entry
        self._journal.append(entry)

    def execution_ended(self, arn: str) -> None:
        """It ran to an end, whichever."""
        if self._running.pop(arn, None) is not None:
            self._journal.append({"kind": "execution ended", "arn": arn})

    # --- tables -----------------------------------------------------------------

    def _watch_tables(self) -> None:
        tables = patching.module("services.dynamodb")
        one_at_a_time = threading.RLock()
        changes = threading.local()

        def watched(operation: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(operation)
            def run(*arguments: Any, **keywords: Any) -> Any:
                with one_at_a_time:
                    outermost = getattr(changes, "pending", None) is None
                    if outermost:
                        changes.pending = []
                    try:
                        return operation(*arguments, **keywords)
                    finally:
                        if outermost:
                            pending, changes.pending = changes.pending, None
                            if pending:
                                self._note("items", changes=pending)

            return run

        def note_change(table: dict[str, Any], partition: Any, sort: Any, item: Any) -> None:
            change = [table["TableName"], partition, sort, item]
            pending = getattr(changes, "pending", None)
            if pending is None:
                # Expiry deletes by itself, outside any request.
                self._journal.append({"kind": "items", **scope_of(table), "changes": [change]})
            else:
                pending.append(change)

        set_item, remove_item = tables._set_item, tables._remove_item

        def set_and_note(table: dict[str, Any], partition: Any, sort: Any, item: Any) -> Any:
            with one_at_a_time:
                before = set_item(table, partition, sort, item)
                note_change(table, partition, sort, item)
                return before

        def remove_and_note(table: dict[str, Any], partition: Any, sort: Any) -> Any:
            with one_at_a_time:
                before = remove_item(table, partition, sort)
                note_change(table, partition, sort, None)
                return before

        for name in TABLE_OPERATIONS:
            patching.replace("services.dynamodb", name, watched(patching.original("services.dynamodb", name)))
        self._set_item = patching.replace("services.dynamodb", "_set_item", set_and_note)
        self._remove_item = patching.replace("services.dynamodb", "_remove_item", remove_and_note)

    def _redo_items(self, entry: Entry) -> None:
        tables = patching.module("services.dynamodb")._tables
        for name, partition, sort, item in entry["changes"]:
            table = tables.get(name)
            if table is None:
                continue
            if item is None:
                self._remove_item(table, partition, sort)
            else:
                self._set_item(table, partition, sort, item)

    # --- queues -----------------------------------------------------------------

    def _watch_queues(self) -> None:
        queues = patching.module("services.sqs")
        handlers = queues._HANDLERS
        for action in QUEUE_OPERATIONS:
            handlers[action] = self._watched_by_url(handlers[action])
        # Workflows and functions' polling call these directly.
        for name in ("_act_send_message", "_delete_messages_for_esm"):
            original = patching.original("services.sqs", name)
            by_argument = self._watched_by_url if name == "_act_send_message" else self._watched_by_first
            patching.replace("services.sqs", name, by_argument(original))
        sweep = patching.original("services.sqs", "_dlq_sweep")

        def sweep_and_note(queue: dict[str, Any]) -> None:
            before = dict(messages_by_id(queue))
            sweep(queue)
            moved = before.keys() - messages_by_id(queue).keys()
            if moved:
                policy = queues.json.loads(queue["attributes"].get("RedrivePolicy", "{}"))
                target = queues._queue_by_arn(policy.get("deadLetterTargetArn", ""))
                self._note("unqueued", queue=arn_of(queue), ids=sorted(moved))
                if target is not None:
                    found = messages_by_id(target)
                    self._note("queued", queue=arn_of(target), messages=[found[each] for each in moved])

        patching.replace("services.sqs", "_dlq_sweep", sweep_and_note)

    def queued(self, queue: dict[str, Any], message: dict[str, Any]) -> None:
        """A message that a rule put on a queue."""
        self._note("queued", queue=arn_of(queue), messages=[message])

    def _watched_by_url(self, action: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(action)
        def run(data: dict[str, Any], queue_url: str) -> Any:
            return self._noting(data.get("QueueUrl", queue_url), lambda: action(data, queue_url))

        return run

    def _watched_by_first(self, action: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(action)
        def run(queue_url: str, *more: Any) -> Any:
            return self._noting(queue_url, lambda: action(queue_url, *more))

        return run

    def _noting(self, queue_url: str, act: Callable[[], Any]) -> Any:
        queues = patching.module("services.sqs")
        queue = queues._get_q(queue_url)
        before = set(messages_by_id(queue))
        result = act()
        after = messages_by_id(queue)
        gone, come = before - after.keys(), after.keys() - before
        if gone:
            self._note("unqueued", queue=arn_of(queue), ids=sorted(gone))
        if come:
            self._note("queued", queue=arn_of(queue), messages=[after[each] for each in come])
        return result

    def _redo_queued(self, entry: Entry) -> None:
        queues = patching.module("services.sqs")
        queue = queues._queue_by_arn(entry["queue"])
        if queue is None:
            return
        present = messages_by_id(queue)
        for message in entry["messages"]:
            if message["id"] not in present:
                queue["messages"].append({**message, "receipt_handle": None, "visible_at": message["sent_at"]})
                queues._ensure_msg_fields(queue["messages"][-1])

    def _redo_unqueued(self, entry: Entry) -> None:
        queue = patching.module("services.sqs")._queue_by_arn(entry["queue"])
        if queue is not None:
            gone = set(entry["ids"])
            queue["messages"] = [message for message in queue["messages"] if message["id"] not in gone]

    # --- archives and users -----------------------------------------------------

    def _watch_archives(self) -> None:
        archive = patching.original("services.eventbridge", "_archive_event")

        def archive_and_note(event: dict[str, Any], view: Any = None) -> None:
            archive(event, view)
            self._note("archived", event=event)

        self._archive = patching.replace("services.eventbridge", "_archive_event", archive_and_note)

    def _redo_archived(self, entry: Entry) -> None:
        archives = patching.module("services.eventbridge")._archives
        known = entry["event"].get("EventId")
        for archive in archives.values():
            # What is missing is at the end; an event that the saved state holds already is near it.
            recent = archive.get("Events", [])[-5_000:]
            if any(event.get("EventId") == known for event in reversed(recent)):
                return
        self._archive(entry["event"])

    def _watch_users(self) -> None:
        pools = patching.module("services.cognito")

        def watched(operation: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(operation)
            def run(data: dict[str, Any]) -> Any:
                response = operation(data)
                pool_id = data.get("UserPoolId") or self._pool_of_client(data.get("ClientId", ""))
                pool = pools._user_pools.get(pool_id) if pool_id else None
                if response[0] < 400 and pool is not None:
                    user, _error = pools._resolve_user(pool, data.get("Username", ""))
                    if user is not None:
                        self._note("user", pool=pool_id, username=user["Username"], user=user)
                return response

            return run

        for name in USER_OPERATIONS:
            patching.replace("services.cognito", name, watched(patching.original("services.cognito", name)))

    def _pool_of_client(self, client_id: str) -> str | None:
        pools = patching.module("services.cognito")._user_pools
        return next(
            (pool_id for pool_id, pool in pools.items() if client_id in (pool.get("_clients") or {})), None
        )

    def _redo_user(self, entry: Entry) -> None:
        pool = patching.module("services.cognito")._user_pools.get(entry["pool"])
        if pool is not None:
            pool["_users"][entry["username"]] = entry["user"]


def scope_of(table: dict[str, Any]) -> dict[str, str]:
    """The account and region in a table's ARN."""
    parts = str(table["TableArn"]).split(":")
    return {"account": parts[4], "region": parts[3]}


def arn_of(queue: dict[str, Any]) -> str:
    """A queue's ARN."""
    return str(queue["attributes"]["QueueArn"])


def messages_by_id(queue: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What waits in a queue, or is being worked on."""
    return {message["id"]: message for message in queue["messages"]}
