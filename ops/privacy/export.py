"""Export what a stage has about a user, with the texts that they wrote, as one JSON object."""

import json
from pathlib import Path
from typing import Any

from ops import text_files, times
from ops.errors import BadRequestError
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.texts import Texts
from ops.privacy import written
from ops.stage import tables
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage
from ops.stage.tables import Row

FORMAT = "parley-personal-data"
VERSION = 1
PROFILE = ("username", "displayName", "createdAt", "lastSeenAt", "erasedAt")


def collect(stage: Stage, user: KnownUser, on_unreadable: written.OnUnreadable = lambda _: None) -> dict[str, Any]:
    """The account, profile, memberships, messages and reactions of a user, without the rows that are damaged."""
    texts = Texts(stage)
    profile = stage.table("Users").get_item(Key={"userId": user.user_id}).get("Item") or {}
    memberships = written.memberships(stage, user.user_id)
    names = _channels(stage, memberships)
    return {
        "format": FORMAT,
        "version": VERSION,
        "stage": stage.name,
        "exportedAt": times.iso(times.now()),
        "userId": user.user_id,
        "account": _account(stage, user.username) if user.username is not None else None,
        "profile": _fields(profile, *PROFILE),
        "channels": [_membership(row, names) for row in memberships],
        "messages": [_message(row, texts) for row in written.messages(stage, user.user_id, on_unreadable)],
        "reactions": [
            _fields(row, "channelId", "seq", "emoji", "reactedAt")
            for row in written.reactions(stage, user.user_id, on_unreadable)
        ],
    }


def archived(
    stage: Stage, user: KnownUser, on_progress: archive.OnProgress = lambda _: None
) -> list[dict[str, Any]]:
    """Every archived event that the user caused or that is about them, with its text, in the order of time."""
    events = archive.read(
        stage,
        EventFilter(user_id=user.user_id),
        since_ms=archive.start_ms(stage),
        until_ms=archive.complete_until_ms(stage) + 1,
        on_progress=on_progress,
    )
    texts = Texts(stage)
    return [_event(texts.opened(event)) for event in sorted(events, key=lambda event: event.occurred_ms)]


def write(path: Path, data: dict[str, Any]) -> None:
    """Write a file that only this operator can read. Raises BadRequestError if it exists or cannot be written."""
    try:
        text_files.create(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    except FileExistsError:
        raise BadRequestError(f"{path} exists already: choose another file with --output.") from None


def _account(stage: Stage, username: str) -> dict[str, Any]:
    """The account in the user pool, with its attributes, such as the e-mail address."""
    found = stage.client("cognito-idp").admin_get_user(
        UserPoolId=stage.output("Auth", "UserPoolId"), Username=username
    )
    return {
        "username": found["Username"],
        "createdAt": found["UserCreateDate"].isoformat(),
        "status": found["UserStatus"],
        "attributes": {item["Name"]: item.get("Value", "") for item in found["UserAttributes"]},
    }


def _channels(stage: Stage, memberships: list[Row]) -> dict[str, Row]:
    keys = [{"channelId": str(row["channelId"])} for row in memberships]
    return {str(row["channelId"]): row for row in tables.batch_get(stage, "Channels", keys)}


def _membership(row: Row, channels: dict[str, Row]) -> dict[str, Any]:
    channel = channels.get(str(row["channelId"]), {})
    return {**_fields(row, "channelId", "role", "joinedAt", "readSeq"), **_fields(channel, "kind", "name")}


def _message(row: Row, texts: Texts) -> dict[str, Any]:
    text = texts.open(str(row["text"]), str(row["senderId"]), str(row["messageId"]))
    names = ("channelId", "seq", "messageId", "senderName", "sentAt", "editedAt", "deletedAt")
    return {**_fields(row, *names), "text": text}


def _event(event: BusEvent) -> dict[str, Any]:
    return {"type": event.detail_type, "occurredAt": event.occurred_at, "data": event.data}


def _fields(row: Row, *names: str) -> dict[str, Any]:
    """Fields of a row as JSON has them."""
    return {name: tables.plain(row[name]) for name in names if name in row}
