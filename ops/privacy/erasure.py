"""Erase a user: what they wrote cannot be read any more, anywhere, and nothing names them.

Every step can be repeated: an erasure that was interrupted is continued by running it again. The account is
deleted last, because its name is how an operator finds the user.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from functions.contract.events import MessageDeleted, ReactionRemoved, UserRenamed
from functions.contract.model import Shape
from functions.contract.text import ERASED_NAME
from ops import times
from ops.privacy import access, written
from ops.stage import publishing, tables
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage
from ops.stage.tables import Row, Unreadable

EVENTS_PER_PAUSE = publishing.MAX_ENTRIES
PAUSE_SECONDS = 0.2
"""Each event is a run of the workflow that posts a frame: 50 per second leave the account's quotas to users."""
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""How long none of the rows of the events changes until they are no longer waited for."""
WRITERS = 8

Key = TypeVar("Key")
OnProgress = Callable[[str, int, int], None]
"""Gets the name of a step, how much of it is done, and of how much."""


@dataclass
class Erasure:
    """What an erasure did. `pending` messages and `pending_reactions` were not deleted in time: run it again.

    Also once the rows are repaired that prevented it, because they are damaged or missing: `damaged`.
    """

    user_id: str
    erased_at: str
    sealed_since: str | None
    messages: list[Row]
    deleted: int = 0
    reactions: int = 0
    connections: int = 0
    pending: int = 0
    pending_reactions: int = 0
    account_deleted: bool = False
    damaged: list[Unreadable] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing that the user wrote is left."""
        return not (self.pending or self.pending_reactions or self.damaged)


def erase(stage: Stage, user: KnownUser, on_progress: OnProgress = lambda *_: None) -> Erasure:
    """Erase a user. Raises botocore's ClientError; then run it again."""
    closed = access.end(stage, user)
    key = _erase_key(stage, user.user_id)
    _erase_profile(stage, user.user_id, str(key["erasedAt"]))
    damaged: list[Unreadable] = []
    rows = written.messages(stage, user.user_id, damaged.append)
    erasure = Erasure(
        user_id=user.user_id,
        erased_at=str(key["erasedAt"]),
        sealed_since=key.get("createdAt"),
        messages=rows,
        connections=closed,
        damaged=damaged,
        channels=sorted(str(row["channelId"]) for row in written.memberships(stage, user.user_id)),
    )
    _delete_messages(stage, erasure, on_progress)
    _remove_reactions(stage, erasure, on_progress)
    if erasure.is_complete and user.username is not None:
        stage.user_pool.delete(user.username)
        erasure.account_deleted = True
    return erasure


def _erase_key(stage: Stage, user_id: str) -> Row:
    """Remove the text key, and leave a row that prevents another one. Returns the row."""
    answer = stage.table("TextKeys").update_item(
        Key={"userId": user_id},
        UpdateExpression="SET erasedAt = if_not_exists(erasedAt, :now) REMOVE textKey",
        ExpressionAttributeValues={":now": times.iso(times.now())},
        ReturnValues="ALL_NEW",
    )
    row: Row = answer["Attributes"]
    return row


def _erase_profile(stage: Stage, user_id: str, erased_at: str) -> None:
    """Take the user out of the directory, and replace their names, also on open screens.

    Channels still show that there was a member.
    """
    try:
        before = (
            stage.table("Users")
            .update_item(
                Key={"userId": user_id},
                UpdateExpression=(
                    "SET displayName = :name, username = :id, isOnline = :no, erasedAt = :at "
                    "REMOVE directory, lastSeenAt, onlineUntil"
                ),
                ConditionExpression="attribute_exists(userId)",
                ExpressionAttributeValues={":name": ERASED_NAME, ":id": user_id, ":no": False, ":at": erased_at},
                ReturnValues="UPDATED_OLD",
            )
            .get("Attributes", {})
        )
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return
    if before.get("displayName", ERASED_NAME) != ERASED_NAME:
        renamed = UserRenamed(user_id=user_id, display_name=ERASED_NAME, renamed_at=erased_at)
        publishing.publish(stage, [renamed], actor=user_id)


def _delete_messages(stage: Stage, erasure: Erasure, on_progress: OnProgress) -> None:
    """Delete the messages as their author would: rows, archive and open clients agree. Then erase their names."""
    live = [row for row in erasure.messages if not row.get("deletedAt")]
    deletions = [
        MessageDeleted(
            message_id=str(row["messageId"]),
            channel_id=str(row["channelId"]),
            seq=int(row["seq"]),
            deleted_by=erasure.user_id,
            deleted_at=times.iso(times.now()),
        )
        for row in live
    ]
    _publish(stage, deletions, erasure.user_id, lambda done: on_progress("messages", done, len(live)))
    pending = _wait(
        lambda keys: {_key(row) for row in _read(stage, keys) if row.get("deletedAt")},
        {_key(row) for row in live},
        lambda done: on_progress("deletions", done, len(live)),
    )
    erasure.pending, erasure.deleted = len(pending), len(live) - len(pending)
    named = [row for row in erasure.messages if row["senderName"] != ERASED_NAME and _key(row) not in pending]
    with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="erase") as pool:
        for done, _ in enumerate(pool.map(lambda row: _erase_name(stage, row), named), start=1):
            on_progress("names", done, len(named))


def _remove_reactions(stage: Stage, erasure: Erasure, on_progress: OnProgress) -> None:
    """Remove the reactions as their user would. One whose message cannot be read stays, and is reported."""
    found = written.reactions(stage, erasure.user_id, erasure.damaged.append)
    keys = {_key(row) for row in found}
    rows = {_key(row): row for row in _read(stage, keys)}
    faults = {key: tables.fault("messages", rows[key]) if key in rows else "it is missing" for key in keys}
    known = {damaged.key_values for damaged in erasure.damaged if damaged.table == "messages"}
    erasure.damaged += [
        Unreadable("messages", (channel_id, str(seq)), fault)
        for (channel_id, seq), fault in sorted(faults.items())
        if fault is not None and (channel_id, str(seq)) not in known
    ]
    removals = [
        ReactionRemoved(
            message_id=str(rows[_key(row)]["messageId"]),
            channel_id=str(row["channelId"]),
            seq=int(row["seq"]),
            emoji=str(row["emoji"]),
            user_id=erasure.user_id,
            reacted_at=times.iso(times.now()),
        )
        for row in found
        if faults[_key(row)] is None
    ]
    _publish(stage, removals, erasure.user_id, lambda done: on_progress("reactions", done, len(removals)))
    pending = _wait(
        lambda keys: _removed(stage, keys),
        {(str(row["channelId"]), str(row["reactionKey"])) for row in found if faults[_key(row)] is None},
        lambda _: None,
    )
    erasure.pending_reactions, erasure.reactions = len(pending), len(removals) - len(pending)


def _publish(stage: Stage, facts: Sequence[Shape], actor: str, on_done: Callable[[int], None]) -> None:
    for start in range(0, len(facts), EVENTS_PER_PAUSE):
        if start:
            time.sleep(PAUSE_SECONDS)
        publishing.publish(stage, facts[start : start + EVENTS_PER_PAUSE], actor=actor)
        on_done(min(start + EVENTS_PER_PAUSE, len(facts)))


def _wait(done_of: Callable[[set[Key]], set[Key]], keys: set[Key], on_done: Callable[[int], None]) -> set[Key]:
    """Wait for the workflow to change rows. Returns the keys of those that it did not change.

    `done_of` returns which of the rows with these keys are changed. Gives up PATIENCE_SECONDS after the last one.
    """
    pending = set(keys)
    patient_until = time.monotonic() + PATIENCE_SECONDS
    while pending:
        if done := done_of(pending):
            pending -= done
            patient_until = time.monotonic() + PATIENCE_SECONDS
            on_done(len(keys) - len(pending))
        elif time.monotonic() >= patient_until:
            break
        else:
            time.sleep(POLL_SECONDS)
    return pending


def _removed(stage: Stage, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the reactions with these keys are removed."""
    rows = tables.batch_get(
        stage, "Reactions", [{"channelId": channel, "reactionKey": key} for channel, key in keys]
    )
    return {(str(row["channelId"]), str(row["reactionKey"])) for row in rows if not row.get("present")}


def _read(stage: Stage, keys: Iterable[tuple[str, int]]) -> Iterable[Row]:
    return tables.batch_get(stage, "Messages", [{"channelId": channel, "seq": seq} for channel, seq in keys])


def _erase_name(stage: Stage, row: Row) -> None:
    """Replace the sender's name in the row of a deleted message."""
    channel_id, seq = _key(row)
    table: Any = stage.table("Messages")
    table.update_item(
        Key={"channelId": channel_id, "seq": seq},
        UpdateExpression="SET senderName = :name",
        ConditionExpression="attribute_exists(deletedAt)",
        ExpressionAttributeValues={":name": ERASED_NAME},
    )


def _key(row: Row) -> tuple[str, int]:
    return str(row["channelId"]), int(row["seq"])
