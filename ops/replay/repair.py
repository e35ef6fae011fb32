"""Repair one row: derive it from what is stored elsewhere, and write it if it is still as it was read.

A row is derived from the archive's events, the other tables, the user pool and API Gateway. A row that can be read
is kept as it is, except the counters of a channel. What is stored nowhere else is refused with a sentence.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from functions.contract.model import MAX_DISPLAY_NAME_CHARACTERS, MAX_SEQ
from functions.contract.session import ENDED_SECONDS, ENDED_USER_PREFIX
from functions.contract.shards import LAST_ROW, all_shards, shard_after
from functions.contract.text import ERASED_NAME
from ops import times
from ops.errors import BadRequestError, ExitCode, NotFoundError, OpsError
from ops.events import archive, memberships, projection
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.projection import Projection, latest
from ops.replay import restore, stored_rows
from ops.replay.counters import Counters
from ops.stage import lookup, tables, user_sessions
from ops.stage.stage import Stage
from ops.stage.tables import NAME_PREFIX, ROW_TYPES, Row, name_key

DIRECTORY = "everyone"
"""The partition of all users in the index `directory` (functions/aws/users.py)."""

OnNote = Callable[[str], None]


BACKUP = "Restore the row from a backup (docs/operations.md)."
LOST = "If the row was lost, restore it from a backup (docs/operations.md)."


class NotDerivableError(OpsError):
    """Nothing else that is stored says what the row was.

    `advice` says what to do with a damaged row, `if_missing` what to do if there is no row.
    """

    exit_code = ExitCode.UNREPAIRED

    def __init__(self, reason: str, advice: str = BACKUP, *, if_missing: str = LOST) -> None:
        super().__init__(f"{reason} {advice}".rstrip())
        self.about_missing = f"{reason} {if_missing}"


@dataclass(frozen=True)
class Repair:
    """One row before and after its repair; None: there is no row. `more` says what else the repair does."""

    table: str
    key: Row
    before: Row | None
    after: Row | None
    more: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to repair."""
        return self.before != self.after or bool(self.more)


def key_of(table: str, texts: tuple[str, ...]) -> Row:
    """The key of a row from the words of the command line. Raises BadRequestError."""
    if table not in ROW_TYPES:
        raise BadRequestError(f"There is no table '{table}' whose rows can be repaired: {', '.join(ROW_TYPES)}.")
    names = ROW_TYPES[table][1]
    if len(texts) != len(names):
        given = shlex.join(texts)
        raise BadRequestError(f"A row of {table} is named by {' and '.join(names)}; you gave: {given}.")
    if not all(map(tables.can_be_key, texts)):
        raise NotFoundError(f"No row of {table} can have this key.")
    key: Row = dict(zip(names, texts, strict=True))
    if "seq" in key:
        if not (texts[1].isascii() and texts[1].isdigit() and int(texts[1]) <= MAX_SEQ):
            raise BadRequestError(f"'{texts[1]}' is not the seq of a message: use a number from 1.")
        key["seq"] = int(texts[1])
    return key


def named(stage: Stage, key: Row) -> Row:
    """The key with ids in place of the names of a channel and a user; what is not found stays as it is."""
    found = dict(key)
    channel, user = str(key.get("channelId", "")), str(key.get("userId", ""))
    if channel and "#" not in channel:
        found["channelId"] = lookup.channel_id(stage, channel) or channel
    if user:
        found["userId"] = lookup.user_id(stage, user) or user
    return found


def plan(stage: Stage, table: str, key: Row, *, on_note: OnNote = lambda _: None) -> Repair:
    """What the repair of a row would do. Writes nothing.

    Raises NotFoundError if there is no such row and nothing says that there was one, and NotDerivableError.
    """
    return _Planner(stage, table, key, on_note).plan()


def apply(stage: Stage, repair: Repair) -> None:
    """Write the row. Raises OpsError if it has changed since it was read."""
    if repair.table == "connections":
        user_sessions.close(stage, [user_sessions.stored(repair.before or repair.key)])
        return
    if not _write(stage, repair):
        raise OpsError("The row was changed while you looked at it; nothing was written. Run this again.")
    if repair.table == "members" and repair.after is not None:
        restore.subscribe(stage, repair.key["userId"], repair.key["channelId"])
    if repair.table == "tickets":
        user_sessions.close_all(stage, str(repair.key["ticketHash"]).removeprefix(ENDED_USER_PREFIX))


def _write(stage: Stage, repair: Repair) -> bool:
    """Write what differs, on the condition that these attributes are as they were read."""
    before, after = repair.before, repair.after
    table = stage.table(tables.output_name(repair.table))
    key_name = next(iter(repair.key))
    try:
        if before is None:
            table.put_item(Item=after, ConditionExpression=f"attribute_not_exists({key_name})")
            return True
        changed = sorted(
            name
            for name in {*before, *(after or ())}
            if name not in repair.key and before.get(name) != (after or {}).get(name)
        )
        names = {f"#n{number}": name for number, name in enumerate(changed)}
        values = {f":o{number}": before[name] for number, name in enumerate(changed) if name in before}
        conditions = [f"attribute_exists({key_name})"] + [
            f"#n{number} = :o{number}" if name in before else f"attribute_not_exists(#n{number})"
            for number, name in enumerate(changed)
        ]
        arguments: dict[str, Any] = {"Key": repair.key, "ConditionExpression": " AND ".join(conditions)}
        if names:
            arguments["ExpressionAttributeNames"] = names
        if after is None:
            table.delete_item(**arguments, **({"ExpressionAttributeValues": values} if values else {}))
            return True
        sets = [f"#n{number} = :v{number}" for number, name in enumerate(changed) if name in after]
        removes = [f"#n{number}" for number, name in enumerate(changed) if name not in after]
        values |= {f":v{number}": after[name] for number, name in enumerate(changed) if name in after}
        update = (f"SET {', '.join(sets)} " if sets else "") + (f"REMOVE {', '.join(removes)}" if removes else "")
        table.update_item(UpdateExpression=update, **arguments, ExpressionAttributeValues=values)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


class _Planner:
    """Derives one row."""

    def __init__(self, stage: Stage, table: str, key: Row, on_note: OnNote) -> None:
        self._stage = stage
        self._table = table
        self._key = key
        self._on_note = on_note
        self._before = self._row(table, key)
        self._read_ms = times.now()

    def plan(self) -> Repair:
        """What would be done."""
        derive: dict[str, Callable[[], Row | None]] = {
            "channels": self._channel,
            "members": self._member,
            "messages": self._message,
            "messageIds": self._message_id,
            "reactions": self._reaction,
            "users": self._user,
            "connections": lambda: None,
            "subscriptions": self._subscription,
            "tickets": self._ended_user,
            "textKeys": self._text_key,
        }
        is_readable = self._before is not None and tables.fault(self._table, self._before) is None
        if is_readable and self._table != "channels":
            return Repair(self._table, self._key, self._before, self._before)
        if self._before is None and self._table in ("connections", "subscriptions", "tickets", "textKeys"):
            raise NotFoundError(f"There is no such row in {self._table}.")
        more = ""
        if self._table == "connections":
            more = "Its socket is closed and its subscriptions are deleted; the client connects again at once."
        if self._table == "tickets":
            more = "The user's connections are closed: they sign in again, unless the account is disabled."
        try:
            after = derive[self._table]()
        except NotDerivableError as refusal:
            if self._before is not None:
                raise
            raise NotFoundError(f"There is no such row in {self._table}. {refusal.about_missing}") from None
        return Repair(self._table, self._key, self._before, after, more)

    def _row(self, table: str, key: Row) -> Row | None:
        return next(tables.batch_get(self._stage, tables.output_name(table), [key]), None)

    # --- from the archive's events --------------------------------------------------------

    def _channel(self) -> Row | None:
        channel_id = str(self._key["channelId"])
        before = self._before
        if channel_id.startswith(NAME_PREFIX):
            return self._channel_name(channel_id)
        if before is not None and tables.fault("channels", before) is None:
            return {**before, **Counters(self._stage).of_stored(channel_id, before)}
        summary = self._projected(channel_id).channels.get(channel_id)
        if summary is None:
            raise NotDerivableError(
                f"The archive has no event of the channel {channel_id}, so its kind and name are not known."
            )
        counters = Counters(self._stage).of(channel_id, at_least=(before or {}).get("lastSeq"))
        return stored_rows.channel(channel_id, summary.model_dump(by_alias=True, mode="json"), counters)

    def _channel_name(self, key: str) -> Row | None:
        """The row that keeps a name unique: of the public channel with this name, or none."""
        named = [
            row
            for row in tables.scan(self._stage, "Channels", FilterExpression=tables.has_values({"kind": "public"}))
            if isinstance(row.get("name"), str) and name_key(row["name"]) == key
        ]
        if len(named) > 1:
            ids = ", ".join(sorted(str(row["channelId"]) for row in named))
            raise NotDerivableError(f"The channels {ids} have this name.", "Rename one.", if_missing="Rename one.")
        return {"channelId": key, "namedChannelId": named[0]["channelId"]} if named else None

    def _member(self) -> Row | None:
        user_id, channel_id = str(self._key["userId"]), str(self._key["channelId"])
        projected = self._projected(channel_id)
        moments = projected.memberships.get((user_id, channel_id))
        if moments is None or latest(moments) is None:
            raise NotDerivableError(
                f"The archive does not say whether {user_id} is a member of {channel_id}.",
                "Delete the row; if they are a member, add them again.",
            )
        if not projected.is_member(user_id, channel_id) or self._has_left_since(user_id, channel_id):
            return None
        joined_at = max(moments)
        read_seq = Counters(self._stage, projected.reads).read_seq(user_id, channel_id, joined_at=joined_at)
        stored = (self._before or {}).get("readSeq")
        return stored_rows.member(
            user_id,
            channel_id,
            is_owner=user_id in projected.owners_of(channel_id),
            joined_at=joined_at,
            read_seq=max(read_seq, tables.number(stored)),
        )

    def _has_left_since(self, user_id: str, channel_id: str) -> bool:
        """Whether a member who has no row left after the archive was read. A member with a damaged row cannot."""
        if self._before is not None:
            return False
        later = memberships.since(
            self._stage,
            self._read_ms - archive.LAG_MS,
            rows_read_ms=self._read_ms,
            channel_ids={channel_id},
            on_note=self._on_note,
        )
        return any(event.detail_type == "MemberLeft" and event.user_id == user_id for event in later)

    def _message(self) -> Row | None:
        channel_id, seq = str(self._key["channelId"]), int(self._key["seq"])
        message_id = self._message_id_at(channel_id, seq)
        message = self._projected(channel_id).messages.get(message_id or "")
        if message is None or message_id is None:
            raise NotDerivableError(
                f"The archive has no message of {channel_id} that is known to have the seq {seq}."
            )
        sent = next(
            event
            for event in self._events(channel_id)
            if event.detail_type == "MessageSent" and event.message_id == message_id
        )
        return restore.message_row(self._stage, message, seq, str(sent.metadata.get("traceHeader") or ""))

    def _message_id_at(self, channel_id: str, seq: int) -> str | None:
        """The id of the message at a seq: that in the row, unless `messageIds` says otherwise."""
        stored = (self._before or {}).get("messageId")
        place = {"channelId": channel_id, "seq": seq}
        if isinstance(stored, str) and tables.can_be_key(stored):
            row = self._row("messageIds", {"messageId": stored})
            is_known = row is not None and tables.fault("messageIds", row) is None
            if row is None or not is_known or {name: row[name] for name in place} == place:
                return stored
        rows = tables.scan(self._stage, "MessageIds", FilterExpression=tables.has_values(place))
        return next((str(row["messageId"]) for row in rows), None)

    def _message_id(self) -> Row | None:
        message_id = str(self._key["messageId"])
        events = [event for event in self._events(None) if event.message_id == message_id and event.channel_id]
        first = min(events, key=lambda event: event.occurred_ms, default=None)
        known = (self._before or {}).get("channelId")
        channel_id = first.channel_id if first else known if isinstance(known, str) else None
        for row in tables.messages(self._stage, channel_id) if channel_id else ():
            if row.get("messageId") == message_id:
                return {"messageId": message_id, "channelId": row["channelId"], "seq": row["seq"]}
        reason = f"The message {message_id} itself is not stored, so its seq is not known."
        if first is None:
            raise NotDerivableError(reason)
        redelivery = self._stage.command("replay", "--since", times.iso(first.occurred_ms), "--redeliver")
        raise NotDerivableError(
            reason,
            f"Delete this row; then a redelivery stores both: {redelivery}",
            if_missing=f"A redelivery stores both: {redelivery}",
        )

    def _reaction(self) -> Row | None:
        channel_id, key = str(self._key["channelId"]), str(self._key["reactionKey"])
        seq, _, rest = key.partition("#")
        emoji, _, user_id = rest.rpartition("#")
        message = self._row("messages", {"channelId": channel_id, "seq": int(seq)}) if seq.isdigit() else None
        ids = (channel_id, str((message or {}).get("messageId")), emoji, user_id)
        moments = self._projected(channel_id).reactions.get(ids)
        if moments is None or (present := latest(moments)) is None:
            raise NotDerivableError(
                f"The archive does not say whether the reaction {key} is there.",
                "Delete the row if the reaction should not be there.",
            )
        return {
            "channelId": channel_id,
            "reactionKey": key,
            "seq": int(seq),
            "emoji": emoji,
            "userId": user_id,
            "present": present,
            "reactedAt": max(moments),
        }

    # --- from the other tables, the user pool and API Gateway ----------------------------------

    def _user(self) -> Row | None:
        user_id, before = str(self._key["userId"]), self._before or {}
        key = self._row("textKeys", {"userId": user_id}) or {}
        if isinstance(key.get("erasedAt"), str):
            erased = {"username": user_id, "displayName": ERASED_NAME, "isOnline": False}
            return {"userId": user_id, **erased, "erasedAt": key["erasedAt"], **_kept(before, "createdAt")}
        found = self._stage.user_pool.with_id(user_id)
        if found is None:
            raise NotDerivableError(
                f"The user pool has no user {user_id}, so the username is not known.",
                "If the account was deleted, this replaces the row: "
                + self._stage.command("users", "erase", user_id),
            )
        ends = [tables.number(one.get("expiresAt")) for one in user_sessions.rows(self._stage, user_id)]
        online_until = max(ends, default=0)
        return {
            "userId": user_id,
            "username": found.username,
            "displayName": self._display_name(user_id, before) or found.display_name or found.username,
            "directory": DIRECTORY,
            "isOnline": online_until > times.now() // 1000,
            "onlineUntil": online_until,
            **_kept(before, "createdAt", "lastSeenAt"),
        }

    def _display_name(self, user_id: str, before: Row) -> str | None:
        """The stored name if it is readable, else that of the user's latest event."""
        stored = before.get("displayName")
        if _is_name(stored):
            return str(stored)
        events = [event for event in self._events(None) if event.user_id == user_id]
        names = [event.data.get("displayName") for event in sorted(events, key=lambda event: event.occurred_ms)]
        return next((str(name) for name in reversed(names) if _is_name(name)), None)

    def _subscription(self) -> Row | None:
        shard, connection_id = str(self._key["channelId"]), str(self._key["connectionId"])
        channel_id = shard.partition("#")[0]
        if connection_id == LAST_ROW:
            keys = [{"channelId": key, "connectionId": LAST_ROW} for key in all_shards(channel_id)]
            links = len(list(tables.batch_get(self._stage, "Subscriptions", keys)))
            return {**self._key, "nextShard": shard_after(shard), "shards": links + 1}
        of_connection = tables.has_values({"connectionId": connection_id})
        for row in tables.scan(self._stage, "Connections", FilterExpression=of_connection):
            if tables.fault("connections", row) is None:
                member = self._row("members", {"userId": row["userId"], "channelId": channel_id})
                if member is None:
                    return None
                return {**self._key, "userId": row["userId"], "expiresAt": row["expiresAt"]}
        return None

    def _ended_user(self) -> Row | None:
        if not str(self._key["ticketHash"]).startswith(ENDED_USER_PREFIX):
            raise NotDerivableError("A ticket is valid for 30 seconds, and the browser requests another one.", "")
        now = times.now() // 1000
        return {**self._key, "endedAt": now, "expiresAt": now + ENDED_SECONDS}

    def _text_key(self) -> Row | None:
        raise NotDerivableError(
            "The key of a user's texts is stored nowhere else: restore the row from the table's point-in-time "
            "recovery (docs/operations.md). Without the key, the texts cannot be read again.",
            "",
        )

    def _projected(self, channel_id: str) -> Projection:
        return projection.project({event.event_id: event for event in self._events(channel_id)}.values())

    def _events(self, channel_id: str | None) -> list[BusEvent]:
        if channel_id is None:
            return self._all_events
        return [event for event in self._all_events if event.channel_id == channel_id]

    @cached_property
    def _all_events(self) -> list[BusEvent]:
        """The archived events of the channel, message or user that the row's key names: read once."""
        name = next(name for name in ("channelId", "messageId", "userId") if name in self._key)
        subject = str(self._key[name])
        return archive.read(
            self._stage,
            EventFilter(),
            since_ms=archive.start_ms(self._stage),
            until_ms=archive.complete_until_ms(self._stage) + 1,
            on_note=self._on_note,
            keep=lambda event: event.data.get(name) == subject,
        )


def _kept(row: Mapping[str, Any], *names: str) -> Row:
    """The attributes of a damaged row that are texts, as they must be."""
    return {name: row[name] for name in names if isinstance(row.get(name), str)}


def _is_name(value: Any) -> bool:
    """Whether a stored value can be a display name."""
    return isinstance(value, str) and 0 < len(value) <= MAX_DISPLAY_NAME_CHARACTERS
